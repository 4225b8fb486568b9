"""The engine as a child process: `python -m engine.worker`. Requests come in on stdin, events go out on stdout.

One record of the contract a line. `Starting` comes at once, `Hello` when the heavy imports are done, a `Heartbeat`
every five seconds. What anything prints goes to stderr, the log. The end of stdin cancels what runs and ends the
worker; so does the death of its parent. With `--films` it makes films of takes and nothing else: it loads no torch, is
there in a moment, and may run beside a worker that renders.
"""

from __future__ import annotations

import argparse
import ctypes
import dataclasses
import faulthandler
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, TextIO

from engine.contract import (
    CONTRACT_VERSION,
    TERMINAL,
    Cancel,
    Cancelled,
    ContractError,
    Event,
    ExportProgress,
    ExportRequest,
    Failed,
    GenerateRequest,
    Hello,
    ImportRequest,
    PlanRequest,
    Record,
    Starting,
    Step,
    decode,
    encode,
)
from engine.memory.plans import Asked
from engine.memory.wishes import add_wishes, asked_in
from engine.pulse import Pulse
from engine.version import engine_version

if TYPE_CHECKING:
    from engine.film.maker import FilmMaker

log = logging.getLogger("matchcut.worker")
PROGRESS_S = 0.05  # at most twenty a second
LEAVE_S = 20.0  # after the end of stdin, before the worker goes without waiting any longer
_PR_SET_PDEATHSIG = 1


