"""Undo as the stack sees it: a step holds a change set; taking it back and doing it again are both reverts of one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from PySide6.QtGui import QUndoCommand

from storyboards.changes import ChangeSet, RowChange
from storyboards.storyboard import Storyboard

MERGE_SECONDS = 2.0


class Reverts(Protocol):
    """What a step needs of the document."""

    def revert(self, turn: Callable[[Storyboard], ChangeSet]) -> None:
        """Run `turn` on the document thread and tell of what it changed."""


class UndoStep(QUndoCommand):
    """One verb that was done.

    The change sets live on the document thread: only `_back` and `_again` touch them after the step was made, so undo,
    redo, undo in quick succession meet the right ones. A turn that failed leaves its change set, and the next turn in
    the other direction finds nothing to do: stack and document stay in step.
    """

    def __init__(self, text: str, document: Reverts, changes: ChangeSet, merge: str = "") -> None:
        super().__init__(text)
        self._document, self._merge = document, merge
        self._done: ChangeSet | None = changes
        self._undone: ChangeSet | None = None
        self._when = time.monotonic()
        self._pushed = False

    def undo(self) -> None:
        """Take the verb back."""
        self._merge = ""  # what is typed after an undo is a step of its own
        self._document.revert(self._back)

    def redo(self) -> None:
        """Do it again. The first call comes from the stack itself, right after the verb was done."""
        if not self._pushed:
            self._pushed = True
            return
        self._document.revert(self._again)

    def absorb(self, changes: ChangeSet, merge: str) -> bool:
        """Take a later change of the same kind into this step. False when it has to be a step of its own."""
        now = time.monotonic()
        if not merge or merge != self._merge or now - self._when > MERGE_SECONDS or self._done is None:
            return False
        joined = join_edits(self._done, changes)
        if joined is None:
            return False
        self._done, self._when = joined, now
        return True

    def _back(self, storyboard: Storyboard) -> ChangeSet:
        if self._done is None:
            return ChangeSet()
        self._undone = storyboard.revert(self._done)
        self._done = None
        return self._undone

    def _again(self, storyboard: Storyboard) -> ChangeSet:
        if self._undone is None:
            return ChangeSet()
        self._done = storyboard.revert(self._undone)
        self._undone = None
        return self._done


def join_edits(first: ChangeSet, second: ChangeSet) -> ChangeSet | None:
    """One change set for two that follow each other, None unless both only edit fields."""
    rows: dict[tuple[str, str], RowChange] = {}
    for change in (*first, *second):
        if change.kind != "changed":
            return None
        key = (change.table, change.id)
        earlier = rows.get(key)
        if earlier is not None:
            before, after = {**change.before, **earlier.before}, {**earlier.after, **change.after}
            change = RowChange("changed", change.table, change.id, change.parent_id, before, after)
        rows[key] = change
    return ChangeSet(tuple(rows.values()))
