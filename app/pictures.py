"""Posters, filmstrips and previews: read from disk in a few threads, scaled once, kept in a bounded cache.

A view asks while it paints: `pixmap` answers at once, with the picture or with None, and `ready` says when to paint
again. The newest wish is served first, and the oldest are dropped: what they were for has scrolled away.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from PySide6.QtCore import QObject, QRunnable, QSize, Qt, QThreadPool, QTimer, Signal
from PySide6.QtGui import QImage, QImageReader, QPainter, QPixmap

BUDGET = 128 * 1024 * 1024  # bytes of decoded pictures
THREADS = 2
MOST_WAITING = 192  # more than a large screen shows at once
_Key = tuple[str, int, int]  # path, widest, highest; 0, 0 is the size on disk


class Pictures(QObject):
    """The pictures that are shown. Lives on the GUI thread.

    `ready(path)` follows every finished read, also a failed one: the picture is then simply not there.
    """

    ready = Signal(str)

    def __init__(self, parent: QObject | None = None, *, budget: int = BUDGET, threads: int = THREADS) -> None:
        super().__init__(parent)
        self.budget = budget
        self.held = 0  # bytes in the cache
        self._cache: OrderedDict[_Key, QPixmap] = OrderedDict()
        self._waiting: OrderedDict[_Key, None] = OrderedDict()  # newest last
        self._reading: set[_Key] = set()
        self._missing: set[_Key] = set()
        self._outdated: set[_Key] = set()  # written again since they were read
        self._latest: dict[str, _Key] = {}  # by path: the size that stands in for others
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(threads)
        self._arrivals = _Arrivals()
        self._arrivals.read.connect(self._arrived, Qt.ConnectionType.QueuedConnection)
        self._tick = QTimer(self, interval=0, singleShot=True)
        self._tick.timeout.connect(self._next_round)

    def pixmap(self, path: str | Path, size: QSize | None = None, *, ratio: float = 1.0) -> QPixmap | None:
        """Return the picture scaled to fit into `size` logical pixels (unscaled without), or None until it is read.

        With a device pixel `ratio` it is read finer and carries that ratio. While the wanted size is being read,
        another size of the same picture stands in, so scale it to its place. Never reads a file itself.
        """
        key = _key(path, size, ratio)
        found = self._cache.get(key)
        if found is not None:
            self._cache.move_to_end(key)
        if (found is None or key in self._outdated) and key not in self._missing:
            self._wish(key)
        if found is None:
            found = self._cache.get(self._latest.get(key[0], key))
        elif found.devicePixelRatio() != ratio:
            found.setDevicePixelRatio(ratio)
        return found

    def renew(self, path: str | Path) -> None:
        """Say that a file was written again (a preview): it is read anew, and the old picture shown until then."""
        name = str(path)
        self._missing = {key for key in self._missing if key[0] != name}
        self._outdated.update(key for key in (*self._cache, *self._reading) if key[0] == name)
        self.ready.emit(name)

    def forget(self, path: str | Path) -> None:
        """Say that a file is gone for good (a preview whose take is there): nobody will ask for it again."""
        name = str(path)
        for key in [key for key in self._cache if key[0] == name]:
            self.held -= _bytes(self._cache.pop(key))
        for key in [key for key in self._waiting if key[0] == name]:
            del self._waiting[key]
        self._latest.pop(name, None)
        self._reading = {key for key in self._reading if key[0] != name}
        self._missing = {key for key in self._missing if key[0] != name}
        self._outdated = {key for key in self._outdated if key[0] != name}

    def close(self) -> None:
        """Stop reading; waits for the file or two under way."""
        self._waiting.clear()
        self._pool.clear()
        self._pool.waitForDone()

    def _wish(self, key: _Key) -> None:
        if key not in self._reading:
            self._waiting[key] = None
            self._waiting.move_to_end(key)
            if not self._tick.isActive():
                self._tick.start()

    def _next_round(self) -> None:
        """Hand the newest wishes to free threads, and drop the oldest: they scrolled away long ago."""
        while len(self._waiting) > MOST_WAITING:
            self._waiting.popitem(last=False)
        while self._waiting and len(self._reading) < self._pool.maxThreadCount():
            key, _ = self._waiting.popitem(last=True)
            self._reading.add(key)
            self._outdated.discard(key)
            self._pool.start(_Read(key, self._arrivals))

    def _arrived(self, key: _Key, image: QImage) -> None:
        wanted = key in self._reading
        self._reading.discard(key)
        if image.isNull():
            self._missing.add(key)
        elif wanted:
            self._keep(key, QPixmap.fromImage(image))
        self.ready.emit(key[0])
        if self._waiting:
            self._tick.start()

    def _keep(self, key: _Key, pixmap: QPixmap) -> None:
        old = self._cache.pop(key, None)
        self.held += _bytes(pixmap) - (_bytes(old) if old is not None else 0)
        self._cache[key] = pixmap
        self._latest[key[0]] = key
        while self.held > self.budget and len(self._cache) > 1:
            dropped, picture = self._cache.popitem(last=False)
            self.held -= _bytes(picture)
            if self._latest.get(dropped[0]) == dropped:
                del self._latest[dropped[0]]


class _Arrivals(QObject):
    """The way of a picture from its thread to the GUI thread."""

    read = Signal(object, object)  # _Key, QImage


class _Read(QRunnable):
    """Reads and scales one picture."""

    def __init__(self, key: _Key, arrivals: _Arrivals) -> None:
        super().__init__()
        self._key, self._arrivals = key, arrivals

    def run(self) -> None:
        path, width, height = self._key
        reader = QImageReader(path)
        reader.setAutoTransform(True)
        image = reader.read()
        if not image.isNull() and width and height:
            smooth = Qt.TransformationMode.SmoothTransformation
            image = image.scaled(QSize(width, height), Qt.AspectRatioMode.KeepAspectRatio, smooth)
        self._arrivals.read.emit(self._key, _opaque(image))


def _opaque(image: QImage) -> QImage:
    """What is transparent stands on white, as the engine sees it."""
    if not image.hasAlphaChannel():
        return image.convertToFormat(QImage.Format.Format_RGB32)
    white = QImage(image.size(), QImage.Format.Format_RGB32)
    white.fill(Qt.GlobalColor.white)
    painter = QPainter(white)
    painter.drawImage(0, 0, image)
    painter.end()
    return white


def _key(path: str | Path, size: QSize | None, ratio: float) -> _Key:
    if size is None:
        return str(path), 0, 0
    return str(path), round(size.width() * ratio), round(size.height() * ratio)


def _bytes(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * 4
