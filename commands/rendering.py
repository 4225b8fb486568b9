"""Works through the queue: job -> request -> engine -> events -> takes, one job after the other.

The engine runs in this process. A job that fails is told and the next one begins, unless its reason would fail every
other one too. Ctrl-C stops between two steps: the job is cancelled, with those that this command had queued after it.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.failing import CANCELLED, ENGINE_FAILURE, OK, USER_ERROR, USERS, CommandError, Told
from commands.interrupt import Interrupt
from commands.model_folders import need_model
from commands.terminal import Bars, Terminal, clock
from engine.contract import TERMINAL, Event, Failed, GenerateRequest, ImportRequest, Phase, Saved, Step
from storyboards.requests import apply_event, begin_job
from storyboards.storyboard import Storyboard
from storyboards.views import JobView

if TYPE_CHECKING:
    from engine.engine import Engine

Made = GenerateRequest | ImportRequest
# What stops one job for these reasons stops every other one too.
HOPELESS = frozenset({"missing_model", "bad_model", "disk_full", "read_only"})


@dataclass(frozen=True, slots=True)
class MadeTake:
    """A take that has been written down."""

    shot: int
    take: int
    take_id: str
    shot_id: str
    folder: str
    seconds: float
    sees: int


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that did not work out. `began` is False when no engine was asked."""

    shot: int
    job: str
    code: str
    message: str
    hint: str
    began: bool


@dataclass(slots=True)
class Outcome:
    """What came of a run through the queue."""

    takes: list[MadeTake] = field(default_factory=list)
    failures: list[FailedJob] = field(default_factory=list)
    cancelled: bool = False
    waiting: int = 0  # jobs that are still queued

    @property
    def exit_code(self) -> int:
        """How the command ends."""
        if self.cancelled:
            return CANCELLED
        if not self.failures:
            return OK
        users = all(not failure.began or failure.code in USERS for failure in self.failures)
        return USER_ERROR if users else ENGINE_FAILURE

    def as_dict(self) -> dict[str, Any]:
        """Plain values for scripts."""
        return {
            "takes": [_plain(take) for take in self.takes],
            "failures": [_plain(failure) for failure in self.failures],
            "cancelled": self.cancelled,
            "waiting": self.waiting,
        }


