"""How text is stored: one form for every text, so that what a story file holds is exactly what the database holds."""

from __future__ import annotations

import unicodedata

from .errors import InvalidValue

MAX_NAME = 60


def clean_text(text: str) -> str:
    r"""Return `text` with \n line ends, no control characters, and no space at line ends or around the whole."""
    lines = _without_controls(text).split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def clean_line(text: str) -> str:
    """Return `text` as one line with single spaces."""
    return " ".join(_without_controls(text).split())


def clean_name(text: str) -> str:
    """Return an element's name as it can stand before the colon of a story file. Raises InvalidValue."""
    name = clean_line(text)
    if not name or len(name) > MAX_NAME or ":" in name or '"' in name:
        raise InvalidValue(
            f"{text!r} cannot be the name of an element.",
            f'Use 1 to {MAX_NAME} characters without ":" and quotation marks, such as "Character 1".',
        )
    return name


def _without_controls(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii() and text.isprintable():
        return text
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
