"""The takes of one shot as a list model."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from storyboards.views import TakeView

from .words import say


class Role(IntEnum):
    """What a row gives besides its text."""

    TAKE = Qt.ItemDataRole.UserRole + 1


class TakesModel(QAbstractListModel):
    """Rows are takes by number. `update` keeps rows that stay, so selection and scrolling stay as well."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.takes: list[TakeView] = []

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.takes)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.takes):
            return None
        take = self.takes[index.row()]
        if role == Role.TAKE:
            return take
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken(take)
        if role == Qt.ItemDataRole.DisplayRole:
            return say("Take {number}").format(number=take.number)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(take)
        return None

    def row_of(self, take_id: str) -> int:
        """The row of a take, -1 without one."""
        return next((row for row, take in enumerate(self.takes) if take.id == take_id), -1)

    def update(self, takes: list[TakeView]) -> None:
        """Take over what was read: rows come, go and change one by one (takes never change their order)."""
        wanted = {take.id for take in takes}
        for row in reversed(range(len(self.takes))):
            if self.takes[row].id not in wanted:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self.takes[row]
                self.endRemoveRows()
        for row, take in enumerate(takes):
            if row < len(self.takes) and self.takes[row].id == take.id:
                if self.takes[row] != take:
                    self.takes[row] = take
                    self.dataChanged.emit(self.index(row), self.index(row))
            else:
                self.beginInsertRows(QModelIndex(), row, row)
                self.takes.insert(row, take)
                self.endInsertRows()


def spoken(take: TakeView) -> str:
    """A take for a screen reader."""
    parts = [say("Take {number}").format(number=take.number)]
    parts += [say("selected")] if take.selected else []
    parts += [say("favourite")] if take.favourite else []
    parts += [say("rejected")] if take.rating == "rejected" else []
    parts += [say("stale")] if take.stale else []
    return ", ".join(parts)


def tooltip(take: TakeView) -> str:
    """Why it is stale, and the prompt that made it."""
    lines = [say("Stale: {reason}").format(reason=reason) for reason in take.stale]
    return "\n".join([*lines, take.prompt])