def _plain(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


def run_jobs(
    storyboard: Storyboard,
    terminal: Terminal,
    wanted: Callable[[JobView], bool],
    mine: Collection[str] = (),
    engine: Engine | None = None,
    wishes: Namespace | None = None,
) -> Outcome:
    """Run the queued jobs that are `wanted`, in the order of the queue.

    `mine` are ids of jobs that this command queued: they are cancelled with it. `wishes`: arguments that say how the
    model shall lie in memory. Raises CommandError when the queue is paused or the project's model is not there, before
    anything has begun.
    """
    waiting = [job for job in _queued(storyboard) if wanted(job)]
    if not waiting:
        return Outcome()
    if storyboard.project().queue_paused:
        raise CommandError("The queue is paused.", "Let it go on: main.py jobs --resume.")
    need_model(storyboard.project().model)
    return _Run(storyboard, terminal, wanted, frozenset(mine), wishes).go(engine, waiting)


def _queued(storyboard: Storyboard) -> list[JobView]:
    return [job for job in storyboard.jobs(active=True) if job.state == "queued"]


def new_engine(terminal: Terminal, wishes: Namespace | None = None) -> Engine:
    """Start the engine in this process; the one place of the command line where rendering loads torch."""
    if terminal.err.is_terminal:
        terminal.note("starting the engine ...")
    from engine.engine import Engine
    from engine.memory.wishes import asked_in

    if wishes is None:
        return Engine()
    return Engine(asked=asked_in(wishes))


class _Run:
    def __init__(
        self,
        storyboard: Storyboard,
        terminal: Terminal,
        wanted: Callable[[JobView], bool],
        mine: frozenset[str],
        wishes: Namespace | None,
    ) -> None:
        self.storyboard, self.terminal = storyboard, terminal
        self.wanted, self.mine, self.wishes = wanted, mine, wishes
        self.outcome = Outcome()
        self.hopeless = False

    def go(self, engine: Engine | None, waiting: list[JobView]) -> Outcome:
        total = sum(job.takes_planned - job.takes_saved for job in waiting)
        with Interrupt() as interrupt:
            engine = engine or new_engine(self.terminal, self.wishes)
            interrupt.on_ask(engine.cancel)
            with self.terminal.bars("rendering", total) as bars:
                while not interrupt.asked and not self.hopeless:
                    job = next((job for job in _queued(self.storyboard) if self.wanted(job)), None)
                    if job is None:
                        break
                    self._job(job, engine, interrupt, _Screen(bars, self.outcome, total))
            self.outcome.cancelled = interrupt.asked
            if interrupt.asked or self.hopeless:
                self._cancel_mine()
        self.outcome.waiting = sum(1 for job in _queued(self.storyboard) if self.wanted(job))
        return self.outcome

    def _job(self, job: JobView, engine: Engine, interrupt: Interrupt, screen: _Screen) -> None:
        begun = begin_job(self.storyboard, job.id)
        if begun.request is None:
            self._note_failure(job, began=False)
            return
        last: Event | None = None
        for event in engine.run(begun.request):
            apply_event(self.storyboard, job.id, event)
            screen.show(event, begun.request)
            if isinstance(event, Saved):
                self._note_take(event, begun.request, screen)
            if interrupt.asked and not isinstance(event, TERMINAL):
                engine.cancel()  # again: a request that was just beginning has not heard the first call
            last = event
        if isinstance(last, Failed):
            self._note_failure(job, began=True)

    def _note_take(self, event: Saved, request: Made, screen: _Screen) -> None:
        take = event.take
        number = _shot_number(request, take.shot_id)
        made = MadeTake(
            number, take.take_number, take.take_id, take.shot_id, take.folder, take.seconds, len(take.context)
        )
        self.outcome.takes.append(made)
        screen.saved(made)

    def _note_failure(self, job: JobView, *, began: bool) -> None:
        row = self.storyboard.job(job.id)
        if row.state != "failed":
            return  # nothing was left to do
        failure = FailedJob(job.shot_number, job.id, row.code, row.message, row.hint, began)
        self.outcome.failures.append(failure)
        self.hopeless = began and row.code in HOPELESS
        self.terminal.note(f"shot {failure.shot} failed: {Told(row.message, row.hint, ENGINE_FAILURE).line}")

    def _cancel_mine(self) -> None:
        for job in _queued(self.storyboard):
            if job.id in self.mine:
                self.storyboard.cancel_job(job.id)


class _Screen:
    """Turns the events of a job into progress."""

    def __init__(self, bars: Bars, outcome: Outcome, total: int) -> None:
        self._bars, self._outcome, self._total = bars, outcome, total

    def show(self, event: Event, request: Made) -> None:
        """Move the bars."""
        match event:
            case Phase(text=text):
                self._bars.line(f"{text} ...")
            case Step(step=step, steps=steps, shot_id=shot_id, take_id=take_id, seconds_left=left):
                done = len(self._outcome.takes)
                joint = isinstance(request, GenerateRequest) and request.joint
                together = len(request.shots) if joint else 1
                self._bars.whole(done + together * step / steps, f"take {done + 1} of {self._total}")
                name = "all shots together" if joint else _name(request, shot_id, take_id)
                self._bars.piece(name, step, steps, left)
            case _:
                pass

    def saved(self, made: MadeTake) -> None:
        """Tell of a finished take."""
        self._bars.whole(len(self._outcome.takes), f"take {len(self._outcome.takes)} of {self._total}")
        sees = f", saw {made.sees} other(s)" if made.sees else ""
        self._bars.line(f"shot {made.shot} take {made.take}: {clock(made.seconds)}{sees}  [{Path(made.folder).name}]")


def _shot_number(request: Made, shot_id: str) -> int:
    return next(shot.order + 1 for shot in request.shots if shot.shot_id == shot_id)


def _name(request: Made, shot_id: str, take_id: str) -> str:
    shot = next(shot for shot in request.shots if shot.shot_id == shot_id)
    take = next((task.take_number for task in shot.takes if task.take_id == take_id), 0)
    return f"shot {shot.order + 1} take {take}"
