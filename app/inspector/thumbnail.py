"""A small still: of a take or of a reference image."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.pictures import Pictures
from app.theme.icons import drawn
from app.theme.style import colour, colours
from app.theme.tokens import RADIUS


class Thumbnail(QWidget):
    """Shows a picture cut to its size; a drawing while there is none."""

    def __init__(self, pictures: Pictures, width: int, height: int, empty: str = "image") -> None:
        super().__init__()
        self._pictures, self._empty = pictures, empty
        self._path = ""
        self._painted = True
        self.setFixedSize(width, height)
        pictures.ready.connect(self._arrived)

    def show_picture(self, path: str) -> None:
        """Show the file, or nothing ("")."""
        if path != self._path:
            self._path, self._painted = path, not path
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the picture in a rounded frame."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.setOpacity(1.0 if self.isEnabled() else 0.45)
        frame = QRectF(self.rect())
        self._painted = paint_thumbnail(painter, frame, self._pictures, self._path, self._empty, RADIUS / 2)
        painter.end()

    def _arrived(self, path: str) -> None:
        if path == self._path or not self._painted:
            self.update()  # also for others' pictures: a wish that is not repeated is forgotten


def paint_thumbnail(
    painter: QPainter, rect: QRectF, pictures: Pictures, path: str, empty: str, radius: float = 0.0
) -> bool:
    """Paint a picture so that it fills `rect`, what does not fit cut off; or the drawing `empty` on a well.

    Returns False while the picture is still being read.
    """
    outline = QPainterPath()
    outline.addRoundedRect(rect, radius, radius)
    ratio = painter.device().devicePixelRatio()
    pixmap = pictures.pixmap(path, _wanted(rect), ratio=ratio) if path else None
    painter.save()
    painter.setClipPath(outline)
    painter.fillRect(rect, colour("well"))
    if pixmap is None:
        side = round(min(rect.width(), rect.height()) * 0.5)
        picture = drawn(empty, side, colours().faint, ratio)
        painter.drawPixmap(round(rect.center().x() - side / 2), round(rect.center().y() - side / 2), picture)
    else:
        size = QSize(pixmap.width(), pixmap.height()).toSizeF()
        size.scale(rect.size(), Qt.AspectRatioMode.KeepAspectRatioByExpanding)
        target = QRectF(0, 0, size.width(), size.height())
        target.moveCenter(rect.center())
        painter.drawPixmap(target, pixmap, QRectF(pixmap.rect()))
    painter.restore()
    return pixmap is not None or not path


def _wanted(rect: QRectF) -> QSize:
    """Twice the width, since what is cut off is read too."""
    side = round(max(rect.width(), rect.height()) * 2)
    return QSize(side, side)
