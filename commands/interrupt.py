"""Ctrl-C while the engine works: stop between two steps and keep what is done; a second one ends at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from commands.failing import CANCELLED

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """While entered, Ctrl-C (and a polite kill) sets `asked` and calls what was given to `on_ask`."""

    def __init__(self) -> None:
        self.asked = False
        self._tell: Callable[[], None] = lambda: None
        self._before: dict[signal.Signals, Any] = {}

    def on_ask(self, tell: Callable[[], None]) -> None:
        """Have `tell` called when the user asks to stop; it must only set flags."""
        self._tell = tell

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._handle) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked:
            os._exit(CANCELLED)  # as harmless as a power cut: nothing finished is lost
        self.asked = True
        os.write(2, b"\nstopping after this step (again: at once)\n")
        self._tell()
