"""Every verb of the user in one place: menus, shortcuts, the palette and the widgets call these and nothing else."""

from __future__ import annotations

from typing import Any

from app.clip_verbs import ClipVerbs
from app.shot_verbs import ShotVerbs
from app.take_verbs import TakeVerbs
from storyboards.changes import ChangeSet


class QueueVerbs(TakeVerbs):
    """Verbs on the queue. None of them is undone: what an engine has done or begun is history."""

    def cancel(self, job_id: str) -> None:
        """Cancel a job, waiting or running."""
        if self._runner is not None:
            self._runner.cancel_job(job_id)
        else:
            self._document.do("", lambda storyboard: storyboard.cancel_job(job_id), undoable=False)

    def restart_engine(self) -> None:
        """End an engine that stands still and start it anew; what it works on is offered again."""
        if self._runner is not None:
            self._runner.restart_engine()

    def retry(self, job_id: str) -> None:
        """Queue a failed, cancelled or interrupted job again."""
        self._document.do("", lambda storyboard: storyboard.retry_job(job_id), undoable=False, then=self._wake)

    def resume_interrupted(self) -> None:
        """Queue everything again that was interrupted, before the rest."""
        self._document.do("", lambda storyboard: storyboard.resume_interrupted(), undoable=False, then=self._wake)

    def move_job(self, job_id: str, *, before: str | None = None, after: str | None = None) -> None:
        """Put a waiting job before or after another waiting one; to the end with neither."""
        self._document.do(
            "", lambda storyboard: storyboard.move_job(job_id, before=before, after=after), undoable=False
        )

    def edit_job(self, job_id: str, **params: Any) -> None:
        """Change a waiting job: takes, seed, settings, ..."""
        self._document.do("", lambda storyboard: storyboard.edit_job(job_id, **params), undoable=False)

    def clear_finished_jobs(self) -> None:
        """Take what has ended out of the queue's list."""
        self._document.do("", lambda storyboard: storyboard.clear_jobs(), undoable=False)

    def pause_queue(self) -> None:
        """Let no further job begin."""
        self._document.do("", lambda storyboard: storyboard.pause_queue(), undoable=False)

    def resume_queue(self) -> None:
        """Let jobs begin again."""

        def resumed(_changes: ChangeSet) -> None:
            self._wake()

        self._document.do("", lambda storyboard: storyboard.resume_queue(), undoable=False, then=resumed)


class Verbs(ShotVerbs, ClipVerbs, QueueVerbs):
    """All verbs. `edit_wanted` names a new shot whose prompt wants to be written, `selection_wanted` new shots."""
