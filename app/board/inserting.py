"""The + between cards and the tile after the last one: where a new shot can be put in with the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import QPushButton, QToolButton

from app.theme.icons import icon
from app.theme.style import set_role
from app.theme.tokens import SPACE

from .shape import GAP

if TYPE_CHECKING:
    from .view import BoardView

_SIDE = GAP


class InsertButtons(QObject):
    """Two real buttons over the cards. `wanted(row)`: a new shot shall get this row."""

    wanted = Signal(int)

    def __init__(self, view: BoardView) -> None:
        super().__init__(view)
        self._view = view
        self._row = -1
        self.plus = QToolButton(view.viewport())
        self.plus.setIcon(icon("plus"))
        self.plus.setIconSize(QSize(14, 14))
        self.plus.setFixedSize(_SIDE, _SIDE)
        self.plus.setCursor(Qt.CursorShape.PointingHandCursor)
        self.plus.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # N does the same
        self.plus.setStyleSheet(f"min-width: 0; min-height: 0; padding: 0; border-radius: {_SIDE // 2}px;")
        self.plus.clicked.connect(lambda: self.wanted.emit(self._row))
        self.plus.hide()
        self.tile = QPushButton(icon("plus"), self.tr("New shot"), view.viewport())
        self.tile.setAccessibleName(self.tr("New shot at the end"))
        self.tile.setToolTip(self.tr("Write another shot at the end (N on the last shot)"))
        self.tile.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        set_role(self.tile, "tile")
        self.tile.clicked.connect(lambda: self.wanted.emit(view.shots.rowCount()))
        view.verticalScrollBar().valueChanged.connect(lambda _value: self.place())
        view.selectionModel().currentChanged.connect(lambda *_: self.leave())

    def hover(self, pos: QPoint) -> None:
        """Show the + when the mouse comes near a gap."""
        row = self._view.gap_at(pos)
        if self._near(row, pos):
            self._put(row)
        else:
            self.leave()

    def leave(self) -> None:
        """The mouse is elsewhere: the + goes after the current shot while the board has the keyboard."""
        current = self._view.currentIndex().row()
        if self._view.hasFocus() and 0 <= current < self._view.shots.rowCount() - 1:
            self._put(current + 1)
        else:
            self.plus.hide()

    def place(self) -> None:
        """The board has scrolled or changed."""
        rows = self._view.shots.rowCount()
        self.plus.hide()
        self.tile.setVisible(rows > 0 and self._view.writable)
        if not self.tile.isVisibleTo(self._view.viewport()):
            return
        cell, shape = self._view.cell_rect(rows), self._view.shape()
        if self._view.cards.density == "grid":
            self.tile.setGeometry(shape.poster.translated(cell.topLeft()))
        else:
            self.tile.setGeometry(cell.x() + SPACE, cell.y() + SPACE, 16 * SPACE, 4 * SPACE)

    def _near(self, row: int, pos: QPoint) -> bool:
        if not self._view.writable or not 0 <= row < self._view.shots.rowCount():
            return False
        cell = self._view.cell_rect(row)
        if self._view.cards.density == "list":
            return abs(pos.y() - cell.top()) < SPACE and pos.x() < 10 * SPACE
        frame = self._view.shape().frame.translated(cell.topLeft())
        return abs(pos.x() - cell.left()) <= GAP // 2 and frame.top() <= pos.y() <= frame.bottom()

    def _put(self, row: int) -> None:
        if not self._view.writable:
            return
        cell, poster = self._view.cell_rect(row), self._view.shape().poster
        if self._view.cards.density == "list":
            place = QPoint(2 * SPACE, cell.top() - _SIDE // 2)
        else:
            place = QPoint(cell.left() - _SIDE // 2, cell.top() + poster.bottom() - _SIDE)
        place.setX(max(0, place.x()))
        self._row = row
        text = self.tr("New shot before shot {0}").format(row + 1)
        self.plus.setAccessibleName(text)
        self.plus.setToolTip(text + self.tr(" (Shift+N on it)"))
        self.plus.move(place)
        self.plus.show()
        self.plus.raise_()
