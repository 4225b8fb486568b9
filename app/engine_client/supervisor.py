"""Keeps one engine running: starts it, notices when it hangs or dies, starts it again, and knows when to give up."""

from __future__ import annotations

import logging
import statistics
import time
from collections import deque

from PySide6.QtCore import QObject, QTimer, Signal

from app.engine_client.process import WORKER, EngineProcess
from engine.contract import Event, ExportProgress, Heartbeat, Request, Step

log = logging.getLogger("matchcut.engine_client")
engine_log = logging.getLogger("matchcut.engine_process")
RESTART_AFTER_S = (0.3, 2.0, 5.0)  # each restart within the window waits longer; there are no more than these
RESTART_WINDOW_S = 120.0
SILENCE_S, SILENCE_STEPS = 30.0, 20  # a hang: not a word for this long, or for this many steps
START_SILENCE_S = 120.0  # loading libraries from a cold disk is silent for longer
CANCEL_S, CANCEL_STEPS = 5.0, 2  # what a cancelled request may take to let go


class EngineSupervisor(QObject):
    """`state` is "off", "starting", "ready", "restarting" or "failed". `gone` says that what ran is lost."""

    state_changed = Signal(str)
    hello = Signal(dict)
    event_read = Signal(object)
    gone = Signal(str)
    gave_up = Signal(str)
    heartbeat = Signal(object)

    def __init__(self, command: tuple[str, ...] = WORKER, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = "off"
        self._command = command
        self._process: EngineProcess | None = None
        self._lost_at: deque[float] = deque()
        self._steps: deque[float] = deque(maxlen=30)
        self._last_step = 0.0
        self._watch = QTimer(self)
        self._watch.setInterval(1000)
        self._watch.timeout.connect(self._look)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.timeout.connect(self._launch)
        self._overdue = QTimer(self)
        self._overdue.setSingleShot(True)
        self._overdue.timeout.connect(self._not_yielding)

    @property
    def pid(self) -> int:
        """The engine's process id, 0 without one."""
        return self._process.pid if self._process is not None else 0

    @property
    def ready(self) -> bool:
        """Whether it takes requests."""
        return self.state == "ready"

    @property
    def step_s(self) -> float:
        """What a denoising step takes, 0 before any."""
        return statistics.median(self._steps) if self._steps else 0.0

    def start(self) -> None:
        """Start the engine unless it runs; also after it was given up."""
        if self.state in ("off", "failed"):
            self._lost_at.clear()
            self._launch()

    def send(self, request: Request) -> None:
        """Hand over a request; only when `ready`."""
        if self._process is not None:
            self._last_step = time.monotonic()
            self._process.send(request)

    def cancel(self, request_id: str) -> None:
        """Ask for a request to be let go of; an engine that does not is ended."""
        if self._process is None:
            return
        self._process.cancel(request_id)
        if not self._overdue.isActive():
            self._overdue.start(round(1000 * max(CANCEL_S, CANCEL_STEPS * self.step_s)))

    def settled(self) -> None:
        """What was running has come to its end."""
        self._overdue.stop()

    def close(self) -> None:
        """End the engine. It does not come back."""
        for timer in (self._watch, self._again, self._overdue):
            timer.stop()
        process, self._process = self._process, None
        if process is not None:
            process.stop()
            process.deleteLater()
        self._say("off")

    def _launch(self) -> None:
        self._say("starting")
        process = EngineProcess(self._command, self)
        process.hello.connect(self._greeted)
        process.event_read.connect(self._event)
        process.heartbeat.connect(self._heard)
        process.lost.connect(self._lost)
        process.log_line.connect(engine_log.info)
        self._process = process
        process.start()
        self._watch.start()

    def _greeted(self, hello: dict[str, object]) -> None:
        self._say("ready")
        self.hello.emit(hello)

    def _event(self, event: Event) -> None:
        if isinstance(event, Step):
            now = time.monotonic()
            if self._last_step and event.step > 1:
                self._steps.append(now - self._last_step)
            self._last_step = now
        if not isinstance(event, (Step, ExportProgress)):
            log.debug("the engine says %s", event)
        self.event_read.emit(event)

    def _heard(self, heartbeat: Heartbeat) -> None:
        self.heartbeat.emit(heartbeat)

    def _look(self) -> None:
        if self._process is None:
            return
        limit = START_SILENCE_S if self.state == "starting" else max(SILENCE_S, SILENCE_STEPS * self.step_s)
        if self._process.quiet_for() > limit:
            log.warning("the engine has been silent for %.0f s and is ended", limit)
            self._process.kill()

    def _not_yielding(self) -> None:
        log.warning("the engine does not let go of a cancelled request and is ended")
        if self._process is not None:
            self._process.kill()

    def _lost(self, reason: str) -> None:
        log.warning("the engine is lost: %s", reason)
        self._watch.stop()
        self._overdue.stop()
        if self._process is not None:
            self._process.deleteLater()
            self._process = None
        now = time.monotonic()
        self._lost_at.append(now)
        while now - self._lost_at[0] > RESTART_WINDOW_S:
            self._lost_at.popleft()
        given_up = len(self._lost_at) > len(RESTART_AFTER_S)
        self._say("failed" if given_up else "restarting")
        self.gone.emit(reason)
        if given_up:
            self.gave_up.emit(reason)
        else:
            self._again.start(round(1000 * RESTART_AFTER_S[len(self._lost_at) - 1]))

    def _say(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.state_changed.emit(state)
