"""The user's verbs on shots: write, put in order, cut or continue, lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from app.verb_base import VerbBase
from storyboards.changes import ChangeSet
from storyboards.storyboard import Storyboard


class ShotVerbs(VerbBase):
    """All of these are undone. Those that name no shot are about the selected ones."""

    def new_shot(self) -> None:
        """An empty shot after the selection, at the end without one; its prompt wants to be written."""
        ids = self._selection()
        self._insert(after=ids[-1] if ids else None)

    def new_shot_before(self) -> None:
        """An empty shot before the selection, at the beginning without one."""
        ids = self._selection()
        if ids:
            self._insert(before=ids[0])
        else:
            self.insert_at(0)

    def insert_at(self, row: int) -> None:
        """An empty shot that will stand in this row."""
        scene_id = self._document.scene_id

        def verb(storyboard: Storyboard) -> ChangeSet:
            ids = storyboard.shot_ids(scene_id)
            before = ids[row] if 0 <= row < len(ids) else None
            return storyboard.insert_shot(scene_id, before=before)

        self._document.do(self.tr("New shot"), verb, then=self._new_shot_there)

    def duplicate(self) -> None:
        """A copy after each selected shot, without its takes."""

        def there(changes: ChangeSet) -> None:
            self._show_when_there(changes.ids("inserted", "shot"), edit=False)

        ids = self._selected()
        if ids:
            verb = partial(_together, [partial(_duplicate, shot_id) for shot_id in ids])
            self._document.do(self.tr("Duplicate shots", "", len(ids)), verb, then=there)

    def delete(self) -> None:
        """Take the selected shots out, with their takes."""
        self._each(self.tr("Delete shots"), lambda storyboard, shot_id: storyboard.delete_shot(shot_id))

    def move_up(self) -> None:
        """One place towards the beginning."""
        self._shift(-1)

    def move_down(self) -> None:
        """One place towards the end."""
        self._shift(1)

    def move_to(self, ids: Sequence[str], row: int) -> None:
        """Put shots, in their order, before the one that stands in `row` now; a row past the last: at the end."""
        chosen = set(ids)

        def order(old: list[str]) -> list[str]:
            moved = [shot_id for shot_id in old if shot_id in chosen]
            before = [shot_id for shot_id in old[:row] if shot_id not in chosen]
            return [*before, *moved, *(shot_id for shot_id in old[row:] if shot_id not in chosen)]

        self._document.do(self.tr("Move shots"), partial(_reorder, self._document.scene_id, chosen, order))

    def toggle_continue(self) -> None:
        """Cut or continuation: all selected shots become what the first one is not."""
        ids = self._selected()
        if not ids:
            return
        scene_id = self._document.scene_id

        def verb(storyboard: Storyboard) -> ChangeSet:
            views = {shot.id: shot for shot in storyboard.shots(scene_id)}
            able = [views[shot_id] for shot_id in ids if shot_id in views and views[shot_id].number > 1]
            value = not able[0].continues if able else False
            with storyboard.together() as work:
                for shot in able:
                    storyboard.edit_shot(shot.id, continues=value)
            return work.changes

        if self._is_first(ids):
            message = self.tr("The first shot has none before it to continue.")
            self._document.problem.emit(message, self.tr("Move it down, or choose a later shot."))
        else:
            self._document.do(self.tr("Cut or continue"), verb)

    def toggle_lock(self) -> None:
        """Lock the selected shots so that they are not rendered; unlock them when all are locked."""
        ids = self._selected()

        def verb(storyboard: Storyboard) -> ChangeSet:
            views = [storyboard.shot(shot_id) for shot_id in ids]
            with storyboard.together() as work:
                for shot in views:
                    storyboard.edit_shot(shot.id, locked=not all(view.locked for view in views))
            return work.changes

        if ids:
            self._document.do(self.tr("Lock or unlock"), verb)

    def toggle_two_sided(self) -> None:
        """Let the selected shots see later shots too, or no longer."""
        self._each(
            self.tr("Two-sided context"),
            lambda storyboard, shot_id: storyboard.edit_shot(
                shot_id, two_sided=not storyboard.shot(shot_id).two_sided
            ),
        )

    def set_frames(self, shot_id: str, frames: int) -> None:
        """Set a shot's length, brought to an allowed one."""
        self._edit_shot(shot_id, "frames", self.tr("Length"), frames=frames)

    def edit_prompt(self, shot_id: str, text: str) -> None:
        """Set a shot's prompt; typing is one step of undo."""
        self._edit_shot(shot_id, "prompt", self.tr("Typing"), prompt=text)

    def edit_notes(self, shot_id: str, text: str) -> None:
        """Set a shot's notes; typing is one step of undo."""
        self._edit_shot(shot_id, "notes", self.tr("Typing"), notes=text)

    def set_seed(self, shot_id: str, seed: int | None) -> None:
        """Fix a shot's seed; None lets it follow from the scene's again."""
        self._edit_shot(shot_id, "seed", self.tr("Seed"), seed=seed)

    def set_settings(self, shot_id: str, settings: Mapping[str, Any]) -> None:
        """Replace a shot's sampling settings; what is not in them is the model's."""
        self._edit_shot(shot_id, "settings", self.tr("Settings"), settings=settings)

    def set_two_sided(self, shot_id: str, on: bool) -> None:
        """Let a shot see later shots too, or not."""
        self._edit_shot(shot_id, "two_sided", self.tr("Two-sided context"), two_sided=on)

    def _edit_shot(self, shot_id: str, what: str, text: str, **values: Any) -> None:
        self._document.do(
            text, lambda storyboard: storyboard.edit_shot(shot_id, **values), merge=f"{what} {shot_id}"
        )

    def _insert(self, *, before: str | None = None, after: str | None = None) -> None:
        scene_id = self._document.scene_id
        self._document.do(
            self.tr("New shot"),
            lambda storyboard: storyboard.insert_shot(scene_id, before=before, after=after),
            then=self._new_shot_there,
        )

    def _new_shot_there(self, changes: ChangeSet) -> None:
        self._show_when_there([changes.new_id("shot")], edit=True)

    def _is_first(self, ids: list[str]) -> bool:
        snapshot = self._document.snapshot
        return snapshot is not None and len(ids) == 1 and bool(snapshot.shots) and snapshot.shots[0].id == ids[0]

    def _shift(self, step: int) -> None:
        ids = self._selected()
        chosen = set(ids)
        if ids:
            verb = partial(_reorder, self._document.scene_id, chosen, partial(_shifted, chosen, step))
            self._document.do(self.tr("Move shots"), verb)


