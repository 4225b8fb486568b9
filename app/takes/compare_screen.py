"""Two pictures in one place: side by side, with a wipe, or in turn."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.player.screen import Card, fitted, paint_card, paint_image
from app.theme.style import colour, font
from app.theme.tokens import SPACE, TYPE_SMALL

Mode = Literal["side", "wipe", "flip"]
_GRIP = SPACE


class CompareScreen(QWidget):
    """Paints two takes. In the wipe mode the divider is dragged; in the flip mode a press shows the other one."""

    divider_moved = Signal(float)
    flipped = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.mode: Mode = "side"
        self.divider = 0.5
        self.second_shown = False
        self.names = ("A", "B")
        self._images: tuple[QImage | None, QImage | None] = (None, None)
        self._cards: tuple[Card | None, Card | None] = (None, None)
        self._dragging = False
        self.setMinimumSize(40 * SPACE, 15 * SPACE)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Both takes"))

    @property
    def images(self) -> tuple[QImage | None, QImage | None]:
        """The two frames that are shown."""
        return self._images

    def sizeHint(self) -> QSize:
        return QSize(960, 320)

    def show_pair(self, first: QImage | None, second: QImage | None) -> None:
        """Show two frames of the same moment; None keeps the place dark."""
        self._images, self._cards = (first, second), (None, None)
        self.update()

    def show_cards(self, first: Card | None, second: Card | None) -> None:
        """Show why a take cannot be seen."""
        self._cards = (first, second)
        self.update()

    def set_mode(self, mode: Mode) -> None:
        """Show the takes in another way."""
        self.mode = mode
        self.update()

    def flip(self) -> None:
        """Show the other take."""
        self.second_shown = not self.second_shown
        self.flipped.emit(self.second_shown)
        self.update()

    def move_divider(self, to: float) -> None:
        """Put the divider of the wipe at a fraction of the picture's width."""
        self.divider = min(1.0, max(0.0, to))
        self.divider_moved.emit(self.divider)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(0, 0, 0))
        if self.mode == "side":
            left, right = self._halves()
            self._paint_one(painter, 0, left)
            self._paint_one(painter, 1, right)
        elif self.mode == "flip":
            self._paint_one(painter, int(self.second_shown), self.rect())
        else:
            self._paint_wipe(painter)

    def _halves(self) -> tuple[QRect, QRect]:
        middle = self.width() // 2
        return QRect(0, 0, middle - 1, self.height()), QRect(middle + 1, 0, self.width() - middle - 1, self.height())

    def _paint_one(self, painter: QPainter, which: int, box: QRect, *, right: bool = False) -> None:
        card, image = self._cards[which], self._images[which]
        if card is not None:
            painter.fillRect(box, colour("well"))
            paint_card(painter, card, box)
        elif image is not None:
            paint_image(painter, image, box)
        self._paint_name(painter, self.names[which], box, right=right)

    def _paint_wipe(self, painter: QPainter) -> None:
        split = round(self._divider_x())
        for which, clip in ((0, QRect(0, 0, split, self.height())), (1, self.rect().adjusted(split, 0, 0, 0))):
            painter.setClipRect(clip)
            self._paint_one(painter, which, self.rect(), right=which == 1)
        painter.setClipping(False)
        painter.fillRect(QRectF(split - 1, 0, 2, self.height()), colour("text"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour("text"))
        painter.drawEllipse(QRectF(split - _GRIP, self.height() / 2 - _GRIP, 2 * _GRIP, 2 * _GRIP))

    def _paint_name(self, painter: QPainter, name: str, box: QRect, *, right: bool) -> None:
        painter.setFont(font(TYPE_SMALL, strong=True))
        width = painter.fontMetrics().horizontalAdvance(name) + 2 * SPACE
        left = box.right() - width - SPACE if right else box.left() + SPACE
        label = QRect(left, box.top() + SPACE, width, 3 * SPACE)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 150))
        painter.drawRoundedRect(label, 4, 4)
        painter.setPen(QColor(240, 240, 238))
        painter.drawText(label, Qt.AlignmentFlag.AlignCenter, name)

    def _picture(self) -> QRectF:
        """Where the pictures are in the wipe mode."""
        image = self._images[0] or self._images[1]
        return fitted(image.size(), self.rect()) if image is not None else QRectF(self.rect())

    def _divider_x(self) -> float:
        box = self._picture()
        return box.left() + box.width() * self.divider

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if self.mode == "wipe":
            self._dragging = True
            self._drag(event)
        elif self.mode == "flip":
            self.flip()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragging:
            self._drag(event)
        near = self.mode == "wipe" and abs(event.position().x() - self._divider_x()) < 2 * _GRIP
        self.setCursor(Qt.CursorShape.SplitHCursor if near or self._dragging else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragging = False

    def _drag(self, event: QMouseEvent) -> None:
        box = self._picture()
        self.move_divider((event.position().x() - box.left()) / max(1.0, box.width()))
