"""Names of elements in a prompt: found to be marked, and proposed while one is being typed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument

_SHORTEST_START = 2
_LONGEST_START = 60  # no name is longer


def pattern_of(names: Sequence[str]) -> re.Pattern[str] | None:
    """Return what finds whole names, longest first, in any case; None without names."""
    listed = sorted((name for name in names if name), key=len, reverse=True)
    if not listed:
        return None
    return re.compile(r"(?<!\w)(?:" + "|".join(re.escape(name) for name in listed) + r")(?!\w)", re.IGNORECASE)


def started_name(before: str, names: Sequence[str]) -> tuple[str, list[str]]:
    """Return what of a name stands at the end of `before`, and the names that begin so; ("", []) if none does.

    "@" proposes all names. A name that is complete proposes nothing but longer ones.
    """
    line = before[before.rfind("\n") + 1 :][-_LONGEST_START:]
    at = line.rfind("@")
    if at >= 0:
        start = line[at + 1 :].casefold()
        found = [name for name in names if name.casefold().startswith(start)]
        if found:
            return line[at:], found
    for match in re.finditer(r"(?<!\w)\w", line):
        start = line[match.start() :]
        if len(start) < _SHORTEST_START:
            break
        folded = start.casefold()
        found = [name for name in names if name.casefold().startswith(folded) and len(name) > len(start)]
        if found:
            return start, found
    return "", []


class NameHighlighter(QSyntaxHighlighter):
    """Marks the names of elements in a text."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._pattern: re.Pattern[str] | None = None
        self._names: tuple[str, ...] = ()
        self._format = QTextCharFormat()
        self._format.setFontWeight(QFont.Weight.DemiBold)

    def set_colour(self, colour: QColor) -> None:
        """Mark in this colour."""
        if self._format.foreground().color() != colour:
            self._format.setForeground(colour)
            self.rehighlight()

    def set_names(self, names: Sequence[str]) -> None:
        """Mark these names from now on."""
        if tuple(names) != self._names:
            self._names = tuple(names)
            self._pattern = pattern_of(names)
            self.rehighlight()

    def highlightBlock(self, text: str) -> None:
        """Mark one paragraph. Qt counts in UTF-16 units, so places are counted the same way."""
        if self._pattern is None:
            return
        for match in self._pattern.finditer(text):
            start = len(text[: match.start()].encode("utf-16-le")) // 2
            self.setFormat(start, len(match.group().encode("utf-16-le")) // 2, self._format)
