"""Icons drawn from SVG in the colours of the theme of the moment, sharp at any scale."""

from __future__ import annotations

from functools import cache, lru_cache

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap

from .drawings import DRAWINGS, FRAME
from .style import colours

SIZE = 20  # logical pixels of an icon on a button


@cache
def icon(name: str, tint: str = "") -> QIcon:
    """Return the icon `name`; it follows the theme while shown. `tint` names another colour of `Colours`: "bad".

    Raises KeyError for a name that `drawings.DRAWINGS` lacks.
    """
    return QIcon(_Drawn(name, DRAWINGS[name], tint))


def drawn(name: str, size: int, colour: str, ratio: float = 1.0) -> QPixmap:
    """Return the drawing in one colour, `size` logical pixels square: for delegates that paint by hand."""
    return _pixmap(name, size, colour, round(ratio * 100))


@lru_cache(maxsize=512)
def _pixmap(name: str, size: int, colour: str, percent: int) -> QPixmap:
    from PySide6.QtSvg import QSvgRenderer  # needed only when the first icon is drawn

    ratio = percent / 100
    pixmap = QPixmap(max(1, round(size * ratio)), max(1, round(size * ratio)))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(((FRAME % DRAWINGS[name]).replace("{c}", colour)).encode()).render(painter)
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


class _Drawn(QIconEngine):
    """Asks for the theme's colour each time it paints, so a switch of themes needs no new icons."""

    def __init__(self, name: str, drawing: str, tint: str) -> None:
        super().__init__()
        self._name, self._drawing, self._tint = name, drawing, tint

    def clone(self) -> QIconEngine:
        copy = _Drawn(self._name, self._drawing, self._tint)
        _clones.append(copy)  # Qt holds a clone without owning its Python side
        return copy

    def _colour(self, mode: QIcon.Mode, state: QIcon.State) -> str:
        now = colours()
        if mode == QIcon.Mode.Disabled:
            return now.faint
        if self._tint:
            return str(getattr(now, self._tint))
        return now.accent if state == QIcon.State.On else now.text

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        side = min(rect.width(), rect.height())
        square = QRectF(rect.x() + (rect.width() - side) / 2, rect.y() + (rect.height() - side) / 2, side, side)
        picture = drawn(self._name, side, self._colour(mode, state), painter.device().devicePixelRatio())
        painter.drawPixmap(square, picture, QRectF(picture.rect()))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        """`size` is in device pixels here, as Qt asks for it."""
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return pixmap


_clones: list[QIconEngine] = []
