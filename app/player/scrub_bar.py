"""The strip under the picture: shots as blocks, cuts as gaps, stale shots tinted, the range, and the head."""

from __future__ import annotations

from itertools import groupby

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.theme.style import colour, font, theme
from app.theme.tokens import SPACE, TYPE_SMALL

from .timeline import Segment, Timeline, timecode
from .transport import Transport

_TOP = SPACE  # room above the blocks for the head's handle and the range
_BLOCK = 3 * SPACE
_NARROW = 3  # pixels a shot: with less on average, single shots cannot be told apart


class ScrubBar(QWidget):
    """Shows a transport's timeline; pressing or dragging puts the head there, frame by frame."""

    scrubbing = Signal(bool)

    def __init__(self, transport: Transport, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._transport = transport
        self._blocks: QPixmap | None = None
        self._resume = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_TOP + _BLOCK + SPACE // 2)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(self.tr("Timeline"))
        transport.moved.connect(self._moved)
        transport.timeline_changed.connect(self._redraw)
        transport.range_changed.connect(self._redraw)
        theme.changed.connect(self._redraw)

    def sizeHint(self) -> QSize:
        return QSize(480, self.height())

    @property
    def _timeline(self) -> Timeline:
        return self._transport.timeline

    def x_of(self, frame: int) -> float:
        """Where the left edge of a frame is."""
        room = self.width() - 2 * SPACE
        return SPACE + room * frame / max(1, self._timeline.length)

    def frame_at(self, x: float) -> int:
        """Which frame is under this place."""
        room = max(1, self.width() - 2 * SPACE)
        return self._timeline.clamp(int((x - SPACE) * self._timeline.length / room))

    def _redraw(self) -> None:
        self._blocks = None
        self.update()

    def _moved(self, frame: int) -> None:
        self.setAccessibleDescription(timecode(frame, self._timeline.fps))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._blocks is None or self._blocks.devicePixelRatio() != self.devicePixelRatioF():
            self._blocks = self._drawn_blocks()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._blocks)
        if self._timeline.segments:
            self._paint_head(painter)
        if self.hasFocus():
            painter.setPen(colour("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 4, 4)

    def _drawn_blocks(self) -> QPixmap:
        """What stands still, drawn once: a scene may have a thousand shots, and the head moves sixty times a second."""
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font(TYPE_SMALL))
        if self.width() < _NARROW * len(self._timeline.segments):
            self._paint_stretches(painter)
        else:
            for segment in self._timeline.segments:
                self._paint_block(painter, segment)
        if self._transport.has_range:
            self._paint_range(painter)
        painter.end()
        return pixmap

    def _paint_block(self, painter: QPainter, segment: Segment) -> None:
        left, right = self.x_of(segment.start), self.x_of(segment.end)
        wide = right - left > 4
        box = QRectF(left, _TOP, right - left - (1.5 if wide else 0), _BLOCK)
        if segment.continues and segment.start and wide:  # no cut: the block before runs on into this one
            box.setLeft(left - 1.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_fill(segment))
        painter.drawRoundedRect(box, 2, 2) if wide else painter.drawRect(box)
        if segment.stale:
            painter.setBrush(colour("attention"))
            painter.drawRect(QRectF(box.left(), _TOP + _BLOCK - 3, box.width(), 3))
        label = str(segment.number) if segment.number else segment.text
        if box.width() > painter.fontMetrics().horizontalAdvance(label) + SPACE:
            painter.setPen(colour("text" if segment.clip else "muted"))
            painter.drawText(box.adjusted(SPACE / 2, 0, 0, -2), Qt.AlignmentFlag.AlignVCenter, label)

    def _paint_stretches(self, painter: QPainter) -> None:
        """Of so many shots that each is a pixel or two wide: one block for neighbours that look the same."""
        painter.setPen(Qt.PenStyle.NoPen)
        for (empty, stale), found in groupby(self._timeline.segments, lambda one: (one.clip is None, bool(one.stale))):
            run = list(found)
            left, right = self.x_of(run[0].start), self.x_of(run[-1].end)
            painter.setBrush(_fill(run[0]))
            painter.drawRect(QRectF(left, _TOP, right - left, _BLOCK))
            if stale and not empty:
                painter.setBrush(colour("attention"))
                painter.drawRect(QRectF(left, _TOP + _BLOCK - 3, right - left, 3))

    def _paint_range(self, painter: QPainter) -> None:
        """Dim what is not played, and put brackets at the in and out points."""
        first, last = self.x_of(self._transport.in_point), self.x_of(self._transport.out_point)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour("surface", 0.7))
        painter.drawRect(QRectF(SPACE, _TOP, first - SPACE, _BLOCK))
        painter.drawRect(QRectF(last, _TOP, self.width() - SPACE - last, _BLOCK))
        painter.setBrush(colour("accent"))
        painter.drawRect(QRectF(first, _TOP - 4, last - first, 2))
        for x in (first, last - 2):
            painter.drawRect(QRectF(x, _TOP - 4, 2, 8))

    def _paint_head(self, painter: QPainter) -> None:
        left = self.x_of(self._transport.head)
        width = max(2.0, self.x_of(self._transport.head + 1) - left)
        painter.fillRect(QRectF(left, _TOP, width, _BLOCK), colour("text", 0.18))  # the whole frame that is shown
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour("text"))
        painter.drawRect(QRectF(left - 0.75, 2, 1.5, self.height() - 4))
        painter.drawPolygon(QPolygonF([QPointF(left - 5, 0), QPointF(left + 5, 0), QPointF(left, 7)]))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._timeline.segments:
            self._resume = self._transport.speed
            self._transport.pause()
            self.scrubbing.emit(True)
            self._transport.seek(self.frame_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and self._timeline.segments:
            frame = self.frame_at(event.position().x())
            if frame != self._transport.head:
                self._transport.seek(frame)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.scrubbing.emit(False)
            if self._resume:
                self._transport.play(self._resume)
            self._resume = 0

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._blocks = None

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self._tell(event)
            return True
        return super().event(event)

    def _tell(self, event: QHelpEvent) -> None:
        """Name what is under the pointer, and why it is tinted."""
        frame = self.frame_at(event.pos().x())
        found = self._timeline.at(frame)
        if found is None:
            return
        segment = found[0]
        lines = [timecode(frame, self._timeline.fps)]
        if segment.number:
            lines.append(self.tr("Shot {number}").format(number=segment.number))
        if segment.clip is None:
            lines.append(self.tr("No take yet"))
        lines += [self.tr("Stale: {reason}").format(reason=reason) for reason in segment.stale]
        QToolTip.showText(event.globalPos(), "\n".join(lines), self, QRect(event.pos(), QSize(1, 1)))


def _fill(segment: Segment) -> QColor:
    if segment.clip is None:
        return colour("line", 0.5)
    if segment.stale:
        return colour("attention", 0.35)
    return colour("line") if segment.number % 2 else colour("faint", 0.45)
