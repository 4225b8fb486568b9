"""The text that the model reads: the scene's global prompt, then the shot's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .lineage import CUT


class ElementText(Protocol):
    """What the global prompt needs of an element."""

    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...


def compose_global(elements: Sequence[ElementText], environment: str, story: str) -> str:
    """Return "[Character] Character 1: a fox. [Environment] a forest. [Story] ..."; empty parts are left out.

    Characters are named in the first part; places and props follow the environment in the second.
    """
    cast = [_sentence(f"{e.name}: {e.description}") for e in elements if e.kind == "character" and e.description]
    around = [_sentence(f"{e.name}: {e.description}") for e in elements if e.kind != "character" and e.description]
    parts = {
        "[Character]": " ".join(cast),
        "[Environment]": " ".join(([_sentence(environment)] if environment else []) + around),
        "[Story]": _sentence(story) if story else "",
    }
    return " ".join(f"{tag} {text}" for tag, text in parts.items() if text)


def compose_text(global_text: str, prompt: str, *, continues: bool) -> str:
    """Return a shot's whole prompt. `[SHOT CUT]` stands before all but a continuation.

    The first shot has it too, as in the training of the built-in model: so moving a shot never alters its text.
    """
    own = ("" if continues else CUT) + prompt
    return " ".join(part for part in (global_text, own.strip()) if part)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
