"""The engine as a child process: lines out, lines in. Knows nothing of jobs; `queue_runner` does."""

from __future__ import annotations

import os
import sys
from collections import deque
from pathlib import Path

from PySide6.QtCore import QElapsedTimer, QObject, QProcess, QProcessEnvironment, QTimer, Signal

from engine.contract import (
    CONTRACT_VERSION,
    Cancel,
    ContractError,
    ExportProgress,
    ExportRequest,
    GenerateRequest,
    Heartbeat,
    Hello,
    ImportRequest,
    PlanRequest,
    Request,
    Starting,
    Step,
    decode,
    encode,
)

ROOT = Path(__file__).resolve().parents[2]
WORKER = (sys.executable, "-m", "engine.worker")
FILM_WORKER = (*WORKER, "--films")  # loads no model and no torch
_SLICE_MS = 8  # of reading lines at a stretch, so that a flood of them leaves the screen its turn
_TICK_MS = 50  # progress is passed on twenty times a second, the latest only
_GOODBYE_MS = 3000
_STEP, _EXPORT_PROGRESS, _SHOT = '{"type": "Step"', '{"type": "ExportProgress"', '"shot_id": "'


class EngineProcess(QObject):
    """One run of the worker. When it has ended, make another one.

    `lost` comes once, unless `stop` was called before; `quiet_for()` tells a hang from slow work.
    """

    hello = Signal(dict)
    event_read = Signal(object)  # QObject has an `event` already
    lost = Signal(str)
    log_line = Signal(str)
    heartbeat = Signal(object)

    def __init__(self, command: tuple[str, ...] = WORKER, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._command = command
        self._input, self._log = bytearray(), bytearray()
        self._lines: deque[str] = deque()
        self._latest: dict[str, str] = {}
        self._ended = False
        self._quiet = QElapsedTimer()
        self._process = QProcess(self)
        self._process.setWorkingDirectory(str(ROOT))
        self._process.setProcessEnvironment(_environment())
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.readyReadStandardError.connect(self._read_log)
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._error)
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.setSingleShot(True)
        self._tick.timeout.connect(self._pass_latest)
        self._more = QTimer(self)
        self._more.setInterval(0)
        self._more.setSingleShot(True)
        self._more.timeout.connect(self._handle_lines)

    def start(self) -> None:
        """Start the program; `hello` says when it can take requests."""
        self._quiet.start()
        self._process.start(self._command[0], list(self._command[1:]))

    @property
    def pid(self) -> int:
        """The process id, 0 when it is not running."""
        return int(self._process.processId())

    def quiet_for(self) -> float:
        """Seconds since it last said anything."""
        return self._quiet.elapsed() / 1000 if self._quiet.isValid() else 0.0

    def send(self, request: Request) -> None:
        """Hand over a request."""
        self._write(encode(request))

    def cancel(self, request_id: str) -> None:
        """Ask for a request to be stopped between two steps."""
        self._write(encode(Cancel(request_id)))

    def kill(self) -> None:
        """End it at once; `lost` follows."""
        self._process.kill()

    def dismiss(self) -> None:
        """Let it end by itself, without waiting: nothing is asked of it any more, and nothing told."""
        self._say_no_more()
        if self._process.state() == QProcess.ProcessState.NotRunning:
            self.deleteLater()
            return
        self._process.finished.connect(self.deleteLater)
        self._process.closeWriteChannel()

    def stop(self) -> None:
        """End it in good order, waiting a little; at once if it does not go. Nothing is told any more."""
        self._say_no_more()
        if self._process.state() == QProcess.ProcessState.NotRunning:
            return
        if self._process.state() == QProcess.ProcessState.Starting:
            self._process.waitForStarted(_GOODBYE_MS)
        self._process.closeWriteChannel()
        if not self._process.waitForFinished(_GOODBYE_MS):
            self._process.kill()
            self._process.waitForFinished(_GOODBYE_MS)

    def _say_no_more(self) -> None:
        self._ended = True
        for timer in (self._tick, self._more):
            timer.stop()

    def _write(self, line: str) -> None:
        if self._process.state() == QProcess.ProcessState.Running:
            self._process.write(line.encode() + b"\n")

    def _read(self) -> None:
        self._quiet.start()
        self._input += self._process.readAllStandardOutput().data()
        *lines, rest = self._input.split(b"\n")
        self._input = bytearray(rest)
        self._lines.extend(line.decode("utf-8", "replace") for line in lines)
        if self._lines and not self._more.isActive():
            self._handle_lines()

    def _handle_lines(self) -> None:
        clock = QElapsedTimer()
        clock.start()
        while self._lines and not self._ended:
            if clock.elapsed() > _SLICE_MS:
                self._more.start()
                return
            self._handle(self._lines.popleft())

    def _handle(self, line: str) -> None:
        if line.startswith((_STEP, _EXPORT_PROGRESS)):
            self._latest[line.partition(_SHOT)[2][:40]] = line  # of several shots, each has its own
            if not self._tick.isActive():
                self._tick.start()
            return
        try:
            record = decode(line)
        except ContractError as error:
            self.log_line.emit(f"the engine wrote a line that is none of the contract's ({error}): {line[:200]}")
            return
        match record:
            case Starting():
                pass
            case Hello():
                self._greet(record)
            case Heartbeat():
                self.heartbeat.emit(record)
            case GenerateRequest() | ImportRequest() | ExportRequest() | PlanRequest() | Cancel():
                self.log_line.emit(f"the engine wrote a request: {line[:200]}")
            case _:
                self._pass_latest()  # what came before is told before
                self.event_read.emit(record)

    def _greet(self, hello: Hello) -> None:
        if hello.contract != CONTRACT_VERSION:
            reason = self.tr("it speaks version {0} of the contract, not {1}: install Matchcut again")
            self._end(reason.format(hello.contract, CONTRACT_VERSION))
            self._process.kill()
            return
        self.hello.emit({"engine": hello.engine, "pid": hello.pid, "device": hello.device, "memory": hello.memory})

    def _pass_latest(self) -> None:
        waiting, self._latest = list(self._latest.values()), {}
        for line in waiting:
            try:
                record = decode(line)
            except ContractError as error:
                self.log_line.emit(f"the engine wrote progress that cannot be read ({error})")
                continue
            if isinstance(record, (Step, ExportProgress)):
                self.event_read.emit(record)

    def _read_log(self) -> None:
        self._quiet.start()
        self._log += self._process.readAllStandardError().data()
        *lines, rest = self._log.split(b"\n")
        self._log = bytearray(rest[-10_000:])
        for line in lines:
            self.log_line.emit(line.decode("utf-8", "replace"))

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        if self._ended:
            return
        self._read()
        self._drain()
        crashed = status == QProcess.ExitStatus.CrashExit
        text = self.tr("it was ended by signal {0}") if crashed else self.tr("it ended with code {0}")
        self._end(text.format(code))

    def _drain(self) -> None:
        """Tell everything that it said before it ended: a take that was saved is saved."""
        while self._lines and not self._ended:
            self._handle_lines()
        self._pass_latest()

    def _error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._end(self.tr("it could not be started: {0}").format(self._process.errorString()))

    def _end(self, reason: str) -> None:
        if not self._ended:
            self._ended = True
            self.lost.emit(reason)


def _environment() -> QProcessEnvironment:
    """The worker's environment: it finds Matchcut's packages, and no Qt variable matters to it."""
    environment = QProcessEnvironment.systemEnvironment()
    known = environment.value("PYTHONPATH", "")
    environment.insert("PYTHONPATH", str(ROOT) + (os.pathsep + known if known else ""))
    environment.insert("PYTHONUNBUFFERED", "1")
    environment.insert("HF_HUB_OFFLINE", "1")
    return environment


