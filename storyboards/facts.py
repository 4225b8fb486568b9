"""The selects behind lineage: a scene as it is now, and what its takes recorded, in a handful of light queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, String, select, type_coerce
from sqlalchemy.orm import Session, aliased

from .lineage import Image, Made, SceneNow, Seen, Shown, Wanted
from .prompts import compose_global, compose_text
from .tables import ContextChoice, Element, ReferenceImage, Scene, Shot, Take, TakeContext

_SHOT: tuple[Any, ...] = (
    Shot.id,
    Shot.position,
    Shot.prompt,
    Shot.frames,
    Shot.continues,
    Shot.notes,
    Shot.selected_take_id,
    Shot.locked,
    Shot.seed,
    type_coerce(Shot.settings, String).label("settings"),  # as text: nearly all are "{}", and parsing is not free
    Shot.two_sided,
    Take.number,
    Take.frames.label("take_frames"),
    Take.folder,
    Take.latents_hash,
)


@dataclass(frozen=True, slots=True)
class SceneFacts:
    """One scene, read at one moment. `shots` are the live ones in order, with the columns of `_SHOT`."""

    scene: Row[Any]
    shots: tuple[Row[Any], ...]
    global_text: str
    now: SceneNow

    def wanted(self, shot: Row[Any], caption: str = "") -> Wanted:
        """Return what a take of this shot would be made from today; a `caption` stands in for its prompt."""
        prompt = caption or shot.prompt
        text = compose_text(self.global_text, prompt, continues=shot.continues)
        return Wanted(prompt, text, shot.frames, shot.continues)


def scene_facts(session: Session, scene_id: str) -> SceneFacts | None:
    """Read a scene, also a deleted one; None if there is no such row."""
    columns = (Scene.id, Scene.environment, Scene.story, Scene.seed, Scene.settings)
    scene = session.execute(select(*columns).where(Scene.id == scene_id)).one_or_none()
    if scene is None:
        return None
    shots = tuple(shot_rows(session, (Shot.scene_id == scene_id) & Shot.deleted_at.is_(None)))
    deleted = session.scalars(select(Shot.id).where(Shot.scene_id == scene_id, Shot.deleted_at.is_not(None)))
    now = SceneNow(
        order=tuple(shot.id for shot in shots),
        shows={s.id: Shown(s.selected_take_id, s.number, s.latents_hash) for s in shots if s.selected_take_id},
        images=_images(session, scene_id),
        deleted=frozenset(deleted),
        choices=context_choices(session, scene_id),
    )
    return SceneFacts(scene, shots, global_text(session, scene_id, scene.environment, scene.story), now)


def shot_rows(session: Session, where: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """Return shots in order with the takes that they show, by the columns of `_SHOT`."""
    joined = select(*_SHOT).join(Take, Take.id == Shot.selected_take_id, isouter=True)
    return session.execute(joined.where(where).order_by(Shot.position)).all()


def global_text(session: Session, scene_id: str, environment: str, story: str) -> str:
    """Return the scene's whole global prompt."""
    columns = (Element.kind, Element.name, Element.description)
    live = (Element.scene_id == scene_id) & Element.deleted_at.is_(None)
    elements: Any = session.execute(select(*columns).where(live).order_by(Element.position)).all()
    return compose_global(elements, environment, story)


def _images(session: Session, scene_id: str) -> dict[str, Image]:
    columns = (
        ReferenceImage.id,
        ReferenceImage.name,
        ReferenceImage.content_hash,
        ReferenceImage.deleted_at,
        Element.name.label("element"),
        Element.deleted_at.label("element_deleted_at"),
    )
    joined = select(*columns).join(Element, Element.id == ReferenceImage.element_id)
    return {
        row.id: Image(
            f"{row.name!r} of {row.element}",
            row.content_hash,
            row.deleted_at is None and row.element_deleted_at is None,
        )
        for row in session.execute(joined.where(Element.scene_id == scene_id))
    }


