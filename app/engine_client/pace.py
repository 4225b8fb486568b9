"""How fast the engine steps, and from that, how long it may be silent, deaf or still before something is wrong."""

from __future__ import annotations

import statistics
import time
from collections import deque

SILENCE_S, SILENCE_STEPS = 30.0, 20  # a hang: not a word for this long, or for this many steps
START_SILENCE_S = 120.0  # loading libraries from a cold disk is silent for longer
CANCEL_S, CANCEL_STEPS = 5.0, 2  # what a cancelled request may take to let go
# A main thread that stands still while heartbeats go on. It may be waiting for a GPU, so only the steps of the same
# request tell what is too long; before there are any (loading, compiling, the first step), nobody knows.
TELL_STILL_S, TELL_STILL_STEPS, TELL_UNKNOWN_S = 90.0, 3, 180.0
END_STILL_S, END_STILL_STEPS, END_UNKNOWN_S = 600.0, 10, 1800.0


class Pace:
    """What was seen of the engine's steps. All numbers are seconds."""

    def __init__(self) -> None:
        self._steps: deque[float] = deque(maxlen=30)
        self._last = 0.0
        self._longest = 0.0  # of the request that runs

    def begin(self) -> None:
        """Something begins whose steps may take longer than any before."""
        self._last, self._longest = time.monotonic(), 0.0

    def step(self, number: int) -> None:
        """A step is done. The first one of a take says nothing: it has loading, or the last take's files, in it."""
        now = time.monotonic()
        if self._last and number > 1:
            self._steps.append(now - self._last)
            self._longest = max(self._longest, now - self._last)
        self._last = now

    @property
    def step_s(self) -> float:
        """What a denoising step takes, 0 before any."""
        return statistics.median(self._steps) if self._steps else 0.0

    @property
    def silence_s(self) -> float:
        """How long it may say nothing at all."""
        return max(SILENCE_S, SILENCE_STEPS * self.step_s)

    @property
    def yield_s(self) -> float:
        """How long it may take to let go of a cancelled request."""
        return max(CANCEL_S, CANCEL_STEPS * self.step_s)

    @property
    def tell_still_s(self) -> float:
        """How long it may stand still before the user is told."""
        return max(TELL_STILL_S, TELL_STILL_STEPS * self._longest) if self._longest else TELL_UNKNOWN_S

    @property
    def end_still_s(self) -> float:
        """How long it may stand still before it is ended."""
        return max(END_STILL_S, END_STILL_STEPS * self._longest) if self._longest else END_UNKNOWN_S
