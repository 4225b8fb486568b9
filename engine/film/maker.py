"""The part of the engine that needs no model: takes become films. Loads no torch, so it is there in a moment.

`engine.engine.Engine` is a FilmMaker that renders as well; how a request goes on and ends is written here, once.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from engine.contract import (
    TERMINAL,
    Cancelled,
    Event,
    ExportProgress,
    ExportRequest,
    Failed,
    Finished,
    PlanRequest,
    Request,
)
from engine.film.errors import BadExport
from engine.film.export import ExportCancelled, export
from engine.film.failures import Failure, plain_failure

log = logging.getLogger("matchcut.engine")
Emit = Callable[[Event], None]


class FilmMaker:
    """One request at a time, told as events; the last one is Finished, Failed or Cancelled."""

    cancellations: ClassVar[tuple[type[Exception], ...]] = (ExportCancelled,)

    def __init__(self) -> None:
        self._cancel = threading.Event()

    def device_facts(self) -> tuple[str, int]:
        """What it computes on, in words, and how many bytes of memory that has (0 where nobody knows)."""
        return "CPU", 0

    def cancel(self) -> None:
        """Ask the running request to stop between steps. What is finished stays."""
        self._cancel.set()

    def run(self, request: Request) -> Iterator[Event]:
        """Events of a request, the last of which is Finished, Failed or Cancelled.

        The work is done in a thread so that events can be taken as they come; leaving the iterator cancels.
        """
        events: queue.Queue[Event | BaseException] = queue.Queue()
        thread = threading.Thread(target=self._guarded, args=(request, events.put), name="engine", daemon=True)
        thread.start()
        try:
            while True:
                event = events.get()
                if isinstance(event, BaseException):
                    raise event
                yield event
                if isinstance(event, TERMINAL):
                    return
        finally:
            self._cancel.set()
            thread.join()

    def execute(self, request: Request, emit: Emit) -> None:
        """The same, in the caller's thread, one call of `emit` an event.

        Plans touch nothing of the engine: they may be asked for from another thread while something is rendered.
        """
        if not isinstance(request, PlanRequest):
            self._cancel.clear()
        started = time.monotonic()
        try:
            self._carry_out(request, emit)
            emit(Finished(request.id, time.monotonic() - started))
        except self.cancellations:
            emit(Cancelled(request.id))
        except Exception as error:
            code, message, hint = self._failure(error)
            log.warning("request %s failed: %s", request.id, message, exc_info=code == "internal")
            emit(Failed(request.id, code, message, hint))

    def _guarded(self, request: Request, put: Callable[[Any], None]) -> None:
        try:
            self.execute(request, put)
        except BaseException as error:  # noqa: BLE001 - carried to the caller's thread
            put(error)

    def _carry_out(self, request: Request, emit: Emit) -> None:
        """Do what the request asks, telling what comes before the end of it."""
        if not isinstance(request, ExportRequest):
            raise BadExport("Here films are made of takes, and nothing else.", "Ask the engine itself for this.")
        emit(export(request, lambda done, text: emit(ExportProgress(request.id, done, text)), self._cancel.is_set))

    def _failure(self, error: Exception) -> Failure:
        return plain_failure(error)
