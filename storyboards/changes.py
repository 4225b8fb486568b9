"""What a transaction did to the rows, observed from the session itself, so that a change set cannot forget a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import event, inspect
from sqlalchemy.orm import Session

from .tables import Base

Kind = Literal["inserted", "changed", "moved", "removed"]
Values = Mapping[str, Any]
_PARENTS = ("element_id", "shot_id", "take_id", "scene_id", "project_id")


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row that the document shows differently now.

    `before` and `after` hold the whole row for rows that come or go, else only the fields that differ. A soft delete
    is "removed" and a restore "inserted" with just the fields that differ; "moved" means that `position` differs.
    `parent_id` is the row it belongs to: the scene of a shot, the shot of a take.
    """

    kind: Kind
    table: str
    id: str
    parent_id: str
    before: Values
    after: Values


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """All rows that one operation touched, in no particular order. Empty when nothing had to change."""

    rows: tuple[RowChange, ...] = ()

    def __iter__(self) -> Iterator[RowChange]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __bool__(self) -> bool:
        return bool(self.rows)

    def ids(self, kind: Kind, table: str) -> list[str]:
        """Return the ids of the rows of `table` that were, say, "inserted"."""
        return [row.id for row in self.rows if row.kind == kind and row.table == table]

    def new_id(self, table: str) -> str:
        """Return the id of the one row that was inserted into `table`. Raises LookupError if it is not one."""
        found = self.ids("inserted", table)
        if len(found) != 1:
            raise LookupError(f"{len(found)} rows were inserted into {table}, not one")
        return found[0]


class Recorder:
    """Watches one session and says at the end what its flushes did."""

    def __init__(self, session: Session) -> None:
        self._first: dict[Base, dict[str, Any] | None] = {}
        self._gone: set[Base] = set()
        self._session = session
        event.listen(session, "before_flush", self._note)

    def _note(self, session: Session, _context: object, _instances: object) -> None:
        for row in session.new:
            self._first.setdefault(row, None)
        for row in (*session.dirty, *session.deleted):
            if row not in self._first:
                self._first[row] = _values_before(row)
        self._gone.update(session.deleted)

    def changes(self) -> ChangeSet:
        """Return what has been flushed so far."""
        found = (_compare(row, before, row in self._gone) for row, before in self._first.items())
        return ChangeSet(tuple(change for change in found if change is not None))


def row_values(row: Base) -> dict[str, Any]:
    """Return all columns of a row by name."""
    return {column.key: getattr(row, column.key) for column in inspect(type(row)).column_attrs}


def _values_before(row: Base) -> dict[str, Any]:
    values = row_values(row)
    state = inspect(row)
    for name in values:
        replaced = state.attrs[name].history.deleted
        if replaced:
            values[name] = replaced[0]
    return values


def _compare(row: Base, before: dict[str, Any] | None, gone: bool) -> RowChange | None:
    values = row_values(row)
    parent = next((values[name] for name in _PARENTS if name in values), "")
    if before is None:
        return None if gone else RowChange("inserted", row.__tablename__, row.id, parent, {}, values)
    if gone:
        return RowChange("removed", row.__tablename__, row.id, parent, before, {})
    fields = [name for name in values if values[name] != before[name]]
    if not fields:
        return None
    kind: Kind = "moved" if "position" in fields else "changed"
    if "deleted_at" in fields:
        kind = "inserted" if values["deleted_at"] is None else "removed"
    old, new = ({name: side[name] for name in fields} for side in (before, values))
    return RowChange(kind, row.__tablename__, row.id, parent, old, new)
