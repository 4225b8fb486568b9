"""The lines of a scene's storyboard: read once as a whole, then only what an operation's change set names.

What a line says of its take depends on other shots (what they show, where they stand, their numbers), so a change of
one shot judges anew every take that has seen it, that continues it, or that has anything said against it already.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.orm import Session

from .changes import RowChange
from .database import Document
from .errors import NotFound
from .facts import SceneFacts, context_choices, made_of, scene_facts, shot_rows
from .lineage import Made, SceneNow, Shown, State, state_of
from .tables import ACTIVE_STATES, Job, Shot, Take
from .views import SelectedTake, ShotView

_WHOLE = frozenset({"scene", "element", "reference_image"})  # these change the text or the images of every shot
_BY_SHOT = frozenset({"take", "job", "context_choice"})  # rows whose parent is a shot
_MOST = 100  # changed shots; for more, reading all is quicker
_NO_JOB = ("", "", "")


class SceneLines:
    """The live shots of one scene, always those that `Storyboard.shots` gives. For one thread at a time."""

    def __init__(self, document: Document, scene_id: str) -> None:
        self._document, self.scene_id = document, scene_id
        self._facts: SceneFacts | None = None
        self._rows: dict[str, Row[Any]] = {}
        self._counts: dict[str, int] = {}
        self._jobs: dict[str, tuple[str, str, str]] = {}
        self._made: dict[str, Made] = {}  # by shot: what the take that it shows recorded
        self._seen: dict[str, frozenset[str]] = {}  # by shot: the shots that this take depends on
        self.views: tuple[ShotView, ...] = ()

    def read(self) -> tuple[ShotView, ...]:
        """Read everything. Raises NotFound."""
        with self._document.reading() as session:
            facts = scene_facts(session, self.scene_id)
            if facts is None:
                message = f"There is no scene {self.scene_id!r}."
                raise NotFound(message, "It may have been deleted; look at the scenes again.")
            here = Shot.scene_id == self.scene_id
            self._counts = _take_counts(session, here)
            self._jobs = _active_jobs(session, here)
            made = made_of(session, Take.id.in_(select(Shot.selected_take_id).where(here)))
        self._rows = {row.id: row for row in facts.shots}
        self._made, self._seen = {}, {}
        for row in facts.shots:
            if row.selected_take_id:
                self._learn(row.id, made[row.selected_take_id])
        self._facts = facts
        self.views = tuple(self._view(row, number, facts) for number, row in enumerate(facts.shots, 1))
        return self.views

    def follow(self, changes: Iterable[RowChange]) -> tuple[ShotView, ...]:
        """Read again what committed operations have changed. Raises NotFound."""
        changes = tuple(changes)
        touched, old = _touched_shots(changes), self._facts
        if old is None or touched is None or len(touched) > _MOST:
            return self.read()
        if touched:
            self._facts = None  # after an error in the middle, everything is read
            with self._document.reading() as session:
                rows, now = self._read_again(session, old, touched, changes)
            self._patch(old, SceneFacts(old.scene, rows, old.global_text, now), touched)
        return self.views

    def _read_again(
        self, session: Session, old: SceneFacts, touched: frozenset[str], changes: tuple[RowChange, ...]
    ) -> tuple[tuple[Row[Any], ...], SceneNow]:
        """Read what the touched shots are now; return the scene's rows in order, and the scene."""
        here = (Shot.scene_id == self.scene_id) & Shot.id.in_(touched)
        found = {row.id: row for row in shot_rows(session, here & Shot.deleted_at.is_(None))}
        tables = {change.table for change in changes}
        new = {change.id for change in changes if change.table == "shot" and not change.before}  # nothing hangs on it
        known = self._rows.keys() | new
        deleted, shows = set(old.now.deleted - touched), dict(old.now.shows)
        if len(found) < len(touched):
            deleted.update(session.scalars(select(Shot.id).where(here, Shot.deleted_at.is_not(None))))
        for name, kept, read in (("take", self._counts, _take_counts), ("job", self._jobs, _active_jobs)):
            if name in tables or not found.keys() <= known:
                _replace_some(kept, touched, read(session, here))
        self._read_made(session, found, touched)
        for shot_id in touched:
            shows.pop(shot_id, None)
        shows.update((row.id, _shown(row)) for row in found.values() if row.selected_take_id)
        _replace_some(self._rows, touched, found)
        rows = tuple(sorted(self._rows.values(), key=lambda row: row.position))
        choices = context_choices(session, self.scene_id) if "context_choice" in tables else old.now.choices
        order = tuple(row.id for row in rows)
        return rows, SceneNow(order, shows, old.now.images, frozenset(deleted), choices)

    def _read_made(self, session: Session, found: dict[str, Row[Any]], touched: frozenset[str]) -> None:
        selected = [row.selected_take_id for row in found.values() if row.selected_take_id]
        made = made_of(session, Take.id.in_(selected)) if selected else {}
        for shot_id in touched:
            self._made.pop(shot_id, None)
            self._seen.pop(shot_id, None)
        for row in found.values():
            if row.selected_take_id:
                self._learn(row.id, made[row.selected_take_id])

    def _learn(self, shot_id: str, made: Made) -> None:
        self._made[shot_id] = made
        self._seen[shot_id] = frozenset({made.continued_shot_id, *(seen.shot_id for seen in made.seen)})

    def _patch(self, old: SceneFacts, facts: SceneFacts, touched: frozenset[str]) -> None:
        """Make the new lines, of the old ones wherever nothing can have changed but the number."""
        known = {view.id: view for view in self.views}
        before, after = _followed(old.now.order), _followed(facts.now.order)
        views = []
        for number, row in enumerate(facts.shots, 1):
            view = known.get(row.id)
            if view is None or row.id in touched or self._in_doubt(view, touched, facts.now, before, after):
                view = self._view(row, number, facts)
            elif view.number != number:
                view = _renumbered(view, number)
            views.append(view)
        self._facts, self.views = facts, tuple(views)

    def _in_doubt(
        self, view: ShotView, touched: frozenset[str], now: SceneNow, before: dict[str, str], after: dict[str, str]
    ) -> bool:
        """Whether what the line says of its take may be otherwise now; reasons name shots by their numbers."""
        if view.selected is None:
            return False
        if view.stale or view.hints or view.id in now.choices:
            return True
        return not touched.isdisjoint(self._seen[view.id]) or before.get(view.id) != after.get(view.id)

    def _view(self, row: Row[Any], number: int, facts: SceneFacts) -> ShotView:
        state, selected = State(), None
        if row.selected_take_id:
            state = state_of(self._made[row.id], facts.wanted(row), facts.now)
            root = self._document.root
            selected = SelectedTake(row.selected_take_id, row.number, row.take_frames, root, row.folder)
        return ShotView(
            row.id, self.scene_id, number, row.position, row.prompt, row.frames, row.continues, row.notes,
            self._counts.get(row.id, 0), selected, state.stale, state.changed, state.hints,
            *self._jobs.get(row.id, _NO_JOB), row.locked, row.seed,
            json.loads(row.settings) if row.settings != "{}" else {}, row.two_sided,
        )  # fmt: skip


