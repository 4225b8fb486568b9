"""The open project as the screens hold it: verbs in, change sets and snapshots out, all work off the GUI thread."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from app.document.snapshot import SceneReader, SceneSnapshot
from app.document.thread import DocumentThread
from app.document.undo_steps import UndoStep
from storyboards.changes import ChangeSet
from storyboards.errors import NotFound, StoryboardError
from storyboards.project import Project
from storyboards.storyboard import Storyboard
from storyboards.views import JobView

log = logging.getLogger("matchcut.app")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a verb changed, and the shown scene after it where that was read along."""

    changes: ChangeSet
    snapshot: SceneSnapshot | None


class OpenDocument(QObject):
    """A project that is open in the editor. Closing it closes the project.

    `snapshot` and `jobs` are what was last read, None and () before. An empty project gets its first scene.
    """

    committed = Signal(object)
    scene_read = Signal(object)
    jobs_read = Signal(object)
    problem = Signal(str, str)
    scene_switched = Signal(str)

    def __init__(self, project: Project, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.project, self.storyboard, self.read_only = project, project.storyboard, project.read_only
        self.undo_stack = QUndoStack(self)
        self.undo_stack.setUndoLimit(500)
        self.snapshot: SceneSnapshot | None = None
        self.jobs: tuple[JobView, ...] = ()
        self._thread = DocumentThread(self)
        self._reader = SceneReader(project.storyboard)  # used on the document thread alone
        self._scene_wanted = self._scene_reading = False
        self._jobs_wanted = self._jobs_reading = False
        self._closed = False
        self.scene_id = self._first_scene()
        self.refresh()

    def do(
        self,
        text: str,
        verb: Callable[[Storyboard], ChangeSet],
        *,
        undoable: bool = True,
        merge: str = "",
        then: Callable[[ChangeSet], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        """Run a verb. `text` names it in the Edit menu; steps with the same `merge` within 2 s become one.

        A failure is told by `problem`, or by `failed` where that is given.
        """
        self._thread.submit(
            partial(self._carry_out, verb), partial(self._done, text, undoable, merge, then), failed or self.tell
        )

    def ask(
        self,
        read: Callable[[Storyboard], T],
        then: Callable[[T], None],
        failed: Callable[[Exception], None] | None = None,
        *,
        latest: str = "",
    ) -> None:
        """Read something off the GUI thread; it sees all verbs that were done before.

        `latest` names a question that a newer one makes pointless: a held arrow key asks for the takes of each shot
        that it passes, and only where it stops is the answer wanted.
        """
        self._thread.submit(partial(read, self.storyboard), then, failed or self.tell, latest=latest)

    def show_scene(self, scene_id: str) -> None:
        """Show another scene of the project."""
        if scene_id == self.scene_id:
            return
        self.scene_id = scene_id
        self.scene_switched.emit(scene_id)
        self._read_scene()

    def undo(self) -> None:
        """Take the last step back, also one whose verb is still being carried out."""
        self._in_turn(self.undo_stack.undo)

    def redo(self) -> None:
        """Do the last undone step again."""
        self._in_turn(self.undo_stack.redo)

    def note_step(self, text: str, changes: ChangeSet) -> None:
        """Let something that was committed elsewhere be undone, unless that would cost the user a redo."""
        if changes and not self.undo_stack.canRedo():
            self.undo_stack.push(UndoStep(text, self, changes))

    def refresh(self) -> None:
        """Read the shown scene and the queue anew; several calls in a row cost one reading."""
        self._thread.submit(self._reader.forget, lambda _: None, self.tell)
        self._read_scene()
        self._read_jobs()

    def flush(self, timeout_ms: int = 5000) -> bool:
        """Wait until all asked work is done and told, handling events meanwhile. False when the time is over."""
        return self._thread.flush(timeout_ms)

    def close(self) -> None:
        """Finish what was asked for and let go of the project. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self.undo_stack.blockSignals(True)  # Qt empties it when it takes the window down, and nobody is there to hear
        self._thread.close()
        self.project.close()

    def revert(self, turn: Callable[[Storyboard], ChangeSet]) -> None:
        """Carry out one turn of an undo step."""
        self.do("", turn, undoable=False)

    def tell(self, error: Exception) -> None:
        """Say what went wrong in the user's words; what nobody foresaw goes to the log as well."""
        if isinstance(error, StoryboardError):
            self.problem.emit(error.message, error.hint)
            return
        log.error("unexpected error on the document thread", exc_info=error)
        hint = self.tr("Nothing else was changed. If it happens again, please report it with the log.")
        self.problem.emit(self.tr("That did not work: {0}").format(f"{type(error).__name__}: {error}"), hint)

    def _first_scene(self) -> str:
        scenes = self.storyboard.scenes()
        if scenes:
            return scenes[0].id
        if self.read_only:
            return ""
        return self.storyboard.create_scene(self.tr("Scene 1")).new_id("scene")

    def _in_turn(self, action: Callable[[], None]) -> None:
        """Act once all verbs asked for so far are on the undo stack."""
        if self._thread.pending:
            self._thread.submit(lambda: None, lambda _: action(), self.tell)
        else:
            action()

    def _carry_out(self, verb: Callable[[Storyboard], ChangeSet]) -> _Outcome:
        """On the document thread: do a verb, and see at once what the scene is like now.

        While more is waiting the scene is left for later: many quick edits cost few readings.
        """
        changes = verb(self.storyboard)
        self._reader.note(changes)
        if not changes or not self.scene_id or self._thread.waiting:
            return _Outcome(changes, None)
        try:
            return _Outcome(changes, self._reader.now(self.scene_id))
        except Exception as error:  # noqa: BLE001 - the verb is done; the reading that follows tells what is wrong
            log.debug("the scene could not be read after a verb: %s", error)
            return _Outcome(changes, None)

    def _done(
        self, text: str, undoable: bool, merge: str, then: Callable[[ChangeSet], None] | None, outcome: _Outcome
    ) -> None:
        changes = outcome.changes
        if changes:
            if undoable:
                self._push(text, merge, changes)
            self.committed.emit(changes)
        if then is not None:
            then(changes)
        if changes:
            self._show_what_changed(outcome)

    def _push(self, text: str, merge: str, changes: ChangeSet) -> None:
        stack = self.undo_stack
        last = stack.command(stack.index() - 1) if stack.index() and not stack.canRedo() else None
        if isinstance(last, UndoStep) and last.absorb(changes, merge):
            return
        stack.push(UndoStep(text, self, changes, merge))

    def _show_what_changed(self, outcome: _Outcome) -> None:
        if outcome.snapshot is None or outcome.snapshot.scene.id != self.scene_id:
            self._read_scene()
        else:
            self._show(outcome.snapshot)
        if {change.table for change in outcome.changes} & {"job", "take", "shot", "scene", "project"}:
            self._read_jobs()

    def _read_scene(self) -> None:
        self._scene_wanted = True
        if self._scene_reading or not self.scene_id:
            return
        self._scene_wanted, self._scene_reading = False, True
        self._thread.submit(partial(self._read, self.scene_id), self._scene_arrived, self._scene_failed)

    def _read(self, scene_id: str) -> SceneSnapshot | str:
        """Read the scene; if it was deleted meanwhile, answer with the id of the one to show instead."""
        try:
            return self._reader.now(scene_id)
        except NotFound:
            return next((scene.id for scene in self.storyboard.scenes()), "")

    def _scene_arrived(self, snapshot: SceneSnapshot | str) -> None:
        self._scene_reading = False
        if isinstance(snapshot, str):
            if snapshot:
                self.show_scene(snapshot)
        elif snapshot.scene.id == self.scene_id:
            self._show(snapshot)
        if self._scene_wanted:
            self._read_scene()

    def _show(self, snapshot: SceneSnapshot) -> None:
        self.snapshot = snapshot
        self.scene_read.emit(snapshot)

    def _scene_failed(self, error: Exception) -> None:
        self._scene_reading = False
        self.tell(error)

    def _read_jobs(self) -> None:
        self._jobs_wanted = True
        if self._jobs_reading:
            return
        self._jobs_wanted, self._jobs_reading = False, True
        self.ask(lambda storyboard: tuple(storyboard.jobs()), self._jobs_arrived, self._jobs_failed)

    def _jobs_arrived(self, jobs: tuple[JobView, ...]) -> None:
        self._jobs_reading = False
        self.jobs = jobs
        self.jobs_read.emit(jobs)
        if self._jobs_wanted:
            self._read_jobs()

    def _jobs_failed(self, error: Exception) -> None:
        self._jobs_reading = False
        self.tell(error)
