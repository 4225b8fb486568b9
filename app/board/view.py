"""The cards under hand: keys, clicks, dragging, and what appears under the mouse (the filmstrip, the +)."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QModelIndex, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
)
from PySide6.QtWidgets import QAbstractItemView, QWidget

from app.clips import clips_of
from app.pictures import Pictures
from app.shots_model import ShotsModel
from app.theme import icons
from app.theme.style import colour, colours
from app.theme.tokens import SPACE

from .arrangement import CardList
from .inserting import InsertButtons
from .playing import StripPlayer
from .shape import GAP, MARK

MIME = "application/x-matchcut-shots"
_KEYPAD = Qt.KeyboardModifier.KeypadModifier


class BoardView(CardList):
    """Shots in story order. `moved(ids, row)`: the dragged shots shall stand before the shot of that row.

    `insert_wanted(row)`: a new shot shall get this row. `reasons_wanted(shot_id, QRect)`: tell why beside this place.
    `clips_dropped(paths, row)`: the first of these video files shall get this row.
    """

    moved = Signal(list, int)
    clips_dropped = Signal(list, int)
    insert_wanted = Signal(int)
    reasons_wanted = Signal(str, QRect)
    menu_wanted = Signal(QPoint)
    open_wanted = Signal(str)

    def __init__(self, model: ShotsModel, pictures: Pictures, parent: QWidget | None = None) -> None:
        super().__init__(model, pictures, parent)
        self.pictures = pictures
        self.writable = True
        self._drop_row: int | None = None
        self.inserting = InsertButtons(self)
        self.inserting.wanted.connect(self.insert_wanted)
        self.arranged.connect(self.inserting.place)
        self.playing = StripPlayer(self)
        self.doubleClicked.connect(lambda index: self._open(index.row()))
        self._repaint = QTimer(self, interval=15, singleShot=True)  # pictures arrive in bursts
        self._repaint.timeout.connect(self.viewport().update)
        pictures.ready.connect(self._picture_ready)
        model.dataChanged.connect(self._renew_preview)

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers() & ~_KEYPAD:
            self._open(self.currentIndex().row())
            return
        if event.key() == Qt.Key.Key_Menu and self.currentIndex().isValid():
            self.menu_wanted.emit(self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).center()))
            return
        if event.text() and not event.modifiers() & ~_KEYPAD and event.text().isprintable() and event.text() != " ":
            event.ignore()  # letters are verbs here: no searching by the first letters of the prompts
            return
        super().keyPressEvent(event)

    def _open(self, row: int) -> None:
        shot = self.shots.shot(row)
        if shot is not None:
            self.open_wanted.emit(shot.id)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index = self.indexAt(event.pos())
        if index.isValid() and not self.selectionModel().isSelected(index):
            self.select([index.row()])
        self.menu_wanted.emit(event.globalPos())

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.playing.leave()
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        if event.buttons() == Qt.MouseButton.NoButton:
            self._hover(event.position().toPoint())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        pos = event.position().toPoint()
        shot_id = self._reasons_at(pos) if event.button() == Qt.MouseButton.LeftButton else ""
        if shot_id and not event.modifiers():
            self.reasons_wanted.emit(shot_id, self.shape().state.translated(self.cell_rect(self.row_at(pos)).topLeft()))

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Leave, QEvent.Type.Wheel):
            self.playing.leave()
            self.inserting.leave()
        if event.type() == QEvent.Type.ToolTip:
            return self.playing.tool_tip(event)
        return bool(super().viewportEvent(event))

    def _hover(self, pos: QPoint) -> None:
        self.playing.hover(pos)
        self.inserting.hover(pos)
        hand = Qt.CursorShape.PointingHandCursor if self._reasons_at(pos) else Qt.CursorShape.ArrowCursor
        self.viewport().setCursor(hand)

    def _reasons_at(self, pos: QPoint) -> str:
        """The shot whose line of state is there and has something to explain, or ""."""
        row = self.row_at(pos)
        if row < 0 or not self.shape().state.contains(pos - self.cell_rect(row).topLeft()):
            return ""
        state = self.state_of(row)
        return self.shots.shots()[row].id if state.kind in ("stale", "changed", "failed") else ""

    # Dragging

    def startDrag(self, _actions: Qt.DropAction) -> None:
        ids = [shot.id for row in self.selected_rows() if (shot := self.shots.shot(row))]
        if not ids or not self.writable:
            return
        data = QMimeData()
        data.setData(MIME, "\n".join(ids).encode())
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.setPixmap(self._drag_picture(len(ids)))
        drag.exec(Qt.DropAction.MoveAction)

    def _drag_picture(self, count: int) -> QPixmap:
        """The poster that is under the mouse, with how many shots travel."""
        index = self.currentIndex()
        rect = self.shape().poster.translated(self.visualRect(index).topLeft())
        picture = (
            self.viewport()
            .grab(rect)
            .scaledToWidth(round(120 * self.devicePixelRatioF()), Qt.TransformationMode.SmoothTransformation)
        )
        if count > 1:
            painter = QPainter(picture)
            painter.fillRect(QRect(0, 0, 28, 20), colour("accent"))
            painter.setPen(colour("on_accent"))
            painter.drawText(QRect(0, 0, 28, 20), Qt.AlignmentFlag.AlignCenter, str(count))
            painter.end()
        return picture

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._drag_over(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        super().dragMoveEvent(event)  # scrolls at the edges
        self._drag_over(event)

    def _drag_over(self, event: QDragMoveEvent) -> None:
        moving, clips = event.mimeData().hasFormat(MIME), clips_of(event.mimeData())
        if not self.writable or not (moving or clips):
            event.ignore()
            return
        self._show_drop(self.gap_at(event.position().toPoint()))
        event.setDropAction(Qt.DropAction.MoveAction if moving else Qt.DropAction.CopyAction)
        event.accept()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        super().dragLeaveEvent(event)
        self._show_drop(None)

    def dropEvent(self, event: QDropEvent) -> None:
        row = self.gap_at(event.position().toPoint())
        self._show_drop(None)
        clips = clips_of(event.mimeData())
        if self.writable and clips:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self._drag_over_now()
            self.clips_dropped.emit(clips, row)
            return
        if not self.writable or not event.mimeData().hasFormat(MIME):
            event.ignore()
            return
        ids = bytes(event.mimeData().data(MIME).data()).decode().split("\n")
        event.setDropAction(Qt.DropAction.MoveAction)
        event.accept()
        self._drag_over_now()
        self.moved.emit(ids, row)

    def _drag_over_now(self) -> None:
        self.setState(QAbstractItemView.State.NoState)
        self.stopAutoScroll()

    def _show_drop(self, row: int | None) -> None:
        if row != self._drop_row:
            self._drop_row = row
            self.viewport().update()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), colour("window"))
        painter.end()
        super().paintEvent(event)
        painter.begin(self.viewport())
        if self.cards.density == "grid":
            self._paint_marks(painter, event.rect().adjusted(-GAP, 0, GAP, 0))
        if self._drop_row is not None:
            painter.fillRect(self._drop_line(self._drop_row), colour("accent"))

    def _paint_marks(self, painter: QPainter, area: QRect) -> None:
        """Between two cards stands whether the second follows a cut or goes on from the first."""
        first = max(0, self.row_at(QPoint(0, max(0, area.top()))))
        ratio, mark = self.devicePixelRatioF(), self.shape().mark
        for row in range(first, self.shots.rowCount()):
            cell = self.cell_rect(row)
            if cell.top() > area.bottom():
                break
            shot = self.shots.shot(row)
            if shot is None or (row == 0 and not shot.continues):
                continue
            place = mark.translated(cell.topLeft())
            if cell.left() == 0:  # at the beginning of a line there is room for a small one
                place.setRect(0, place.top() + (MARK - GAP // 2) // 2, GAP // 2, GAP // 2)
            sign, tint = ("link", colours().text) if shot.continues else ("cut", colours().faint)
            painter.drawPixmap(place.topLeft(), icons.drawn(sign, place.width(), tint, ratio))

    def _drop_line(self, row: int) -> QRect:
        if self.cards.density == "list":
            return QRect(SPACE, self.cell_rect(row).top() - 1, self.cards.width - 2 * SPACE, 3)
        cell, frame = self.cell_rect(row), self.shape().frame
        if row and row % self.per_row() == 0:  # a line's end is nearer to where the mouse came from
            cell = self.cell_rect(row - 1).translated(self.cards.cell().width(), 0)
        return QRect(max(1, cell.left() - 1), cell.top() + frame.top(), 3, frame.height())

    def _picture_ready(self, _path: str) -> None:
        if not self._repaint.isActive():
            self._repaint.start()

    def _renew_preview(self, first: QModelIndex, _last: QModelIndex, roles: list[int]) -> None:
        """The engine writes its previews over and over under one name."""
        if ShotsModel.PreviewRole in roles:
            path = self.shots.data(first, ShotsModel.PreviewRole)
            if path:
                self.pictures.renew(path)

    def sizeHint(self) -> QSize:
        return QSize(720, 480)
