"""Works through the queue with the engine process: a job, its events into the document, the next job. One at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.document.open_document import OpenDocument
from app.engine_client.process import WORKER
from app.engine_client.questions import Questions
from app.engine_client.supervisor import EngineSupervisor
from app.engine_client.wording import status_text, still_text
from app.engine_client.work import RunningJob
from app.shots_model import ShotProgress
from engine.contract import (
    TERMINAL,
    CacheReport,
    Cancelled,
    Event,
    Failed,
    Heartbeat,
    Phase,
    Planned,
    Saved,
    Step,
)
from storyboards.changes import ChangeSet
from storyboards.errors import WrongState
from storyboards.requests import Begun, apply_event, start_next
from storyboards.storyboard import Storyboard

# What fails one job for these reasons fails every other one too: the queue is paused instead of emptied.
HOPELESS = frozenset({"missing_model", "bad_model", "disk_full", "read_only"})


class QueueRunner(QObject):
    """Nothing here waits: the document works in its thread, the engine in its process, and both answer by signals.

    `engine_state` is one of "off", "starting", "loading", "ready", "working", "restarting", "failed".
    """

    engine_state = Signal(str)
    status = Signal(str)
    hello = Signal(dict)
    memory = Signal(object)  # bytes that the engine uses
    step = Signal(str, object)
    preview = Signal(str, str)
    planned = Signal(str, object)
    take_saved = Signal(str, str)
    job_failed = Signal(str, str, str)
    job_interrupted = Signal(str, str)  # job, shot: offer to queue it again
    stalled = Signal(str, str, float)  # job and its name, seconds without progress: offer to end it; 0 when it goes on

    def __init__(
        self, document: OpenDocument, command: tuple[str, ...] = WORKER, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._command = document, command
        self._engine = EngineSupervisor(command, self)
        self._engine.state_changed.connect(self._say_state)
        self._engine.hello.connect(self._greeted)
        self._engine.event_read.connect(self._event)
        self._engine.gone.connect(self._engine_gone)
        self._engine.gave_up.connect(self._gave_up)
        self._engine.heartbeat.connect(self._heard)
        self._engine.stalled.connect(self._stalled)
        self._questions = Questions(document, self._engine, self)
        self._questions.answered.connect(self.planned)
        self._running: RunningJob | None = None
        self._shown: dict[str, ShotProgress] = {}  # of what runs, by shot
        self._beginning = False  # the document is taking a job out of the queue
        self._called = False  # something was queued meanwhile
        self._unwanted: set[str] = set()  # jobs cancelled before the engine got them
        self._closed = False
        self._loading = False
        self._said = "off"

    @property
    def engine_pid(self) -> int:
        """The process id of the engine, 0 without one."""
        return self._engine.pid

    @property
    def state(self) -> str:
        """What `engine_state` said last."""
        return self._said

    def start(self) -> None:
        """Start the engine; call it after the window has been painted."""
        if not self._closed:
            self._engine.start()

    def wake(self) -> None:
        """Something was queued: begin it when the engine is free. Starts an engine that was given up again."""
        if self._closed:
            return
        if self._engine.state in ("off", "failed"):
            self._engine.start()
        self._next()

    def cancel_job(self, job_id: str) -> None:
        """Cancel a job, waiting or running. The queue shows it at once, whatever the engine is doing."""
        running = self._running
        if running is not None and running.job_id == job_id and not running.cancelling:
            running.cancelling = True
            self.status.emit(self.tr("cancelling {0} …").format(running.name))
            self._engine.cancel(running.request.id)
        elif self._beginning:
            self._unwanted.add(job_id)
        self._document.do("", partial(_cancel, job_id), undoable=False)

    def pause(self) -> None:
        """Let no further job begin; the running one goes on."""
        self._document.do("", lambda storyboard: storyboard.pause_queue(), undoable=False)

    def resume(self) -> None:
        """Let jobs begin again."""
        self._document.do(
            "", lambda storyboard: storyboard.resume_queue(), undoable=False, then=lambda _: self.wake()
        )

    def use_engine(self, command: tuple[str, ...]) -> None:
        """Go on with an engine that is started otherwise: at once when nothing runs, else after what runs."""
        self._command = command
        if self._running is not None and command != self._engine.command:
            self.status.emit(self.tr("The engine takes the new settings after {0}.").format(self._running.name))
        self._renew()

    def _renew(self) -> None:
        """Put the engine that is wanted in the place of the one that idles. What was asked of that is asked again."""
        if self._closed or self._running is not None or self._beginning or self._command == self._engine.command:
            return
        self._engine.use(self._command)
        self._questions.engine_gone()

    def restart_engine(self) -> None:
        """End the engine and start it anew. What runs is interrupted, to be offered again."""
        self._engine.restart(self.tr("it was asked to start again"))

    def plan(
        self,
        shot_id: str,
        then: Callable[[Planned], None],
        failed: Callable[[str, str], None] | None = None,
    ) -> None:
        """Ask what a render of this shot would see now; the answer comes when the engine is there.

        `failed` gets a message and a hint where a render would fail at once.
        """
        self._questions.ask(shot_id, then, failed)

    def close(self) -> None:
        """End the engine. What ran is marked as interrupted, to be offered again."""
        if self._closed:
            return
        self._closed = True
        running, self._running = self._running, None
        if running is not None or self._beginning:
            self._document.do("", lambda storyboard: storyboard.interrupt_jobs(), undoable=False)
        self._engine.close()

    def _next(self) -> None:
        self._renew()
        if self._closed or self._running is not None or not self._engine.ready:
            return
        if self._beginning:
            self._called = True
            return
        if not self._document.read_only:
            self._begin()

    def _begin(self) -> None:
        self._beginning, self._called = True, False
        begun: list[Begun] = []

        def verb(storyboard: Storyboard) -> ChangeSet:
            found = start_next(storyboard)
            if found is None:
                return ChangeSet()
            begun.append(found)
            return found.changes

        self._document.do(
            "", verb, undoable=False, then=lambda _: self._begun(begun), failed=self._could_not_begin
        )

    def _begun(self, begun: list[Begun]) -> None:
        self._beginning = False
        unwanted, self._unwanted = self._unwanted, set()
        if self._closed:
            return
        if not begun:
            self._renew()
            self._say_state()
            if self._called:
                self._next()
            return
        job = begun[0]
        if job.request is None:  # it has failed already, or there was nothing left to do
            self._tell_failure(job.job_id)
            self._next()
        elif job.job_id in unwanted:
            self._apply(job.job_id, Cancelled(job.request.id), then=lambda _: self._next())
        elif not self._engine.ready:
            self._interrupt(RunningJob(job.job_id, job.request))
        else:
            self._running = running = RunningJob(job.job_id, job.request)
            self._shown.clear()
            for shot_id in running.shots:
                self._show(shot_id, running.beginning(shot_id, self.tr("beginning")))
            self._engine.send(job.request)
            self._say_state()

    def _could_not_begin(self, error: Exception) -> None:
        self._beginning = False
        self._document.tell(error)
        self._say_state()

    def _event(self, event: Event) -> None:
        if self._questions.take(event):
            return
        running = self._running
        if running is None or event.request_id != running.request.id:
            if isinstance(event, Failed) and not event.request_id:
                self._document.problem.emit(event.message, event.hint)
            return
        self._job_event(running, event)
        if isinstance(event, TERMINAL):
            self._engine.settled()
            self._running = None
            self._loading = False
            self._next()
            self._say_state()

    def _job_event(self, running: RunningJob, event: Event) -> None:
        match event:
            case Phase(text=text):
                self._show_phase(running, text)
            case Step(shot_id=shot_id):
                self._loading_over()
                self._show(shot_id, running.progress(event))
                if event.preview:
                    self.preview.emit(shot_id, event.preview)
            case Planned(shot_id=shot_id):
                self.planned.emit(shot_id, event)
            case CacheReport(shot_id=shot_id):
                self._loading_over()
                self._show(shot_id, running.beginning(shot_id, self.tr("reading its context")))
            case Saved(take=take):
                told = partial(self._saved, take.shot_id, take.take_id, take.take_number)
                self._apply(running.job_id, event, then=told)
            case Failed(code=code, message=message, hint=hint):
                self._apply(running.job_id, event)
                if not running.cancelling:
                    self._job_failed(running, code, message, hint)
            case _:
                self._apply(running.job_id, event)

    def _apply(self, job_id: str, event: Event, then: Callable[[ChangeSet], None] | None = None) -> None:
        self._document.do("", lambda storyboard: apply_event(storyboard, job_id, event), undoable=False, then=then)

    def _saved(self, shot_id: str, take_id: str, number: int, changes: ChangeSet) -> None:
        """Generation is not undone, but that its take replaced the one shown is."""
        rows = tuple(row for row in changes if row.table == "shot" and row.before.get("selected_take_id"))
        self._document.note_step(self.tr("Show take {0}").format(number), ChangeSet(rows))
        self.take_saved.emit(shot_id, take_id)

    def _job_failed(self, running: RunningJob, code: str, message: str, hint: str) -> None:
        self.job_failed.emit(running.job_id, message, hint)
        if code in HOPELESS:
            self.pause()
            hint = f"{hint} {self.tr('The queue is paused until you resume it.')}".strip()
        name = running.name
        self._document.problem.emit(f"{name[:1].upper()}{name[1:]}: {message}", hint)

    def _tell_failure(self, job_id: str) -> None:
        def tell(found: tuple[str, str, str]) -> None:
            state, message, hint = found
            if state == "failed":
                self.job_failed.emit(job_id, message, hint)
                self._document.problem.emit(message, hint)

        self._document.ask(partial(_outcome, job_id), tell)

    def _show(self, shot_id: str, progress: ShotProgress) -> None:
        self._shown[shot_id] = progress
        self.step.emit(shot_id, progress)

    def _stalled(self, seconds: float) -> None:
        """Say on the job, and to whoever can offer a way out, that the engine stands still; or that it goes on."""
        running = self._running
        if running is None:
            self.status.emit(still_text(seconds) if seconds else "")
            return
        for shot_id in running.shots:
            if shot_id in self._shown:
                self._show(shot_id, replace(self._shown[shot_id], still_s=seconds))
        self.stalled.emit(running.job_id, running.name, 0.0 if running.cancelling else seconds)

    def _show_phase(self, running: RunningJob, text: str) -> None:
        self._loading = text.startswith("loading")
        self.status.emit(f"{text} …")
        for shot_id in running.shots:
            self._show(shot_id, running.beginning(shot_id, text))
        self._say_state()

    def _loading_over(self) -> None:
        if self._loading:
            self._loading = False
            self._say_state()

    def _greeted(self, hello: dict[str, object]) -> None:
        snapshot = self._document.snapshot
        model = Path(snapshot.model).name if snapshot is not None else ""
        self.hello.emit({**hello, "model": model})
        self._questions.send_waiting()
        self._next()

    def _heard(self, heartbeat: Heartbeat) -> None:
        self.memory.emit(heartbeat.rss)

    def _engine_gone(self, reason: str) -> None:
        running, self._running = self._running, None
        self._loading = False
        self._questions.engine_gone()
        if running is not None:
            self.stalled.emit(running.job_id, running.name, 0.0)
            self._interrupt(running, reason)
        self._say_state()

    def _interrupt(self, running: RunningJob, reason: str = "") -> None:
        def told(_changes: ChangeSet) -> None:
            if running.cancelling:
                return
            message = self.tr("The engine stopped while it was working on {0}").format(running.name)
            message += f" ({reason})." if reason else "."
            hint = self.tr("It starts again. What is finished is safe; press Resume in the queue for the rest.")
            self._document.problem.emit(message, hint)
            for shot_id in running.shots[:1]:
                self.job_interrupted.emit(running.job_id, shot_id)

        self._document.do("", lambda storyboard: storyboard.interrupt_jobs(), undoable=False, then=told)

    def _gave_up(self, reason: str) -> None:
        message = self.tr("The engine does not stay alive: {0}.").format(reason)
        hint = self.tr("You can go on writing. To try again, queue something; the log (Help menu) says more.")
        self._document.problem.emit(message, hint)

    def _say_state(self, _engine: str = "") -> None:
        state = self._engine.state
        if state == "ready" and self._running is not None:
            state = "loading" if self._loading else "working"
        if state == self._said or self._closed:
            return
        self._said = state
        self.engine_state.emit(state)
        self.status.emit(status_text(state, self._running))


def _cancel(job_id: str, storyboard: Storyboard) -> ChangeSet:
    try:
        return storyboard.cancel_job(job_id)
    except WrongState:
        return ChangeSet()  # it came to its end while the user was reaching for the button


def _outcome(job_id: str, storyboard: Storyboard) -> tuple[str, str, str]:
    job = storyboard.job(job_id)
    return job.state, job.message, job.hint


