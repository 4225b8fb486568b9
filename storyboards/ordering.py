"""Where a row goes among its neighbours. Deleted rows keep their positions, so new keys steer clear of them too."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from .errors import InvalidValue
from .positions import key_between
from .tables import Element, Job, ReferenceImage, Scene, Shot

Ordered = type[Scene] | type[Element] | type[ReferenceImage] | type[Shot] | type[Job]


class Order:
    """The rows of `table` within `scope`; `live` is what the user sees of them."""

    def __init__(
        self, session: Session, table: Ordered, scope: ColumnElement[bool], live: ColumnElement[bool]
    ) -> None:
        self._session = session
        self._table = table
        self._scope = scope
        self._live = live

    def highest(self) -> str | None:
        """Return the key of the last row, None without rows."""
        return self._session.scalar(select(func.max(self._table.position)).where(self._scope))

    def last(self) -> str:
        """Return a key behind all rows."""
        return key_between(self.highest(), None)

    def first(self) -> str:
        """Return a key before all rows."""
        return key_between(None, self._session.scalar(select(func.min(self._table.position)).where(self._scope)))

    def beside(self, *, before: str | None = None, after: str | None = None) -> str:
        """Return a key right before or right after the row of this id; behind all rows with neither."""
        if before is None and after is None:
            return self.last()
        if before is not None and after is not None:
            raise InvalidValue("A place is before one row or after one row, not both.", "Give one of the two.")
        column = self._table.position
        if after is not None:
            low = self._position(after)
            return key_between(low, self._edge(func.min(column), column > low))
        high = self._position(before or "")
        return key_between(self._edge(func.max(column), column < high), high)

    def stands(self, moving: str, *, before: str | None = None, after: str | None = None) -> bool:
        """Say whether the row `moving` is there already, seen by the user."""
        if moving in (before, after):
            return True
        column, here = self._table.position, self._position(moving)
        if before is None and after is None:
            return not self._between(column > here)
        other = self._position(after or before or "")
        if (after is not None) == (here < other):
            return False
        return not self._between((column > min(here, other)) & (column < max(here, other)))

    def _between(self, where: ColumnElement[bool]) -> bool:
        found = select(self._table.id).where(self._scope, self._live, where).limit(1)
        return self._session.scalar(found) is not None

    def _edge(self, edge: ColumnElement[str], where: ColumnElement[bool]) -> str | None:
        return self._session.scalar(select(edge).where(self._scope, where))

    def _position(self, row_id: str) -> str:
        column = self._table.position
        found = self._session.scalar(select(column).where(self._scope, self._live, self._table.id == row_id))
        if found is None:
            raise InvalidValue(f"{row_id!r} is not in this list.", "Name a neighbour out of the same list.")
        return found


def scenes(session: Session, project_id: str) -> Order:
    """Return the order of a project's scenes."""
    return Order(session, Scene, Scene.project_id == project_id, Scene.deleted_at.is_(None))


def elements(session: Session, scene_id: str) -> Order:
    """Return the order of a scene's elements."""
    return Order(session, Element, Element.scene_id == scene_id, Element.deleted_at.is_(None))


def references(session: Session, element_id: str) -> Order:
    """Return the order of an element's reference images."""
    scope = ReferenceImage.element_id == element_id
    return Order(session, ReferenceImage, scope, ReferenceImage.deleted_at.is_(None))


def shots(session: Session, scene_id: str) -> Order:
    """Return the order of a scene's shots."""
    return Order(session, Shot, Shot.scene_id == scene_id, Shot.deleted_at.is_(None))


def jobs(session: Session) -> Order:
    """Return the order of the queue."""
    return Order(session, Job, Job.id.is_not(None), Job.state == "queued")
