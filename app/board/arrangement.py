"""Cards in lines or rows below each other: where each stands, how the selection goes through them."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QStyle, QWidget

from app.pictures import Pictures
from app.shots_model import ShotsModel
from app.theme.style import set_role

from .card_state import CardState
from .delegate import CardDelegate
from .shape import Shape, columns

_KEYS = QAbstractItemView.CursorAction


class CardList(QListView):
    """The arrangement of a scene's shots. All cells are equal, so every place is reckoned, never searched for.

    `arranged`: cards stand elsewhere now.
    """

    arranged = Signal()

    def __init__(self, model: ShotsModel, pictures: Pictures, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._complete = False  # Qt asks for geometry while this is still being built
        self.shots = model
        self.cards = CardDelegate(model, pictures, self)
        self._behave()
        self.setModel(model)
        self.setItemDelegate(self.cards)
        self._complete = True
        self.set_density("grid")

    def _behave(self) -> None:
        set_role(self, "board")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setBatchSize(200)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.viewport().setAcceptDrops(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # scrolling then moves what is painted
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Shots of the scene"))

    def set_density(self, density: str) -> None:
        """Show cards ("grid") or rows ("list")."""
        grid = density == "grid"
        self.cards.density = density
        self.setFlow(QListView.Flow.LeftToRight if grid else QListView.Flow.TopToBottom)
        self.setWrapping(grid)
        self.relayout()

    def set_film(self, fps: float, aspect: float) -> None:
        """Take over the project's frame rate and picture shape."""
        if (fps, aspect) != (self.cards.fps, self.cards.aspect):
            self.cards.fps, self.cards.aspect = fps, aspect
            self.relayout()

    def relayout(self) -> None:
        """Place all cards anew, for the width there is."""
        extent = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent, None, self.verticalScrollBar())
        extent = max(extent, self.verticalScrollBar().sizeHint().width())
        self.cards.width = max(1, self.maximumViewportSize().width() - extent - 1)  # Qt wraps at the last pixel
        self.setGridSize(self.cards.cell())
        self.verticalScrollBar().setSingleStep(self.cards.cell().height() // 4)
        self.updateGeometries()  # Qt lays out a little later

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.relayout()
        super().resizeEvent(event)
        self.arranged.emit()

    def updateGeometries(self) -> None:
        """Leave room for the tile "New shot" after the last card.

        Qt's own reckoning is left out: it knows of no tile, and would pull the bar back from the end each time.
        """
        if not self._complete:
            return
        bar, cell = self.verticalScrollBar(), self.cell_rect(self.shots.rowCount())
        bottom = cell.bottom() + bar.value() + 1
        bar.setRange(0, max(0, bottom - self.viewport().height()))
        bar.setPageStep(self.viewport().height())
        self.arranged.emit()

    def per_row(self) -> int:
        """How many cards stand beside each other."""
        return columns(self.cards.width) if self.cards.density == "grid" else 1

    def cell_rect(self, row: int) -> QRect:
        """The cell of a row as it is on the screen, also of the one after the last."""
        size, across = self.cards.cell(), self.per_row()
        offset = self.verticalScrollBar().value()
        return QRect(QPoint(row % across * size.width(), row // across * size.height() - offset), size)

    def row_at(self, pos: QPoint) -> int:
        """The row whose cell is there, -1 outside."""
        size, across = self.cards.cell(), self.per_row()
        column, line = pos.x() // size.width(), (pos.y() + self.verticalScrollBar().value()) // size.height()
        row = line * across + column
        return row if 0 <= column < across and 0 <= row < self.shots.rowCount() else -1

    def gap_at(self, pos: QPoint) -> int:
        """Before which row something dropped here goes."""
        size, across = self.cards.cell(), self.per_row()
        line = max(0, (pos.y() + self.verticalScrollBar().value()) // size.height())
        if self.cards.density == "grid":
            row = line * across + min(across, max(0, round(pos.x() / size.width())))
        else:
            row = round((pos.y() + self.verticalScrollBar().value()) / size.height())
        return min(max(0, row), self.shots.rowCount())

    def shape(self) -> Shape:
        """The parts of a card, relative to its cell."""
        return self.cards.shape(self.cards.cell())

    def state_of(self, row: int) -> CardState:
        """What the card of a row says."""
        return self.cards.state_of(self.shots.index(row))

    # Selection

    def selected_rows(self) -> list[int]:
        """The selected rows from the first to the last."""
        return sorted(index.row() for index in self.selectionModel().selectedRows())

    def select(self, rows: list[int], current: int | None = None) -> None:
        """Select these rows only and bring the current one into sight."""
        chosen, model = self.selectionModel(), self.shots
        flags = QItemSelectionModel.SelectionFlag
        if rows:
            at = model.index(rows[0] if current is None else current, 0)
            chosen.setCurrentIndex(at, flags.NoUpdate)
            self.scrollTo(at)
        chosen.clearSelection()
        for row in rows:
            chosen.select(model.index(row, 0), flags.Select)

    def moveCursor(self, action: QAbstractItemView.CursorAction, _modifiers: Qt.KeyboardModifier) -> QModelIndex:
        """Go through the story in its order; left and right run on over the end of a line."""
        last, across = self.shots.rowCount() - 1, self.per_row()
        row = self.currentIndex().row()
        if last < 0:
            return QModelIndex()
        if row < 0:
            return self.shots.index(0)
        page = max(1, self.viewport().height() // self.cards.cell().height()) * across
        steps = {
            _KEYS.MoveLeft: -1, _KEYS.MovePrevious: -1, _KEYS.MoveRight: 1, _KEYS.MoveNext: 1,
            _KEYS.MoveUp: -across, _KEYS.MoveDown: across, _KEYS.MovePageUp: -page, _KEYS.MovePageDown: page,
            _KEYS.MoveHome: -row, _KEYS.MoveEnd: last - row,
        }  # fmt: skip
        target = row + steps.get(action, 0)
        if abs(steps.get(action, 0)) == across > 1 and not 0 <= target <= last:
            target = row if target < 0 or row // across == last // across else last  # stay in the outer lines
        return self.shots.index(min(max(0, target), last))
