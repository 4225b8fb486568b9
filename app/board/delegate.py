"""Paints shots as cards or as rows. Paints only pictures that are ready; what is missing repaints when it arrives."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPainterPath, QPen, QPixmap, QTextLayout, QTextOption
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.pictures import Pictures
from app.shots_model import ShotsModel
from app.theme import icons
from app.theme.style import colour, colours, font
from app.theme.tokens import RADIUS, SPACE, TYPE_BODY, TYPE_SMALL
from storyboards.errors import StoryboardError
from storyboards.views import SelectedTake, ShotView

from .card_state import CardState, card_state, length_text, takes_text, tr
from .shape import ASPECT, BADGE, LINE, ROW, Shape, card_cell, card_shape, row_shape

Index = QModelIndex | QPersistentModelIndex
_SELECTED = QStyle.StateFlag.State_Selected
_HOVERED = QStyle.StateFlag.State_MouseOver
_FOCUSED = QStyle.StateFlag.State_HasFocus


class CardDelegate(QStyledItemDelegate):
    """`density` is "grid" or "list", `width` that of the board; the view sets both and asks for a new layout."""

    def __init__(self, shots: ShotsModel, pictures: Pictures, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.shots = shots
        self.pictures = pictures
        self.density = "grid"
        self.width = 640
        self.aspect = ASPECT
        self.fps = 8.0
        self.scrubbed: tuple[str, int] | None = None  # the shot whose filmstrip plays, and the cell it is at
        self.strip_cells = 16

    def state_of(self, index: Index) -> CardState:
        """What a card says of its shot."""
        shot = self.shots.data(index, ShotsModel.ShotRole)
        progress = self.shots.data(index, ShotsModel.ProgressRole)
        return card_state(shot, progress, self.shots.data(index, ShotsModel.FailureRole))

    def cell(self) -> QSize:
        """The size of every card or row."""
        return card_cell(self.width, self.aspect) if self.density == "grid" else QSize(self.width, ROW)

    def shape(self, cell: QSize) -> Shape:
        """The parts of a card or row."""
        return card_shape(cell, self.aspect) if self.density == "grid" else row_shape(cell, self.aspect)

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return self.cell()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        shot = self.shots.shot(index.row())
        if shot is None:
            return
        rect, flags = option.rect, option.state
        shape = self.shape(rect.size())
        state = self.state_of(index)
        painter.save()
        painter.translate(rect.topLeft())
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        self._frame(painter, shape, bool(flags & _SELECTED), bool(flags & _HOVERED), bool(flags & _FOCUSED))
        self._poster(painter, shape, shot, state, index)
        if self.density == "grid":
            self._card(painter, shape, shot, state)
        else:
            self._row(painter, shape, shot, state)
        painter.restore()

    def _frame(self, painter: QPainter, shape: Shape, selected: bool, hovered: bool, focused: bool) -> None:
        grid = self.density == "grid"
        fill = "selected" if selected else "raised" if hovered else "surface" if grid else ""
        pen = QPen(Qt.PenStyle.NoPen)
        if selected or focused:
            pen = QPen(colour("accent", 1.0 if focused else 0.6), 2 if grid or focused else 1)
        painter.setPen(pen)
        painter.setBrush(colour(fill) if fill else Qt.BrushStyle.NoBrush)
        margin = 0 if grid else 1
        around = QRectF(shape.frame).adjusted(margin, margin, -margin, -margin)
        painter.drawRoundedRect(around, RADIUS, RADIUS)

    def _poster(self, painter: QPainter, shape: Shape, shot: ShotView, state: CardState, index: Index) -> None:
        rect, grid = shape.poster, self.density == "grid"
        if grid:  # the poster's upper corners are those of the card
            rect = rect.adjusted(1, 1, -1, 0)
        ratio = painter.device().devicePixelRatio()
        painter.save()
        painter.setClipPath(_rounded(rect.width(), rect.height(), grid).translated(rect.topLeft()))
        painter.fillRect(rect, colour("well"))
        if not self._strip(painter, rect, shot):
            picture = self._picture(rect.size(), shot, state, index, ratio)
            if picture is not None:
                draw_fitted(painter, rect, picture)
                if state.kind in ("queued", "rendering", "cancelling") and not self._preview(index):
                    painter.fillRect(rect, QColor(0, 0, 0, 96))
            elif shot.selected is None:
                side = 24 if grid else 16
                sign = icons.drawn("film", side, colours().faint, ratio)
                painter.drawPixmap(rect.center() - QPoint(side // 2, side // 2), sign)
        if state.fraction is not None:
            bar = QRect(rect.x(), rect.bottom() - 3, rect.width(), 4)
            painter.fillRect(bar, QColor(0, 0, 0, 140))
            painter.fillRect(QRect(bar.x(), bar.y(), round(bar.width() * state.fraction), 4), colour("accent"))
        painter.restore()

    def _preview(self, index: Index) -> str:
        return str(self.shots.data(index, ShotsModel.PreviewRole))

    def _picture(self, size: QSize, shot: ShotView, state: CardState, index: Index, ratio: float) -> QPixmap | None:
        preview = self._preview(index) if state.kind in ("rendering", "cancelling") else ""
        if preview:
            shown = self.pictures.pixmap(preview, size, ratio=ratio)
            if shown is not None:
                return shown
        if shot.selected is None:
            return None
        return self.pictures.pixmap(take_pictures(shot.selected)[0], size, ratio=ratio)

    def _strip(self, painter: QPainter, rect: QRect, shot: ShotView) -> bool:
        """Paint the cell of the filmstrip that the mouse is at, if this shot is the one under it."""
        if self.scrubbed is None or self.scrubbed[0] != shot.id or shot.selected is None:
            return False
        sheet = self.pictures.pixmap(take_pictures(shot.selected)[1])
        if sheet is None:
            return False
        width = sheet.width() // self.strip_cells
        cell = sheet.copy(self.scrubbed[1] * width, 0, width, sheet.height())
        draw_fitted(painter, rect, cell)
        done = round(rect.width() * (self.scrubbed[1] + 0.5) / self.strip_cells)
        painter.fillRect(QRect(rect.x() + done, rect.y(), 1, rect.height()), QColor(255, 255, 255, 120))
        return True

    def _card(self, painter: QPainter, shape: Shape, shot: ShotView, state: CardState) -> None:
        ratio = painter.device().devicePixelRatio()
        text = str(shot.number)
        width = max(BADGE, 6 * len(text) + 16)
        _pill(painter, QRect(shape.number.topLeft(), QSize(width, BADGE)), text)
        if shot.locked:
            corner = QRect(shape.poster.right() - BADGE - 5, shape.number.y(), BADGE, BADGE)
            _pill(painter, corner, "")
            painter.drawPixmap(corner.topLeft() + QPoint(3, 3), icons.drawn("lock", 14, "#ffffff", ratio))
        self._prompt(painter, shape.prompt, shot, top=True)
        painter.setFont(font(TYPE_SMALL))
        painter.setPen(colour("muted"))
        painter.drawText(shape.facts, _LEFT, length_text(shot.frames, self.fps))
        painter.drawText(shape.facts, _RIGHT, takes_text(shot))
        self._state(painter, shape.state, state)

    def _row(self, painter: QPainter, shape: Shape, shot: ShotView, state: CardState) -> None:
        ratio = painter.device().devicePixelRatio()
        painter.setFont(font(TYPE_BODY, strong=True))
        painter.setPen(colour("muted"))
        painter.drawText(shape.number, Qt.AlignmentFlag.AlignCenter, str(shot.number))
        if shot.continues:
            painter.drawPixmap(shape.mark.topLeft(), icons.drawn("link", 16, colours().muted, ratio))
        self._prompt(painter, shape.prompt, shot, top=False)
        self._state(painter, shape.state, state)
        painter.setFont(font(TYPE_SMALL))
        painter.setPen(colour("muted"))
        half = shape.facts.height() // 2
        painter.drawText(shape.facts.adjusted(0, 0, 0, -half), _RIGHT_LOW, length_text(shot.frames, self.fps))
        painter.drawText(shape.facts.adjusted(0, half, 0, 0), _RIGHT_HIGH, takes_text(shot))
        if shot.locked:
            lock = icons.drawn("lock", 16, colours().muted, ratio)
            painter.drawPixmap(shape.facts.x(), shape.facts.y() + half - 16, lock)

    def _prompt(self, painter: QPainter, rect: QRect, shot: ShotView, *, top: bool) -> None:
        painter.setFont(font(TYPE_BODY))
        painter.setPen(colour("text" if shot.prompt.strip() else "faint"))
        words = shot.prompt.strip() or tr("No prompt yet")
        if rect.height() < 2 * LINE:
            lines: tuple[str, ...] = (elided(" ".join(words.split()), rect.width(), TYPE_BODY),)
        else:
            lines = two_lines(words, rect.width())
        y = rect.y() if top else rect.center().y() - len(lines) * LINE // 2
        for line in lines:
            painter.drawText(QRect(rect.x(), y, rect.width(), LINE), _LEFT, line)
            y += LINE

    def _state(self, painter: QPainter, rect: QRect, state: CardState) -> None:
        ratio = painter.device().devicePixelRatio()
        tint = getattr(colours(), state.colour)
        painter.drawPixmap(rect.x(), rect.center().y() - 6, icons.drawn(state.icon, 14, tint, ratio))
        painter.setFont(font(TYPE_SMALL))
        painter.setPen(QColor(tint if state.colour != "faint" else colours().muted))
        words = rect.adjusted(14 + SPACE - 2, 0, 0, 0)
        painter.drawText(words, _LEFT, elided(state.text, words.width()))


_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_RIGHT_LOW = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
_RIGHT_HIGH = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop


def draw_fitted(painter: QPainter, rect: QRect, picture: QPixmap) -> None:
    """Draw a picture as large as fits, in the middle; one that was read for this size goes pixel by pixel."""
    size = picture.deviceIndependentSize().scaled(rect.size().toSizeF(), Qt.AspectRatioMode.KeepAspectRatio)
    x, y = rect.x() + (rect.width() - size.width()) / 2, rect.y() + (rect.height() - size.height()) / 2
    painter.drawPixmap(QRectF(round(x), round(y), round(size.width()), round(size.height())), picture,
                       QRectF(picture.rect()))  # fmt: skip


@lru_cache(maxsize=4096)
def two_lines(text: str, width: int) -> tuple[str, ...]:
    """Break a prompt into at most two lines of body text; the second is elided when more would follow."""
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    text = " ".join(text.split())
    layout = QTextLayout(text, font(TYPE_BODY))
    layout.setTextOption(option)
    layout.beginLayout()
    line = layout.createLine()
    line.setLineWidth(width)
    end = line.textLength()
    layout.endLayout()
    if end >= len(text):
        return (text,)
    return text[:end].rstrip(), elided(text[end:].lstrip(), width, TYPE_BODY)


@lru_cache(maxsize=4096)
def elided(text: str, width: int, size: int = TYPE_SMALL) -> str:
    """One line of text, cut with … where it does not fit."""
    return QFontMetrics(font(size)).elidedText(text, Qt.TextElideMode.ElideRight, width)


@lru_cache(maxsize=4096)
def take_pictures(take: SelectedTake) -> tuple[str, str]:
    """The paths of poster and filmstrip. Working them out resolves links, too slow for every paint."""
    try:
        return str(take.poster), str(take.filmstrip)
    except StoryboardError:  # the project's files point outside of it: there is no picture to show
        return "", ""


@lru_cache(maxsize=32)
def _rounded(width: int, height: int, above_only: bool) -> QPainterPath:
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    radius = RADIUS - 1 if above_only else 3
    path.addRoundedRect(QRectF(0, 0, width, height), radius, radius)
    if above_only:
        path.addRect(QRectF(0, height / 2, width, height / 2))
    return path


def _pill(painter: QPainter, rect: QRect, text: str) -> None:
    """A dark badge on a poster, the same in both themes: what is below it is a picture."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 150))
    painter.drawRoundedRect(rect, BADGE / 2, BADGE / 2)
    painter.setPen(QColor("#ffffff"))
    painter.setFont(font(TYPE_SMALL, strong=True))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)
