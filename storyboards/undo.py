"""Taking an operation back: the reverse of its change set, as an operation with a change set of its own."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import select, true
from sqlalchemy.exc import IntegrityError

from .changes import ChangeSet, RowChange, row_values
from .database import Document, Work
from .errors import CannotUndo, NotFound
from .positions import key_between
from .tables import TABLES, Base, Take

# Work that an engine has done or begun is history, not an edit.
_HISTORY = ("job", "take_context")
_HISTORY_KINDS = {"take": ("inserted",), "project": ("inserted",)}


class UndoVerbs(Document):
    """Undo and redo over committed change sets; files are never needed, because deleting is soft."""

    def revert(self, changes: ChangeSet) -> ChangeSet:
        """Take an operation back, all of it or nothing; reverting what this returns does it again.

        Inserted rows are deleted softly, removed ones restored, fields get their old values. Raises CannotUndo for
        jobs and new takes, and where a field has been changed since.
        """
        try:
            with self.transaction() as work:
                for change in reversed(changes.rows):
                    _revert_row(work, change)
        except (IntegrityError, NotFound) as error:
            raise CannotUndo(
                "What this change belonged to is not there any more.", "There is nothing left to undo here."
            ) from error
        return work.changes


def _revert_row(work: Work, change: RowChange) -> None:
    if change.table in _HISTORY or (
        change.kind in _HISTORY_KINDS.get(change.table, ()) and "id" in change.after
    ):
        raise CannotUndo(
            "Rendering and the queue are not undone.", "Select another take, or cancel the job in the queue."
        )
    table = TABLES[change.table]
    row = work.session.get(table, change.id)
    if row is None:
        _insert_again(work, table, change)
        return
    if change.kind == "inserted" and "id" in change.after:
        _delete(work, row)
        return
    _refuse_if_changed(row, change)
    for name, value in change.before.items():
        if name == "position":
            value = _free_position(work, row, value)
        if name == "selected_take_id" and value is not None:
            work.get(Take, value)  # raises NotFound for one that was deleted since
        setattr(row, name, value)


def _insert_again(work: Work, table: type[Base], change: RowChange) -> None:
    if change.kind != "removed" or "id" not in change.before:
        raise CannotUndo("What was changed has been cleaned up since.", "There is nothing left to undo here.")
    work.session.add(table(**change.before))


def _delete(work: Work, row: Base) -> None:
    if "deleted_at" in row_values(row):
        row.deleted_at = time.time()  # type: ignore[attr-defined]
    else:
        work.session.delete(row)


def _refuse_if_changed(row: Base, change: RowChange) -> None:
    for name, value in change.after.items():
        if name != "deleted_at" and getattr(row, name) != value:
            raise CannotUndo(
                f"The {name} of this {change.table.replace('_', ' ')} has been changed since.",
                "Undo the later change first.",
            )


def _free_position(work: Work, row: Base, wanted: str) -> str:
    """Return `wanted`, or the next free key behind the row that stands there now."""
    table: Any = type(row)
    parent = next((name for name in ("element_id", "scene_id", "project_id") if hasattr(row, name)), None)
    scope: Any = true() if parent is None else getattr(table, parent) == getattr(row, parent)
    others = select(table.position).where(scope, table.id != row.id, table.position >= wanted)
    following = list(work.session.scalars(others.order_by(table.position).limit(2)))
    if not following or following[0] != wanted:
        return wanted
    return key_between(wanted, following[1] if len(following) > 1 else None)
