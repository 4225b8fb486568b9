"""The document thread: all work on the document is done there, one piece after the other, and answered in order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer, Signal, Slot

T = TypeVar("T")


class DocumentThread(QObject):
    """Runs work off the GUI thread and hands each result to a function on the GUI thread, in the order of asking."""

    _arrived = Signal(object)
    _idle = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="document")
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._closed = False
        self.pending = 0
        self._asked = 0  # written by the GUI thread alone
        self._begun = 0  # written by the document thread alone
        self._latest: dict[str, object] = {}

    @property
    def waiting(self) -> int:
        """How many pieces of work have not begun. May be asked on either thread."""
        return self._asked - self._begun

    def submit(
        self, work: Callable[[], T], then: Callable[[T], None], failed: Callable[[Exception], None], *, latest: str = ""
    ) -> None:
        """Do `work` there, then call `then` with its result here, or `failed` with its error.

        Of work with the same name in `latest` that has not begun only the last one is done, and answered.
        """
        if self._closed:
            return
        self.pending += 1
        self._asked += 1
        mine = self._latest[latest] = object()

        def run() -> None:
            self._begun += 1
            if latest and self._latest[latest] is not mine:
                self._arrived.emit(_Answer(_nothing, None))
                return
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - carried to the GUI thread, which tells of it
                self._arrived.emit(_Answer(failed, error))
            else:
                self._arrived.emit(_Answer(then, result))

        self._pool.submit(run)

    @Slot(object)
    def _deliver(self, answer: _Answer) -> None:
        try:
            if not self._closed:
                answer.to(answer.value)
        finally:
            self.pending -= 1
            if self.pending == 0:
                self._idle.emit()

    def flush(self, timeout_ms: int = 5000) -> bool:
        """Wait until all answers have been given, handling events meanwhile. False when the time is over."""
        if not self.pending:
            return True
        loop, timer = QEventLoop(), QTimer()
        self._idle.connect(loop.quit)
        timer.setSingleShot(True)
        timer.timeout.connect(loop.quit)
        timer.start(timeout_ms)
        while self.pending and timer.isActive():
            loop.exec()
        self._idle.disconnect(loop.quit)
        return not self.pending

    def close(self) -> None:
        """Finish what was asked for, answer nothing more."""
        self._closed = True
        self._pool.shutdown(wait=True)


def _nothing(_value: object) -> None:
    """What comes of work that nobody waits for any more."""


class _Answer:
    """A result on its way. A plain object: Qt must not try to convert what it carries."""

    __slots__ = ("to", "value")

    def __init__(self, to: Callable[[Any], None], value: Any) -> None:
        self.to, self.value = to, value
