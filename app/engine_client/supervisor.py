"""Keeps one engine running: starts it, notices when it hangs or dies, starts it again, and knows when to give up."""

from __future__ import annotations

import logging
import time
from collections import deque

from PySide6.QtCore import QObject, QTimer, Signal

from app.engine_client import pace
from app.engine_client.pace import Pace
from app.engine_client.process import WORKER, EngineProcess
from engine.contract import Event, ExportProgress, Heartbeat, PlanRequest, Request, Step

log = logging.getLogger("matchcut.engine_client")
engine_log = logging.getLogger("matchcut.engine_process")
RESTART_AFTER_S = (0.3, 2.0, 5.0)  # each restart within the window waits longer; there are no more than these
RESTART_WINDOW_S = 120.0


class EngineSupervisor(QObject):
    """`state` is "off", "starting", "ready", "restarting" or "failed". `gone` says that what ran is lost.

    `stalled` says for how many seconds the engine has stood still, once that is odd, and 0 when it goes on.
    """

    state_changed = Signal(str)
    hello = Signal(dict)
    event_read = Signal(object)
    gone = Signal(str)
    gave_up = Signal(str)
    heartbeat = Signal(object)
    stalled = Signal(float)

    def __init__(self, command: tuple[str, ...] = WORKER, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = "off"
        self._command = command
        self._process: EngineProcess | None = None
        self._lost_at: deque[float] = deque()
        self._pace = Pace()
        self._still = 0.0  # what `stalled` said last
        self._why = ""  # it was ended on purpose
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

    def start(self) -> None:
        """Start the engine unless it runs; also after it was given up."""
        if self.state in ("off", "failed"):
            self._lost_at.clear()
            self._launch()

    def send(self, request: Request) -> None:
        """Hand over a request; only when `ready`."""
        if self._process is not None:
            if not isinstance(request, PlanRequest):  # those are answered beside what runs
                self._pace.begin()
            self._process.send(request)

    def cancel(self, request_id: str) -> None:
        """Ask for a request to be let go of; an engine that does not is ended."""
        if self._process is None:
            return
        self._process.cancel(request_id)
        if not self._overdue.isActive():
            self._overdue.start(round(1000 * self._pace.yield_s))

    def settled(self) -> None:
        """What was running has come to its end."""
        self._overdue.stop()
        self._stands_still(0.0)

    def restart(self, reason: str) -> None:
        """End the engine, whatever it is doing, and start it anew."""
        if self._process is not None:
            log.warning("the engine is ended: %s", reason)
            self._why = reason
            self._process.kill()

    @property
    def command(self) -> tuple[str, ...]:
        """How the engine is started."""
        return self._command

    def use(self, command: tuple[str, ...]) -> None:
        """Start the engine by another command from now on; one that runs in peace is replaced at once."""
        self._command = command
        if self.state not in ("off", "failed"):
            self.dismiss()
            self._launch()

    def dismiss(self) -> None:
        """Let the engine end by itself. It comes back when it is started."""
        self._rest()
        process, self._process = self._process, None
        if process is not None:
            process.dismiss()
        self._say("off")

    def close(self) -> None:
        """End the engine, also one that is on its way out, and wait for that. It does not come back."""
        self._rest()
        self._process = None
        for process in self.findChildren(EngineProcess):
            process.stop()
            process.deleteLater()
        self._say("off")

    def _rest(self) -> None:
        for timer in (self._watch, self._again, self._overdue):
            timer.stop()

    def _launch(self) -> None:
        self._say("starting")
        process = EngineProcess(self._command, self)
        process.hello.connect(self._greeted)
        process.event_read.connect(self._event)
        process.heartbeat.connect(self._heard)
        process.lost.connect(self._lost)
        process.log_line.connect(engine_log.info)
        self._process = process
        self._why, self._still = "", 0.0
        self._pace.begin()
        process.start()
        self._watch.start()

    def _greeted(self, hello: dict[str, object]) -> None:
        self._say("ready")
        self.hello.emit(hello)

    def _event(self, event: Event) -> None:
        if isinstance(event, Step):
            self._pace.step(event.step)
        if not isinstance(event, (Step, ExportProgress)):
            log.debug("the engine says %s", event)
        self.event_read.emit(event)

    def _heard(self, heartbeat: Heartbeat) -> None:
        self.heartbeat.emit(heartbeat)
        self._stands_still(heartbeat.still_s)

    def _stands_still(self, seconds: float) -> None:
        """Judge a standstill: slow work is let be, and only what no step so far comes near is ended."""
        told = seconds if seconds > self._pace.tell_still_s else 0.0
        if told or self._still:
            self._still = told
            self.stalled.emit(told)
        if seconds > self._pace.end_still_s:
            self.restart(self.tr("it had made no progress for {0} minutes").format(round(seconds / 60)))

    def _look(self) -> None:
        limit = pace.START_SILENCE_S if self.state == "starting" else self._pace.silence_s
        if self._process is not None and self._process.quiet_for() > limit:
            self.restart(self.tr("it had not answered for {0} seconds").format(round(limit)))

    def _not_yielding(self) -> None:
        self.restart(self.tr("it did not let go of what was cancelled"))

    def _lost(self, reason: str) -> None:
        reason = self._why or reason
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
        if not given_up:
            self._again.start(round(1000 * RESTART_AFTER_S[len(self._lost_at) - 1]))
        self.gone.emit(reason)
        if given_up:
            self.gave_up.emit(reason)

    def _say(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.state_changed.emit(state)