def _touched_shots(changes: Iterable[RowChange]) -> frozenset[str] | None:
    """Return the shots whose rows, takes, jobs or choices changed, of any scene; None where that says too little."""
    touched: set[str] = set()
    new_takes = {change.id for change in changes if change.table == "take" and change.kind == "inserted"}
    for change in changes:
        cleaned_up = change.kind == "removed" and not change.after
        if change.table in _WHOLE or (cleaned_up and change.table != "context_choice"):
            return None
        if change.table == "shot":
            touched.add(change.id)
        elif change.table in _BY_SHOT:
            touched.add(change.parent_id)
        elif change.table == "take_context" and change.after.get("take_id") not in new_takes:
            return None  # a take made together with a new one has got another thing that it depends on
    return frozenset(touched)


def _replace_some(kept: dict[str, Any], touched: Iterable[str], found: dict[str, Any]) -> None:
    for shot_id in touched:
        kept.pop(shot_id, None)
    kept.update(found)


def _shown(row: Row[Any]) -> Shown:
    return Shown(row.selected_take_id, row.number, row.latents_hash)


def _followed(order: tuple[str, ...]) -> dict[str, str]:
    """Return the shot before each shot that has one."""
    return dict(zip(order[1:], order, strict=False))


def _renumbered(view: ShotView, number: int) -> ShotView:
    """Return the same line at another place. Written out, since `dataclasses.replace` takes thrice as long."""
    return ShotView(
        view.id, view.scene_id, number, view.position, view.prompt, view.frames, view.continues, view.notes,
        view.take_count, view.selected, view.stale, view.changed, view.hints, view.job_id, view.job_kind,
        view.job_state, view.locked, view.seed, view.settings, view.two_sided,
    )  # fmt: skip


def _take_counts(session: Session, where: ColumnElement[bool]) -> dict[str, int]:
    found = select(Take.shot_id, func.count()).join(Shot, Shot.id == Take.shot_id)
    return dict(session.execute(found.where(where, Take.deleted_at.is_(None)).group_by(Take.shot_id)).all())


def _active_jobs(session: Session, where: ColumnElement[bool]) -> dict[str, tuple[str, str, str]]:
    """Return id, kind and state of the first active job of each shot that has one."""
    found = (
        select(Job.shot_id, Job.id, Job.kind, Job.state)
        .join(Shot, Shot.id == Job.shot_id)
        .where(where, Job.state.in_(ACTIVE_STATES))
        .order_by(Job.position.desc())
    )
    return {shot_id: (job_id, kind, state) for shot_id, job_id, kind, state in session.execute(found)}
