"""The picture: one frame letterboxed, or a card that says what is missing."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme.style import colour, font
from app.theme.tokens import SPACE, TYPE_BODY, TYPE_SMALL, TYPE_TITLE

BLACK = QColor(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Card:
    """What stands where there is no picture: a title, what it is about, and what to do."""

    title: str
    text: str = ""
    hint: str = ""


def fitted(size: QSize, into: QRect) -> QRectF:
    """The largest rectangle of a picture's aspect in the middle of `into`."""
    scaled = QSizeF(size).scaled(QSizeF(into.size()), Qt.AspectRatioMode.KeepAspectRatio)
    middle = QRectF(into).center()
    return QRectF(middle - QPointF(scaled.width() / 2, scaled.height() / 2), scaled)


def paint_image(painter: QPainter, image: QImage, into: QRect) -> QRectF:
    """Paint a picture letterboxed, and return where."""
    place = fitted(image.size(), into)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(place, image, QRectF(image.rect()))
    return place


def paint_card(painter: QPainter, card: Card, into: QRect) -> None:
    """Paint a card: three lines in the middle, the second one wrapped."""
    box = into.adjusted(2 * SPACE, SPACE, -2 * SPACE, -SPACE)
    lines = [
        (card.title, font(TYPE_TITLE, strong=True), colour("text"), 1),
        (card.text, font(TYPE_BODY), colour("muted"), 3),
        (card.hint, font(TYPE_SMALL), colour("faint"), 2),
    ]
    flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
    blocks = []
    for text, face, ink, most in lines:
        painter.setFont(face)
        height = painter.fontMetrics().lineSpacing()
        needed = painter.boundingRect(QRect(0, 0, box.width(), 10_000), int(flags), text).height() if text else 0
        blocks.append((text, face, ink, min(needed, most * height)))
    top = box.center().y() - (sum(block[3] for block in blocks) + SPACE) // 2
    for text, face, ink, height in blocks:
        painter.setFont(face)
        painter.setPen(ink)
        painter.drawText(QRect(box.left(), top, box.width(), height), int(flags), text)
        top += height + SPACE // 2


class Screen(QWidget):
    """Shows an image or a card. Keeps the last picture until the next one comes: no flicker between frames."""

    clicked = Signal()
    double_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: QImage | None = None
        self._card: Card | None = None
        self.setMinimumSize(16 * SPACE, 9 * SPACE)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(self.tr("Picture"))

    @property
    def image(self) -> QImage | None:
        """The picture that is shown, None behind a card."""
        return None if self._card else self._image

    @property
    def card(self) -> Card | None:
        """The card that is shown instead of a picture."""
        return self._card

    def sizeHint(self) -> QSize:
        return QSize(480, 270)

    def show_image(self, image: QImage) -> None:
        """Show a picture."""
        self._image, self._card = image, None
        self.setAccessibleDescription("")
        self.update()

    def show_card(self, card: Card) -> None:
        """Show a card."""
        if card == self._card:
            return
        self._image, self._card = None, card
        self.setAccessibleDescription(" ".join(filter(None, (card.title, card.text, card.hint))))
        self.update()

    def clear_card(self) -> None:
        """Take the card away: a picture is on its way."""
        if self._card is not None:
            self._card = None
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._card is not None:
            painter.fillRect(self.rect(), colour("well"))
            paint_card(painter, self._card, self.rect())
            return
        painter.fillRect(self.rect(), BLACK if self.isWindow() or self._image is not None else colour("well"))
        if self._image is not None:
            paint_image(painter, self._image, self.rect())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.double_clicked.emit()
