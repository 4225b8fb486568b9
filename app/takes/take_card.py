"""How a take looks in the strip: its poster, number, star, and what there is to say about it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.pictures import Pictures
from app.theme.icons import drawn
from app.theme.style import colour, colours, font
from app.theme.tokens import RADIUS, SPACE, TYPE_BODY, TYPE_SMALL
from storyboards.views import TakeView

from .takes_model import Role
from .words import say

PICTURE = QSize(20 * SPACE, 11 * SPACE + 2)  # 160 x 90
CELLS = 16  # of a filmstrip, side by side
_MARK = 16


class TakeCard(QStyledItemDelegate):
    """Paints a card; `hover` says which one the pointer is on and how far along (0..1)."""

    def __init__(self, pictures: Pictures, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self.hover: tuple[int, float] | None = None

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(PICTURE.width() + 2 * SPACE, PICTURE.height() + 6 * SPACE)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        take: TakeView = index.data(Role.TAKE)
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        box = option.rect.adjusted(SPACE // 2, SPACE // 2, -SPACE // 2, -SPACE // 2)
        self._paint_frame(painter, box, option, take)
        picture = QRect(box.left() + SPACE // 2, box.top() + SPACE // 2, PICTURE.width(), PICTURE.height())
        along = self.hover[1] if self.hover and self.hover[0] == index.row() else None
        self._paint_picture(painter, picture, take, along)
        foot = QRect(picture.left() + 2, picture.bottom() + 1, picture.width() - 4, box.bottom() - picture.bottom() - 2)
        self._paint_foot(painter, foot, take)
        painter.restore()

    def _paint_frame(self, painter: QPainter, box: QRect, option: QStyleOptionViewItem, take: TakeView) -> None:
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        painter.setBrush(colour("selected" if chosen else "raised"))
        painter.setPen(QPen(colour("accent"), 1.5) if chosen and focused else QPen(colour("line"), 1))
        painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)

    def _paint_picture(self, painter: QPainter, box: QRect, take: TakeView, along: float | None) -> None:
        outline = QPainterPath()
        outline.addRoundedRect(QRectF(box), RADIUS / 2, RADIUS / 2)
        painter.save()
        painter.setClipPath(outline)
        painter.fillRect(box, colour("well"))
        painter.setOpacity(0.35 if take.rating == "rejected" and along is None else 1.0)
        ratio = painter.device().devicePixelRatio()
        sheet = None if along is None else self._pictures.pixmap(take.filmstrip)
        still = self._pictures.pixmap(take.poster, PICTURE, ratio=ratio)
        if sheet is not None and along is not None:
            cell = sheet.width() // CELLS
            source = QRect(min(CELLS - 1, int(along * CELLS)) * cell, 0, cell, sheet.height())
            _paint_part(painter, box, sheet, source)
            painter.fillRect(QRectF(box.left(), box.bottom() - 2, box.width() * along, 3), colour("accent"))
        elif still is not None:
            _paint_part(painter, box, still, still.rect())
        painter.restore()

    def _paint_foot(self, painter: QPainter, box: QRect, take: TakeView) -> None:
        """Number on the left, what is to be said in the middle, star and check on the right."""
        rejected = take.rating == "rejected"
        painter.setFont(font(TYPE_BODY, strong=take.selected))
        painter.setPen(colour("faint" if rejected else "text"))
        title = say("Take {number}").format(number=take.number)
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)
        left = box.left() + painter.fontMetrics().horizontalAdvance(title) + SPACE
        right = box.right()
        for name, tint in _marks(take):
            right -= _MARK
            picture = drawn(name, _MARK, getattr(colours(), tint), painter.device().devicePixelRatio())
            painter.drawPixmap(right, box.center().y() - _MARK // 2 + 1, picture)
            right -= SPACE // 2
        text, tint = _state(take)
        painter.setFont(font(TYPE_SMALL))
        painter.setPen(colour(tint))
        text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, right - left)
        painter.drawText(QRect(left, box.top(), right - left, box.height()), Qt.AlignmentFlag.AlignVCenter, text)


def _marks(take: TakeView) -> list[tuple[str, str]]:
    """Icons from right to left."""
    marks = [("check", "accent")] if take.selected else []
    marks += [("star-filled", "attention")] if take.favourite else []
    marks += [("check", "good")] if take.rating == "accepted" and not take.selected else []
    marks += [("thumb-down", "faint")] if take.rating == "rejected" else []
    return marks


def _state(take: TakeView) -> tuple[str, str]:
    if take.stale:
        return say("stale"), "attention"
    if take.selected:
        return say("selected"), "muted"
    if take.rating == "rejected":
        return say("rejected"), "faint"
    return str(take.seed), "muted"


def _paint_part(painter: QPainter, box: QRect, pixmap: QPixmap, source: QRect) -> None:
    """Fit a part of a picture into the box, whole and undistorted."""
    size = source.size().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
    target = QRect(0, 0, size.width(), size.height())
    target.moveCenter(box.center())
    painter.drawPixmap(target, pixmap, source)
