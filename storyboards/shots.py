"""The shots of a scene, and what the user says about their context."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from . import ordering
from .changes import ChangeSet
from .database import Document, Work
from .errors import InvalidValue
from .lengths import default_frames, frames_when_switched, normal_frames
from .tables import CHOICES, ContextChoice, Element, ReferenceImage, Scene, Shot
from .texts import clean_text
from .values import KEEP, Unset, check_noise, check_seed, check_settings


def add_shot(
    work: Work, scene_id: str, position: str, prompt: str, frames: int | None, continues: bool, notes: str
) -> Shot:
    """Insert a shot at a free position inside a transaction."""
    return work.add(
        Shot(
            scene_id=scene_id,
            position=position,
            prompt=clean_text(prompt),
            frames=default_frames(continues) if frames is None else normal_frames(frames, continues),
            continues=continues,
            notes=clean_text(notes),
        )
    )


class ShotVerbs(Document):
    """Verbs on shots. Each is one transaction and returns what it changed; neighbours' rows are never touched."""

    def add_shot(
        self,
        scene_id: str,
        prompt: str = "",
        *,
        frames: int | None = None,
        continues: bool = False,
        notes: str = "",
    ) -> ChangeSet:
        """Append a shot. `frames` (None: 17) is brought to an allowed length; raises InvalidValue outside 5..401."""
        return self.insert_shot(scene_id, prompt, frames=frames, continues=continues, notes=notes)

    def insert_shot(
        self,
        scene_id: str,
        prompt: str = "",
        *,
        before: str | None = None,
        after: str | None = None,
        frames: int | None = None,
        continues: bool = False,
        notes: str = "",
    ) -> ChangeSet:
        """Put a new shot before or after the shot of that id; at the end with neither."""
        with self.transaction() as work:
            scene = work.get(Scene, scene_id)
            position = ordering.shots(work.session, scene.id).beside(before=before, after=after)
            add_shot(work, scene.id, position, prompt, frames, continues, notes)
        return work.changes

    def move_shot(self, shot_id: str, *, before: str | None = None, after: str | None = None) -> ChangeSet:
        """Put a shot before or after another one of its scene; to the end with neither."""
        with self.transaction() as work:
            shot = work.get(Shot, shot_id)
            order = ordering.shots(work.session, shot.scene_id)
            if not order.stands(shot.id, before=before, after=after):
                shot.position = order.beside(before=before, after=after)
        return work.changes

    def duplicate_shot(self, shot_id: str) -> ChangeSet:
        """Put a copy right after a shot: all that its user has said about it, but neither its takes nor its lock."""
        with self.transaction() as work:
            shot = work.get(Shot, shot_id)
            position = ordering.shots(work.session, shot.scene_id).beside(after=shot.id)
            copy = add_shot(work, shot.scene_id, position, shot.prompt, shot.frames, shot.continues, shot.notes)
            copy.seed, copy.settings, copy.two_sided = shot.seed, dict(shot.settings), shot.two_sided
            choices = work.session.scalars(select(ContextChoice).where(ContextChoice.shot_id == shot.id)).all()
            for choice in choices:
                work.add(
                    ContextChoice(
                        shot_id=copy.id,
                        target_shot_id=choice.target_shot_id,
                        target_reference_id=choice.target_reference_id,
                        choice=choice.choice,
                        noise=choice.noise,
                    )
                )
        return work.changes

    def edit_shot(
        self,
        shot_id: str,
        *,
        prompt: str | None = None,
        frames: int | None = None,
        continues: bool | None = None,
        notes: str | None = None,
        locked: bool | None = None,
        seed: int | Unset | None = KEEP,
        settings: Mapping[str, Any] | None = None,
        two_sided: bool | None = None,
    ) -> ChangeSet:
        """Change what is given. Switching cut/continuation takes the length along (17 <-> 16 frames).

        `seed` None goes back to seeds that follow from the scene's; `settings` replaces the sampling settings as a
        whole.
        """
        with self.transaction() as work:
            shot = work.get(Shot, shot_id)
            if prompt is not None:
                shot.prompt = clean_text(prompt)
            if notes is not None:
                shot.notes = clean_text(notes)
            if continues is not None and continues != shot.continues:
                shot.continues = continues
                shot.frames = frames_when_switched(shot.frames, continues)
            if frames is not None:
                shot.frames = normal_frames(frames, shot.continues)
            if locked is not None:
                shot.locked = locked
            if seed is not KEEP:
                shot.seed = None if seed is None else check_seed(seed)
            if settings is not None:
                shot.settings = check_settings(settings)
            if two_sided is not None:
                shot.two_sided = two_sided
        return work.changes

    def delete_shot(self, shot_id: str) -> ChangeSet:
        """Take a shot out with its takes; it can be restored until the user cleans up. Its queued jobs wait."""
        with self.transaction() as work:
            work.get(Shot, shot_id).deleted_at = time.time()
        return work.changes

    def restore_shot(self, shot_id: str) -> ChangeSet:
        """Bring a deleted shot back to its place, with its takes."""
        with self.transaction() as work:
            work.get(Shot, shot_id, deleted=True).deleted_at = None
        return work.changes

    def choose_context(
        self,
        shot_id: str,
        *,
        shot: str | None = None,
        reference: str | None = None,
        choice: str | None = None,
        noise: float | Unset | None = KEEP,
    ) -> ChangeSet:
        """Say what `shot_id` shall see of another `shot` or a `reference` image: "auto", "pinned" or "excluded".

        `noise` overrides its noise level in [0, 1]; None goes back to the profile's. What is not given stays.
        """
        if choice is not None and choice not in CHOICES:
            raise InvalidValue(f"{choice!r} is not a choice.", f"Use one of: {', '.join(CHOICES)}.")
        with self.transaction() as work:
            target = work.get(Shot, shot_id)
            row = _choice_row(work, target, shot, reference)
            row.choice = choice or row.choice
            if noise is not KEEP:
                row.noise = check_noise(noise)
            if row.choice == "auto" and row.noise is None:
                work.session.expunge(row) if row in work.session.new else work.session.delete(row)
        return work.changes

    def pin_context(self, shot_id: str, *, shot: str | None = None, reference: str | None = None) -> ChangeSet:
        """Make `shot_id` see this shot or reference image, whatever the planner would choose."""
        return self.choose_context(shot_id, shot=shot, reference=reference, choice="pinned")

    def exclude_context(self, shot_id: str, *, shot: str | None = None, reference: str | None = None) -> ChangeSet:
        """Keep this shot or reference image out of what `shot_id` sees."""
        return self.choose_context(shot_id, shot=shot, reference=reference, choice="excluded")


def _choice_row(work: Work, target: Shot, shot: str | None, reference: str | None) -> ContextChoice:
    """Return the row of this choice, a new pending one if there is none. Raises InvalidValue for a wrong pair."""
    if (shot is None) == (reference is None):
        raise InvalidValue("A context choice is about one shot or one reference image.", "Give one of the two.")
    if shot is not None:
        seen_in = work.get(Shot, shot).scene_id
        where = ContextChoice.target_shot_id == shot
    else:
        seen_in = work.get(Element, work.get(ReferenceImage, reference or "").element_id).scene_id
        where = ContextChoice.target_reference_id == reference
    if seen_in != target.scene_id or shot == target.id:
        raise InvalidValue(
            "A shot sees the other shots and the reference images of its own scene.", "Choose one of those."
        )
    found = work.session.scalar(select(ContextChoice).where(ContextChoice.shot_id == target.id, where))
    if found is None:
        found = ContextChoice(
            shot_id=target.id, target_shot_id=shot, target_reference_id=reference, choice="auto", noise=None
        )
        work.session.add(found)
    return found
