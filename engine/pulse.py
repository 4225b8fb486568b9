"""Whether a worker's main thread advances: heartbeats alone go on while it waits for a driver that never returns.

The thread advances when it tells something, or stands elsewhere in the code than a moment ago. One that computes in
Python moves all the time; one that waits in a single call (a GPU at a long step, a lock, a broken driver) stands still.
Which of them it is, only the length of the steps so far can tell: the editor judges (`app.engine_client.patience`).
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from engine.contract import Heartbeat

HEARTBEAT_S = 5.0
LOOK_S = 0.5  # often: a loop that spends nearly all of its time in one line must be seen in another one now and then


class Pulse:
    """Watches the thread that makes it, whose `busy` says whether there is anything to advance with."""

    def __init__(self, busy: bool = False) -> None:
        self._thread = threading.get_ident()
        self._busy = busy
        self._moved = time.monotonic()
        self._place = 0

    def begin(self) -> None:
        """There is work from now on."""
        self.sign()
        self._busy = True

    def rest(self) -> None:
        """There is none any more: waiting for a request is no standstill."""
        self._busy = False

    def sign(self) -> None:
        """Something was told."""
        self._moved = time.monotonic()

    @property
    def still_s(self) -> float:
        """Seconds since the thread moved while it had work; 0 without any."""
        return time.monotonic() - self._moved if self._busy else 0.0

    def beat(self, tell: Callable[[Heartbeat], None], leaving: threading.Event) -> None:
        """Tell a heartbeat every few seconds until it is time to leave. Runs in a thread of its own."""
        due = time.monotonic() + HEARTBEAT_S
        while not leaving.wait(LOOK_S):
            self._look()
            if time.monotonic() >= due:
                due = time.monotonic() + HEARTBEAT_S
                still_s = self.still_s
                tell(Heartbeat(memory_used(), round(still_s, 1) if still_s > HEARTBEAT_S else 0.0))

    def _look(self) -> None:
        """Compare where the thread stands, all callers included, with where it stood."""
        frame = sys._current_frames().get(self._thread)
        places = []
        while frame is not None:
            places.append((id(frame), frame.f_lasti))
            frame = frame.f_back
        place = hash(tuple(places))
        if place != self._place:
            self._place = place
            self.sign()


def memory_used() -> int:
    """Bytes of memory that this process holds, 0 where that is not known."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