def context_choices(session: Session, scene_id: str) -> dict[str, dict[str, str]]:
    """Return the user's word on what each shot sees: shot to shot or image to "auto", "pinned" or "excluded"."""
    columns = (
        ContextChoice.shot_id,
        ContextChoice.target_shot_id,
        ContextChoice.target_reference_id,
        ContextChoice.choice,
    )
    found: dict[str, dict[str, str]] = defaultdict(dict)
    joined = select(*columns).join(Shot, Shot.id == ContextChoice.shot_id).where(Shot.scene_id == scene_id)
    for row in session.execute(joined):
        found[row.shot_id][row.target_shot_id or row.target_reference_id] = row.choice
    return dict(found)


def made_of(session: Session, takes: ColumnElement[bool]) -> dict[str, Made]:
    """Return what the takes of a condition recorded, by take id.

    A take that made another one longer saw, in its first part, what that one saw.
    """
    base = aliased(Take)
    columns = (
        Take.id,
        Take.shot_id,
        Take.prompt,
        Take.text,
        Take.frames,
        Take.extends,
        Take.continued_take_id,
        Take.continued_hash,
        Take.kept,
        base.shot_id.label("continued_shot_id"),
        base.number.label("continued_number"),
    )
    joined = select(*columns).join(base, base.id == Take.continued_take_id, isouter=True).where(takes)
    rows = session.execute(joined).all()
    chains = _chains(session, {row.id: row.extends for row in rows if row.extends})
    seen = seen_by(session, takes)
    earlier = {take_id for chain in chains.values() for take_id in chain} - set(seen)
    if earlier:
        seen |= seen_by(session, Take.id.in_(earlier))
    return {
        row.id: Made(
            row.shot_id,
            row.prompt,
            row.text,
            row.frames,
            row.continued_take_id,
            row.continued_hash,
            row.continued_shot_id or "",
            row.continued_number,
            tuple(item for take_id in (row.id, *chains.get(row.id, ())) for item in seen.get(take_id, ())),
            frozenset(row.kept),
        )
        for row in rows
    }


def _chains(session: Session, extends: dict[str, str]) -> dict[str, list[str]]:
    """Return for each take the takes it was made longer from, the nearest first."""
    known = dict(extends)
    asked: set[str] = set()
    while missing := {base for base in known.values() if base} - set(known) - asked:
        asked |= missing
        known.update((row.id, row.extends) for row in _extends(session, missing))
    chains: dict[str, list[str]] = {}
    for take_id in extends:
        chain: list[str] = []
        at = known.get(take_id, "")
        while at and at not in chain:
            chain.append(at)
            at = known.get(at, "")
        chains[take_id] = chain
    return chains


def _extends(session: Session, ids: Iterable[str]) -> Iterable[Row[str, str]]:
    return session.execute(select(Take.id, Take.extends).where(Take.id.in_(set(ids)))).all()


def seen_by(session: Session, takes: ColumnElement[bool]) -> dict[str, tuple[Seen, ...]]:
    """Return the recorded context of the takes of a condition, in order, by take id."""
    candidate = aliased(Take)
    columns = (
        TakeContext.take_id,
        TakeContext.role,
        TakeContext.shot_id,
        TakeContext.candidate_id,
        TakeContext.content_hash,
        TakeContext.side,
        candidate.number,
    )
    joined = (
        select(*columns)
        .join(Take, Take.id == TakeContext.take_id)
        .join(candidate, candidate.id == TakeContext.candidate_id, isouter=True)
        .where(takes)
        .order_by(TakeContext.take_id, TakeContext.place)
    )
    found: dict[str, list[Seen]] = defaultdict(list)
    for row in session.execute(joined):
        found[row[0]].append(Seen(*row[1:]))
    return {take_id: tuple(items) for take_id, items in found.items()}
