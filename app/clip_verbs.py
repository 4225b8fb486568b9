"""The user's verb on clips that were not made here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.verb_base import VerbBase
from storyboards.changes import ChangeSet
from storyboards.storyboard import Storyboard

Captioned = Sequence[tuple[Path, str]]


class ClipVerbs(VerbBase):
    """The new shots are undone; the takes, like all takes, are history."""

    def import_clips(self, clips: Captioned, row: int | None = None) -> None:
        """Make a new shot of each clip with its caption, from `row` on; at the end without one."""
        scene_id = self._document.scene_id

        def verb(storyboard: Storyboard) -> ChangeSet:
            ids = storyboard.shot_ids(scene_id)
            before = ids[row] if row is not None and 0 <= row < len(ids) else None
            with storyboard.together() as work:
                for clip, caption in clips:
                    storyboard.import_clip(clip, scene_id=scene_id, caption=caption, before=before)
            return work.changes

        self._document.do("", verb, undoable=False, then=self._importing)

    def import_take(self, shot_id: str, clip: Path, caption: str) -> None:
        """Make one more take of a shot out of a clip, and show it."""
        self._document.do(
            "",
            lambda storyboard: storyboard.import_clip(clip, shot_id=shot_id, caption=caption),
            undoable=False,
            then=self._importing,
        )

    def _importing(self, changes: ChangeSet) -> None:
        shots = ChangeSet(tuple(row for row in changes if row.table == "shot"))
        if shots:
            self._document.note_step(self.tr("Import clip"), shots)
            self._show_when_there(shots.ids("inserted", "shot"), edit=False)
        self._wake()
