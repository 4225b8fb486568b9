"""The takes side by side. Hovering plays the filmstrip under the pointer; keys choose."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QItemSelection, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QWidget

from app.pictures import Pictures
from app.theme.style import theme
from app.theme.tokens import SPACE
from storyboards.views import TakeView

from .take_card import TakeCard
from .takes_model import Role, TakesModel


class TakeStrip(QListView):
    """`chosen(take_id)` is Enter or a double click, `play_wanted(take_id)` the space bar."""

    chosen = Signal(str)
    play_wanted = Signal(str)
    delete_wanted = Signal(str)
    highlighted = Signal()

    def __init__(self, model: TakesModel, pictures: Pictures, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._takes = model
        self._card = TakeCard(pictures, self)
        self.setModel(model)
        self.setItemDelegate(self._card)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalScrollBar().setSingleStep(3 * SPACE)
        self.setAccessibleName(self.tr("Takes of the shot"))
        self.doubleClicked.connect(lambda index: self.chosen.emit(index.data(Role.TAKE).id))
        self.selectionModel().currentChanged.connect(lambda *_: self.highlighted.emit())
        pictures.ready.connect(self._picture_came)
        theme.changed.connect(self._repaint)

    def current(self) -> TakeView | None:
        """The take that has the focus frame."""
        take = self.currentIndex().data(Role.TAKE)
        return take if isinstance(take, TakeView) else None

    def marked(self) -> list[TakeView]:
        """All highlighted takes by number."""
        rows = sorted(index.row() for index in self.selectedIndexes())
        return [self._takes.takes[row] for row in rows]

    def highlight(self, take_id: str) -> None:
        """Put the focus frame on a take."""
        row = self._takes.row_of(take_id)
        if row >= 0:
            self.setCurrentIndex(self._takes.index(row))

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.highlighted.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        take = self.current()
        wanted = {
            Qt.Key.Key_Return: self.chosen,
            Qt.Key.Key_Enter: self.chosen,
            Qt.Key.Key_Space: self.play_wanted,
            Qt.Key.Key_Delete: self.delete_wanted,
        }.get(Qt.Key(event.key()))
        if wanted is not None and take is not None and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            wanted.emit(take.id)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Keep Delete and Space for takes: in the window they are about shots."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            ours = (Qt.Key.Key_Delete, Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
            if Qt.Key(event.key()) in ours and event.modifiers() == Qt.KeyboardModifier.NoModifier:
                event.accept()
                return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._hover(event.position().toPoint())

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(None)

    def _hover(self, place: QPoint | None) -> None:
        index = self.indexAt(place) if place is not None else None
        if place is None or index is None or not index.isValid():
            hover = None
        else:
            box = self.visualRect(index)
            hover = (index.row(), min(0.999, max(0.0, (place.x() - box.left()) / max(1, box.width()))))
        if hover != self._card.hover:
            self._card.hover = hover
            self._repaint()

    def _picture_came(self, path: str) -> None:
        if any(path in (str(take.poster), str(take.filmstrip)) for take in self._takes.takes):
            self._repaint()

    def _repaint(self) -> None:
        self.viewport().update()