def _duplicate(shot_id: str, storyboard: Storyboard) -> None:
    storyboard.duplicate_shot(shot_id)


def _together(verbs: Sequence[Any], storyboard: Storyboard) -> ChangeSet:
    with storyboard.together() as work:
        for verb in verbs:
            verb(storyboard)
    return work.changes


def _shifted(chosen: set[str], step: int, old: list[str]) -> list[str]:
    """The order after each chosen shot has passed one that is not chosen; a block at the edge stays."""
    order = old if step < 0 else old[::-1]
    order = list(order)
    for place in range(1, len(order)):
        if order[place] in chosen and order[place - 1] not in chosen:
            order[place - 1], order[place] = order[place], order[place - 1]
    return order if step < 0 else order[::-1]


def _reorder(scene_id: str, chosen: set[str], order: Any, storyboard: Storyboard) -> ChangeSet:
    """Move the chosen shots so that the scene stands in the new order; the other shots' rows are not touched."""
    old = storyboard.shot_ids(scene_id)
    new = order(old)
    if new == old:
        return ChangeSet()
    with storyboard.together() as work:
        for place, shot_id in enumerate(new):
            if shot_id not in chosen:
                continue
            if place:
                storyboard.move_shot(shot_id, after=new[place - 1])
            else:
                storyboard.move_shot(shot_id, before=next(other for other in old if other != shot_id))
    return work.changes
