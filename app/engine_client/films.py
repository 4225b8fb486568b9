"""Films are made beside what the engine renders: by a small process of its own, there only while it is needed."""

from __future__ import annotations

from collections import deque

from PySide6.QtCore import QObject, Signal

from app.engine_client.process import FILM_WORKER
from app.engine_client.supervisor import EngineSupervisor
from app.engine_client.wording import still_text
from app.engine_client.work import RunningExport
from engine.contract import TERMINAL, Cancelled, Event, Exported, ExportProgress, ExportRequest, Failed


class Films(QObject):
    """Makes films one at a time. `progress` carries an export's id, 0 to 1, and what is being done."""

    progress = Signal(str, float, str)
    done = Signal(str, object)
    failed = Signal(str, str, str)

    def __init__(self, command: tuple[str, ...] = FILM_WORKER, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._maker = EngineSupervisor(command, self)
        self._maker.hello.connect(lambda _facts: self._next())
        self._maker.event_read.connect(self._event)
        self._maker.stalled.connect(self._stalled)
        self._maker.gone.connect(self._gone)
        self._maker.gave_up.connect(self._gave_up)
        self._waiting: deque[ExportRequest] = deque()
        self._running: RunningExport | None = None
        self._closed = False

    @property
    def pid(self) -> int:
        """The process that makes films, 0 while there is nothing to make."""
        return self._maker.pid

    def export(self, request: ExportRequest) -> None:
        """Make a film, after those that were asked for before."""
        if self._closed:
            return
        self._waiting.append(request)
        behind = self._running is not None or len(self._waiting) > 1
        text = self.tr("waiting for the film before it") if behind else self.tr("beginning")
        self.progress.emit(request.id, 0.0, text)
        self._maker.start()
        self._next()

    def cancel(self, export_id: str) -> None:
        """Stop making a film; `failed` tells when it is over."""
        running = self._running
        if running is not None and running.request.id == export_id:
            if not running.cancelling:
                running.cancelling = True
                self._maker.cancel(export_id)
        elif any(request.id == export_id for request in self._waiting):
            self._waiting = deque(request for request in self._waiting if request.id != export_id)
            self._tell_cancelled(export_id)

    def close(self) -> None:
        """End the process. A film that is half made is taken away by it."""
        self._closed = True
        self._running = None
        self._waiting.clear()
        self._maker.close()

    def _next(self) -> None:
        if self._running is not None or not self._maker.ready:
            return
        if self._waiting:
            self._running = RunningExport(self._waiting.popleft())
            self._maker.send(self._running.request)
        else:
            self._maker.dismiss()

    def _event(self, event: Event) -> None:
        running = self._running
        if running is None or event.request_id != running.request.id:
            return
        match event:
            case ExportProgress(done=done, text=text):
                running.done = done
                self.progress.emit(event.request_id, done, text)
            case Exported():
                self.done.emit(event.request_id, event)
            case Failed(message=message, hint=hint):
                self.failed.emit(event.request_id, message, hint)
            case Cancelled():
                self._tell_cancelled(event.request_id)
            case _:
                pass
        if isinstance(event, TERMINAL):
            self._running = None
            self._maker.settled()
            self._next()

    def _stalled(self, seconds: float) -> None:
        if self._running is not None:
            text = still_text(seconds) if seconds else ""
            self.progress.emit(self._running.request.id, self._running.done, text)

    def _gone(self, reason: str) -> None:
        running, self._running = self._running, None
        if running is not None and running.cancelling:
            self._tell_cancelled(running.request.id)
        elif running is not None:
            message = self.tr("The film could not be finished: {0}.").format(reason)
            self.failed.emit(running.request.id, message, self.tr("Nothing was written. Export once more."))
        if not self._waiting:
            self._maker.dismiss()

    def _gave_up(self, reason: str) -> None:
        message = self.tr("Films cannot be made: {0}.").format(reason)
        while self._waiting:
            self.failed.emit(self._waiting.popleft().id, message, self.tr("The log (Help menu) says more."))

    def _tell_cancelled(self, export_id: str) -> None:
        self.failed.emit(export_id, self.tr("The export was cancelled."), self.tr("Nothing was written."))
