"""The user's verbs on takes, and those that ask for new ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

from app.shortcuts import said
from app.verb_base import VerbBase
from engine.contract import SamplingSettings
from storyboards.changes import ChangeSet
from storyboards.errors import AlreadyQueued
from storyboards.loras import settings_again
from storyboards.storyboard import Storyboard
from storyboards.values import new_seed

EXTENSION_SECONDS = 2.0
_SETTINGS = tuple(field.name for field in fields(SamplingSettings) if field.name != "preview_every")


class TakeVerbs(VerbBase):
    """Generating is not undone; what is done with takes is."""

    preview_every = 2  # steps between live previews; preferences set it, 0 is none

    def generate(self) -> None:
        """Queue a render of each selected shot."""
        self._queue(self._render)

    def regenerate(self) -> None:
        """One more take of each selected shot, with the seed that the shot says. Nothing else is rendered anew."""
        self._queue(self._more)

    def regenerate_new_seed(self) -> None:
        """One more take of each selected shot, with a seed of its own."""
        self._queue(lambda storyboard, shot_id: self._more(storyboard, shot_id, seed=new_seed()))

    def seeds(self, count: int) -> None:
        """Several takes of each selected shot to choose from, each with another seed."""
        self._queue(lambda storyboard, shot_id: self._several(storyboard, shot_id, count))

    def extend(self, add_frames: int | None = None) -> None:
        """Make the selected takes longer, without a cut; two seconds if nothing else is said."""

        def ask(storyboard: Storyboard, shot_id: str) -> ChangeSet:
            frames = add_frames or round(EXTENSION_SECONDS * storyboard.project().fps)
            return storyboard.queue_extend(shot_id, frames, settings=self._previewed())

        self._queue(ask)

    def generate_scene(self) -> None:
        """Queue a render of each shot that has no take and no job yet; locked shots are passed over."""
        scene_id = self._document.scene_id

        def queued(changes: ChangeSet) -> None:
            if not changes:
                message = self.tr("Every shot of this scene has a take, is queued, or is locked.")
                hint = said(self.tr("Select a shot and press {shot.regenerate} for another take."))
                self._document.problem.emit(message, hint)
            self._wake()

        verb: Callable[[Storyboard], ChangeSet] = lambda storyboard: storyboard.queue_scene(  # noqa: E731
            scene_id, settings=self._previewed()
        )
        self._document.do("", verb, undoable=False, then=queued)

    def refresh_stale(self) -> None:
        """Queue one more take of every stale shot of the scene, in story order; locked shots are passed over."""
        snapshot = self._document.snapshot
        stale = [shot.id for shot in snapshot.shots if shot.stale and not shot.locked] if snapshot else []
        if stale:
            self._queue(self._render, stale)
        else:
            self._document.problem.emit(self.tr("No shot is stale."), "")

    def keep_stale(self) -> None:
        """Accept that the selected shots' takes saw something else than the scene shows now."""
        snapshot = self._document.snapshot
        views = [snapshot.shot(shot_id) for shot_id in self._selected()] if snapshot else []
        takes = [view.selected.id for view in views if view is not None and view.selected is not None and view.stale]
        self._each(self.tr("Keep stale takes"), lambda storyboard, take_id: storyboard.keep_take(take_id), takes)

    def select_take(self, take_id: str) -> None:
        """Make this the take that the scene shows."""
        self._document.do(self.tr("Select take"), lambda storyboard: storyboard.select_take(take_id))

    def next_take(self) -> None:
        """Show the next take of each selected shot."""
        self._each(self.tr("Next take"), lambda storyboard, shot_id: _step_take(storyboard, shot_id, 1))

    def previous_take(self) -> None:
        """Show the take before of each selected shot."""
        self._each(self.tr("Previous take"), lambda storyboard, shot_id: _step_take(storyboard, shot_id, -1))

    def favourite_take(self, take_id: str, favourite: bool = True) -> None:
        """Give a take a star, or take it away."""
        text = self.tr("Star") if favourite else self.tr("No star")
        self._document.do(text, lambda storyboard: storyboard.favourite_take(take_id, favourite))

    def accept_take(self, take_id: str) -> None:
        """Mark a take as good; once more: as open again."""
        self._rate(self.tr("Accept take"), take_id, "accepted")

    def reject_take(self, take_id: str) -> None:
        """Mark a take as not wanted; once more: as open again."""
        self._rate(self.tr("Reject take"), take_id, "rejected")

    def delete_take(self, take_id: str) -> None:
        """Take a take out; its files stay until the user cleans up."""
        self._document.do(self.tr("Delete take"), lambda storyboard: storyboard.delete_take(take_id))

    def use_settings(self, take_id: str) -> None:
        """Give its shot the prompt, length, seed and settings that this take was made with."""
        lost: list[str] = []

        def verb(storyboard: Storyboard) -> ChangeSet:
            take = storyboard.take(take_id)
            settings, without_path = settings_again(take.settings)
            lost.extend(without_path)
            known = {name: settings[name] for name in _SETTINGS if settings.get(name) is not None}
            scene = storyboard.scene(storyboard.shot(take.shot_id).scene_id)
            if scene.settings.get("loras"):
                known.setdefault("loras", [])  # the take wore none, whatever the scene says
            return storyboard.edit_shot(
                take.shot_id,
                prompt=take.prompt,
                frames=take.frames,
                seed=take.seed,
                settings=known,
                two_sided=bool(take.settings.get("two_sided", False)),
            )

        def tell(_changes: ChangeSet) -> None:
            if lost:
                message = self.tr("Where {0} was is not known.").format(", ".join(lost))
                self._document.problem.emit(message, self.tr("Add it to the shot by hand."))

        self._document.do(self.tr("Use a take's settings"), verb, then=tell)

    def _rate(self, text: str, take_id: str, rating: str) -> None:
        def verb(storyboard: Storyboard) -> ChangeSet:
            return storyboard.rate_take(take_id, "open" if storyboard.take(take_id).rating == rating else rating)

        self._document.do(text, verb)

    def _previewed(self) -> dict[str, int]:
        return {"preview_every": self.preview_every} if self.preview_every else {}

    def _render(self, storyboard: Storyboard, shot_id: str) -> ChangeSet:
        return storyboard.queue_render(shot_id, settings=self._previewed())

    def _more(self, storyboard: Storyboard, shot_id: str, count: int = 1, seed: int | None = None) -> ChangeSet:
        """Ask for more takes; a job of the shot that still waits makes them, too."""
        try:
            return storyboard.queue_render(shot_id, takes=count, seed=seed, settings=self._previewed())
        except AlreadyQueued as error:
            job = storyboard.job(error.job_id)
            if job.state != "queued":
                raise
            return storyboard.edit_job(job.id, takes=job.takes_planned + count)

    def _several(self, storyboard: Storyboard, shot_id: str, count: int) -> ChangeSet:
        """A fixed seed would give the takes that are there already, so a new one is drawn to count from."""
        fixed = storyboard.shot(shot_id).seed is not None
        return self._more(storyboard, shot_id, count, new_seed() if fixed else None)


def _step_take(storyboard: Storyboard, shot_id: str, step: int) -> ChangeSet:
    takes = storyboard.takes(shot_id)
    here = next((place for place, take in enumerate(takes) if take.selected), -1 if step > 0 else len(takes))
    place = here + step
    return storyboard.select_take(takes[place].id) if 0 <= place < len(takes) else ChangeSet()