class Out:
    """Writes records, one a line, from any thread; progress of a request no more often than it can be shown."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._told: dict[tuple[str, str], float] = {}
        self._previews: dict[tuple[str, str], str] = {}

    def write(self, record: Record) -> None:
        """Write a line. A reader that has gone is no error: the end of stdin follows."""
        with self._lock:
            try:
                self._stream.write(encode(record) + "\n")
                self._stream.flush()
            except (BrokenPipeError, ValueError):
                log.info("nobody reads any more")

    def event(self, event: Event) -> None:
        """Write an event. Progress may be left out, but never the first or the last of a piece of work."""
        if isinstance(event, (Step, ExportProgress)):
            kept = self._progress(event)
            if kept is not None:
                self.write(kept)
            return
        self.write(event)
        if isinstance(event, TERMINAL):
            self._told = {key: when for key, when in self._told.items() if key[0] != event.request_id}

    def _progress(self, event: Step | ExportProgress) -> Step | ExportProgress | None:
        piece = event.take_id if isinstance(event, Step) else ""
        last = event.step >= event.steps if isinstance(event, Step) else event.done >= 1.0
        key, now = (event.request_id, piece), time.monotonic()
        if not last and now - self._told.get(key, -1.0) < PROGRESS_S:
            if isinstance(event, Step) and event.preview:
                self._previews[key] = event.preview  # goes with the next one that is told
            return None
        self._told[key] = now
        waiting = self._previews.pop(key, "")
        if isinstance(event, Step) and waiting and not event.preview:
            return dataclasses.replace(event, preview=waiting)
        return event


class Worker:
    """Reads in one thread, plans in a second, renders and exports in the main one, one request after the other."""

    def __init__(self, out: Out, make_engine: Callable[[], FilmMaker]) -> None:
        self._out, self._make_engine = out, make_engine
        # SimpleQueue: a signal handler may put something in.
        self._work: queue.SimpleQueue[GenerateRequest | ImportRequest | ExportRequest | None] = queue.SimpleQueue()
        self._plans: queue.SimpleQueue[PlanRequest | None] = queue.SimpleQueue()
        self._engine: FilmMaker | None = None
        self._cancelled: set[str] = set()
        self._running = ""
        self._leaving = threading.Event()
        self._pulse = Pulse(busy=True)  # importing, too, can hang

    def run(self, lines: TextIO) -> int:
        """Work until the input ends. Returns the exit code."""
        self._out.write(Starting(os.getpid()))
        for target, arguments in ((self._read, (lines,)), (self._pulse.beat, (self._out.write, self._leaving))):
            threading.Thread(target=target, args=arguments, daemon=True).start()
        self._engine = self._make_engine()
        threading.Thread(target=self._plan, name="planner", daemon=True).start()
        self._out.write(Hello(CONTRACT_VERSION, engine_version(), os.getpid(), *self._engine.device_facts()))
        self._pulse.rest()
        while (request := self._work.get()) is not None and not self._leaving.is_set():
            self._carry_out(request)
        return 0

    def leave(self) -> None:
        """Stop what runs between two steps, and end."""
        self._leaving.set()
        if self._engine is not None:
            self._engine.cancel()
        self._work.put(None)
        self._plans.put(None)

    def _carry_out(self, request: GenerateRequest | ImportRequest | ExportRequest) -> None:
        assert self._engine is not None
        if request.id in self._cancelled:
            self._cancelled.discard(request.id)
            self._out.event(Cancelled(request.id))
            return
        self._running = request.id
        self._pulse.begin()
        self._engine.execute(request, self._emit)
        self._pulse.rest()
        self._running = ""
        self._cancelled.discard(request.id)

    def _emit(self, event: Event) -> None:
        self._pulse.sign()
        if self._leaving.is_set() or event.request_id in self._cancelled:
            assert self._engine is not None
            self._engine.cancel()  # again: a request that was just beginning has not heard the first call
        self._out.event(event)

    def _read(self, lines: TextIO) -> None:
        for line in lines:
            if line.strip():
                self._take(line)
        self.leave()
        if self._engine is None:
            os._exit(0)  # still importing: there is nothing to bring to an end
        time.sleep(LEAVE_S)  # this thread is a daemon: when all goes well the process ends before
        log.error("the engine did not stop within %s s of the end of its input", LEAVE_S)
        os._exit(1)

    def _take(self, line: str) -> None:
        try:
            record = decode(line)
        except ContractError as error:
            message, hint = f"A request that cannot be read: {error}.", "Install Matchcut again; its parts do not fit."
            self._out.write(Failed("", "bad_request", message, hint))
            return
        match record:
            case Cancel(request_id=request_id):
                self._cancelled.add(request_id)
                if request_id == self._running and self._engine is not None:
                    self._engine.cancel()
            case GenerateRequest() | ImportRequest() | ExportRequest():
                self._work.put(record)
            case PlanRequest():
                self._plans.put(record)
            case _:
                message = f"{type(record).__name__} is not a request."
                self._out.write(Failed("", "bad_request", message, "Send a request of the contract."))

    def _plan(self) -> None:
        assert self._engine is not None
        while (request := self._plans.get()) is not None:
            self._engine.execute(request, self._out.event)


def new_engine(device: str, asked: Asked) -> FilmMaker:
    """The engine that renders, on a device of this name or the best there is, laid out in memory as `asked`."""
    import torch  # here, because it takes seconds: the first line must not wait for it

    from engine.engine import Engine

    return Engine(torch.device(device) if device else None, asked=asked)


def new_film_maker() -> FilmMaker:
    """The part of it that needs no model, and no torch."""
    from engine.film.maker import FilmMaker

    return FilmMaker()


def _own_stdout() -> TextIO:
    """Keep the real stdout for the protocol and send everything that prints, in C or Python, to the log."""
    sys.stdout.flush()
    protocol = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return protocol


def _die_with_parent(by: int) -> None:
    """On Linux the kernel ends the worker by a signal when the editor dies; elsewhere the end of stdin does."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, by, 0, 0, 0)
    if os.getppid() != parent:  # it died in between
        os._exit(1)


def _end_on(number: int, leave: Callable[[], None]) -> None:
    def handler(_number: int, _frame: FrameType | None) -> None:
        leave()

    signal.signal(number, handler)


def main(arguments: list[str] | None = None) -> int:
    """Run the worker until its input ends."""
    parser = argparse.ArgumentParser(prog="python -m engine.worker", description=__doc__)
    parser.add_argument("--device", default="", help="cpu, cuda, cuda:1, mps; by default the best there is")
    parser.add_argument("--films", action="store_true", help="make films of takes alone: loads no model and no torch")
    parser.add_argument("--keep", action="store_true", help="live on when the starting process dies with stdin open")
    add_wishes(parser)
    given = parser.parse_args(arguments)
    faulthandler.enable(sys.stderr)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    protocol = _own_stdout()
    make_engine = new_film_maker if given.films else partial(new_engine, given.device, asked_in(given))
    worker = Worker(Out(protocol), make_engine)
    _end_on(signal.SIGTERM, worker.leave)
    if not given.keep:  # a film that is half written lies where the user wants it: it is taken away in good order
        _die_with_parent(signal.SIGTERM if given.films else signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for the editor, which ends the worker
    return worker.run(sys.stdin)


if __name__ == "__main__":
    sys.exit(main())
