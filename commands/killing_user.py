"""The victim of `bench kill --what editor|worker`: the real editor without a screen, and a user who never rests.

`python -m commands.killing_user PROJECT SEED STEPS`. The user does one thing after the other, each begun when the one
before is in the document, and keeps the queue filled. What has been acknowledged goes to stdout, one JSON object a
line; a line on stdin asks to stop editing, to let the queue run dry, and to close the window. So does its end.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QSocketNotifier, QTimer
from PySide6.QtWidgets import QApplication

from app.shell.window import MainWindow
from app.shell.workspace import Workspace
from storyboards.changes import ChangeSet
from storyboards.views import JobView

FIELDS = ("prompt", "notes", "position", "deleted_at")  # what users alone write in a shot's row
ACTIVE = ("queued", "running", "cancelling")
MOST_SHOTS, LEAST_SHOTS, MOST_JOBS = 12, 5, 3
_PAUSE_MS = (5, 60)  # between two acts


def tell(**news: Any) -> None:
    """Say something to the parent; whole lines, so that a kill cuts at most the last one."""
    os.write(1, (json.dumps(news) + "\n").encode())


class User(QObject):
    """Writes, moves, deletes, takes back, queues and cancels at random."""

    def __init__(self, window: MainWindow, here: Workspace, seed: int, steps: int) -> None:
        super().__init__(window)
        self._window, self._here, self._chance = window, here, random.Random(seed)
        self._settings = {"steps": steps}
        self._count = self._engine = 0
        self._leaving = self._going = self._reviving = False
        self._told: dict[str, str] = {}
        here.document.committed.connect(self._committed)
        here.document.jobs_read.connect(self._jobs_read)
        here.runner.take_saved.connect(lambda _shot, take: tell(saved=take))
        here.runner.job_interrupted.connect(lambda job, _shot: tell(interrupted=job))
        here.runner.hello.connect(lambda facts: tell(ready=facts["pid"]))
        here.runner.engine_state.connect(self._state)
        here.runner.step.connect(self._step)
        self._watch = QTimer(self, interval=20)
        self._watch.timeout.connect(self._look)
        self._watch.start()
        self._next()

    def leave(self) -> None:
        """Edit no more; close the window when nothing is queued any more."""
        self._leaving = True

    def _next(self) -> None:
        if self._leaving:
            self._finish()
            return
        QTimer.singleShot(self._chance.randint(*_PAUSE_MS), self, self._act)

    def _act(self) -> None:
        self._count += 1
        act = self._chance.choice(self._acts())
        tell(trying=self._count, what=act.__name__.strip("_"))
        act()
        # The document does one thing after the other: an answer comes when the act is committed and told. Twice, since
        # an undo that finds other work under way is itself begun by an answer.
        ask = self._here.document.ask
        ask(lambda _: None, lambda _: ask(lambda _: None, lambda _: self._did()))

    def _did(self) -> None:
        tell(done=self._count)
        self._next()

    def _acts(self) -> list[Callable[[], None]]:
        shots, jobs = self._here.shots.rowCount(), self._here.document.jobs
        active = [job for job in jobs if job.state in ACTIVE]
        acts: list[Callable[[], None]] = [self._write, self._write, self._write, self._move, self._undo, self._choose]
        acts += [self._insert] if shots < MOST_SHOTS else [self._delete]
        acts += [self._delete] if shots > LEAST_SHOTS else []
        acts += [self._render] * 3 if len(active) < MOST_JOBS else [self._cancel]
        acts += [self._resume] * 3 if any(job.state == "interrupted" for job in jobs) else []
        acts += [self._clear] if len(jobs) > 4 * MOST_JOBS else []
        return acts

    def _shot(self) -> str:
        return self._chance.choice(self._here.shots.shots()).id

    def _write(self) -> None:
        write = self._chance.choice((self._here.verbs.edit_prompt, self._here.verbs.edit_notes))
        write(self._shot(), f"The frog does number {self._count}.")

    def _move(self) -> None:
        self._here.verbs.move_to([self._shot()], self._chance.randrange(self._here.shots.rowCount()))

    def _insert(self) -> None:
        scene, after, text = self._here.document.scene_id, self._shot(), f"New at {self._count}."
        self._here.document.do("New shot", lambda board: board.insert_shot(scene, text, after=after, frames=5))

    def _delete(self) -> None:
        busy = {job.shot_id for job in self._here.document.jobs if job.state in (*ACTIVE, "interrupted")}
        idle = [shot.id for shot in self._here.shots.shots() if shot.id not in busy]
        if idle:
            shot = self._chance.choice(idle)
            self._here.document.do("Delete", lambda board: board.delete_shot(shot))

    def _undo(self) -> None:
        self._here.document.undo()

    def _choose(self) -> None:
        self._here.choose(self._shot())

    def _render(self) -> None:
        shot, settings = self._shot(), self._settings
        self._here.document.do(
            "", lambda board: board.queue_render(shot, settings=settings), undoable=False,
            then=lambda _: self._here.runner.wake(), failed=lambda _: None,
        )  # fmt: skip

    def _cancel(self) -> None:
        active = [job for job in self._here.document.jobs if job.state in ("queued", "running")]
        if active:
            self._here.verbs.cancel(self._chance.choice(active).id)

    def _resume(self) -> None:
        self._here.verbs.resume_interrupted()

    def _clear(self) -> None:
        self._here.verbs.clear_finished_jobs()

    def _committed(self, changes: ChangeSet) -> None:
        rows = {
            change.id: {name: change.after[name] for name in FIELDS if name in change.after}
            for change in changes
            if change.table == "shot"
        }
        if any(rows.values()):
            tell(rows=rows)

    def _jobs_read(self, jobs: tuple[JobView, ...]) -> None:
        states = {job.id: job.state for job in jobs if job.state in (*ACTIVE, "interrupted")}
        if states != self._told:
            self._told = states
            tell(jobs=states)

    def _step(self, _shot: str, _progress: object) -> None:
        if not self._going:
            self._going = True
            tell(rendering=True)

    def _state(self, state: str) -> None:
        self._going = self._going and state in ("loading", "working")
        self._reviving = self._reviving and state == "failed"

    def _look(self) -> None:
        """Tell of the engine's process as soon as there is one; press Resume for one that was given up."""
        pid = self._here.runner.engine_pid
        if pid != self._engine:
            self._engine = pid
            tell(engine=pid)
        if self._here.runner.state == "failed" and not self._reviving:
            self._reviving = True
            tell(gave_up=True)
            self._here.verbs.resume_queue()

    def _finish(self) -> None:
        states = {job.state for job in self._here.document.jobs}
        if "interrupted" in states:
            self._resume()
        elif not states & set(ACTIVE):
            self._window.close()
            return
        QTimer.singleShot(100, self, self._finish)


class _Beginning(QObject):
    """Waits for the window, then for the project in it."""

    def __init__(self, seed: int, steps: int) -> None:
        super().__init__()
        self._seed, self._steps = seed, steps
        self._user: User | None = None
        self._listen = QSocketNotifier(0, QSocketNotifier.Type.Read, self)
        self._listen.activated.connect(self._asked_to_leave)
        self._timer = QTimer(self, interval=5)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def _look(self) -> None:
        window = next((one for one in QApplication.topLevelWidgets() if isinstance(one, MainWindow)), None)
        if window is None or window.workspace is None or window.workspace.snapshot is None:
            return
        if window.workspace.shots.rowCount():
            self._timer.stop()
            tell(shown=True)
            self._user = User(window, window.workspace, self._seed, self._steps)

    def _asked_to_leave(self) -> None:
        self._listen.setEnabled(False)
        os.read(0, 100)
        if self._user is not None:
            self._user.leave()
        else:
            QApplication.closeAllWindows()


def main(project: Path, seed: int, steps: int) -> int:
    """The whole life of this process."""
    from app import start

    start.make_application()
    beginning = _Beginning(seed, steps)
    code = start.main(project)
    beginning.deleteLater()
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
