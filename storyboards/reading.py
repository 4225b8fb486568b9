"""What the screens and the command line read. Every call sees one consistent state of the document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.orm import Session

from engine.contract import PlannedBlock

from .database import Document
from .errors import NotFound
from .facts import SceneFacts, global_text, made_of, scene_facts, seen_by
from .lineage import Made, SceneNow, State, compare_with_plan, state_of
from .lines import SceneLines
from .paths import inside
from .tables import (
    ACTIVE_STATES,
    ContextChoice,
    Element,
    Job,
    Project,
    ReferenceImage,
    Scene,
    Shot,
    Take,
    TakeContext,
)
from .views import (
    ChoiceView,
    ContextView,
    ElementView,
    JobView,
    ProjectView,
    ReferenceView,
    SceneView,
    ShotView,
    TakeView,
)


class Reading(Document):
    """Views of the document. They raise NotFound for ids that are not there, and never write."""

    def project(self) -> ProjectView:
        """The project's settings."""
        with self.reading() as session:
            row = session.scalars(select(Project)).one()
            size = None if row.width is None or row.height is None else (row.width, row.height)
            return ProjectView(row.id, row.name, row.model, size, row.fps, row.queue_paused)

    def scenes(self) -> list[SceneView]:
        """The live scenes in order."""
        with self.reading() as session:
            live = Shot.deleted_at.is_(None)
            counts = dict(
                session.execute(select(Shot.scene_id, func.count()).where(live).group_by(Shot.scene_id)).all()
            )
            rows = session.scalars(select(Scene).where(Scene.deleted_at.is_(None)).order_by(Scene.position)).all()
            return [_scene_view(session, row, number, counts.get(row.id, 0)) for number, row in enumerate(rows, 1)]

    def scene(self, scene_id: str) -> SceneView:
        """One live scene."""
        for view in self.scenes():
            if view.id == scene_id:
                return view
        raise _not_found("scene", scene_id)

    def elements(self, scene_id: str) -> list[ElementView]:
        """The live elements of a scene in order, with their live reference images."""
        with self.reading() as session:
            live = (Element.scene_id == scene_id) & Element.deleted_at.is_(None)
            rows = session.scalars(select(Element).where(live).order_by(Element.position)).all()
            pictures = select(ReferenceImage).where(ReferenceImage.deleted_at.is_(None))
            images = session.scalars(pictures.order_by(ReferenceImage.position)).all()
            return [
                ElementView(
                    row.id,
                    row.kind,
                    row.name,
                    row.description,
                    tuple(
                        ReferenceView(image.id, image.name, inside(self.root, image.path), image.content_hash)
                        for image in images
                        if image.element_id == row.id
                    ),
                )
                for row in rows
            ]

    def shots(self, scene_id: str) -> list[ShotView]:
        """The live shots of a scene in order: what they show, whether it is stale, what is queued. Light."""
        return list(SceneLines(self, scene_id).read())

    def shot_ids(self, scene_id: str) -> list[str]:
        """The ids of the live shots of a scene in order, and nothing else."""
        with self.reading() as session:
            live = (Shot.scene_id == scene_id) & Shot.deleted_at.is_(None)
            return list(session.scalars(select(Shot.id).where(live).order_by(Shot.position)))

    def shot(self, shot_id: str) -> ShotView:
        """One live shot."""
        with self.reading() as session:
            scene_id = session.scalar(select(Shot.scene_id).where(Shot.id == shot_id, Shot.deleted_at.is_(None)))
        if scene_id is None:
            raise _not_found("shot", shot_id)
        return next(view for view in self.shots(scene_id) if view.id == shot_id)

    def takes(self, shot_id: str) -> list[TakeView]:
        """The live takes of a shot by number, with what made them and whether that still holds."""
        return self._takes((Take.shot_id == shot_id) & Take.deleted_at.is_(None))

    def take(self, take_id: str) -> TakeView:
        """One live take."""
        found = self._takes((Take.id == take_id) & Take.deleted_at.is_(None))
        if not found:
            raise _not_found("take", take_id)
        return found[0]

    def _takes(self, which: ColumnElement[bool]) -> list[TakeView]:
        with self.reading() as session:
            rows = session.scalars(select(Take).where(which).order_by(Take.number)).all()
            if not rows:
                return []
            shot = session.get_one(Shot, rows[0].shot_id)
            facts, made = _facts(session, shot.scene_id), made_of(session, which)
            contexts = _contexts(session, which, facts.now)
            line = next((line for line in facts.shots if line.id == shot.id), None)
            return [self._take_view(row, shot, line, facts, made[row.id], contexts.get(row.id, ())) for row in rows]

    def _take_view(
        self,
        row: Take,
        shot: Shot,
        line: Row[Any] | None,
        facts: SceneFacts,
        made: Made,
        context: tuple[ContextView, ...],
    ) -> TakeView:
        state = State() if line is None else state_of(made, facts.wanted(line), facts.now)
        return TakeView(
            row.id, row.shot_id, row.number, row.id == shot.selected_take_id, row.rating, row.favourite, row.prompt,
            row.text, row.seed, row.settings, row.model, row.model_fingerprint, row.engine_version, row.latents_hash,
            row.files, row.frames, row.fps, (row.width, row.height), row.seconds, row.extends, row.quality,
            row.created_at, inside(self.root, row.folder), context, state.stale, state.changed, state.hints,
        )  # fmt: skip

    def choices(self, shot_id: str) -> list[ChoiceView]:
        """The user's words on what a shot sees."""
        with self.reading() as session:
            rows = session.scalars(select(ContextChoice).where(ContextChoice.shot_id == shot_id)).all()
            return [
                ChoiceView(row.target_shot_id or "", row.target_reference_id or "", row.choice, row.noise)
                for row in rows
            ]

    def hints_of_plan(self, take_id: str, blocks: Sequence[PlannedBlock]) -> list[str]:
        """What a take's shot would see otherwise today, given the planner's answer of today."""
        with self.reading() as session:
            return compare_with_plan(seen_by(session, Take.id == take_id).get(take_id, ()), blocks)

    def jobs(self, *, active: bool = False) -> list[JobView]:
        """The queue in order; with `active` only what waits or runs. Jobs of deleted shots and cleared ones are left
        out."""
        with self.reading() as session:
            live = Shot.deleted_at.is_(None) & Scene.deleted_at.is_(None) & Job.cleared.is_(False)
            found = select(Job, Shot.scene_id).join(Shot, Shot.id == Job.shot_id).join(Scene, Scene.id == Shot.scene_id)
            if active:
                live &= Job.state.in_(ACTIVE_STATES)
            rows = session.execute(found.where(live).order_by(Job.position)).all()
            saved = dict(session.execute(select(Take.job_id, func.count()).group_by(Take.job_id)).all())
            numbers = _numbers(session, {scene_id for _, scene_id in rows})
            return [_job_view(job, scene, numbers.get(job.shot_id, 0), saved.get(job.id, 0)) for job, scene in rows]

    def job(self, job_id: str) -> JobView:
        """One job of a live shot."""
        for view in self.jobs():
            if view.id == job_id:
                return view
        raise _not_found("job", job_id)


def _facts(session: Session, scene_id: str) -> SceneFacts:
    facts = scene_facts(session, scene_id)
    if facts is None:
        raise _not_found("scene", scene_id)
    return facts


def _scene_view(session: Session, row: Scene, number: int, shot_count: int) -> SceneView:
    text = global_text(session, row.id, row.environment, row.story)
    return SceneView(
        row.id, number, row.title, row.environment, row.story, row.seed, row.settings, shot_count, text
    )


def _contexts(session: Session, which: ColumnElement[bool], now: SceneNow) -> dict[str, tuple[ContextView, ...]]:
    names = {take_id: [_seen_name(item, now) for item in items] for take_id, items in seen_by(session, which).items()}
    found = select(TakeContext).join(Take, Take.id == TakeContext.take_id).where(which).order_by(TakeContext.place)
    views: dict[str, tuple[ContextView, ...]] = {}
    for row in session.scalars(found):
        name = names[row.take_id][len(views.get(row.take_id, ()))]
        view = ContextView(name, row.role, row.shot_id, row.candidate_id, row.content_hash, row.noise, row.side)
        views[row.take_id] = (*views.get(row.take_id, ()), view)
    return views


def _seen_name(item: Any, now: SceneNow) -> str:
    if item.role == "reference":
        image = now.images.get(item.candidate_id)
        return f"the image {image.label}" if image else "an image that is gone"
    if not item.shot_id:
        return "its own beginning"
    take = f"take {item.number}" if item.number is not None else "a take"
    return f"{take} of {now.name(item.shot_id)}"


def _numbers(session: Session, scene_ids: set[str]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for scene_id in scene_ids:
        live = (Shot.scene_id == scene_id) & Shot.deleted_at.is_(None)
        ids = session.scalars(select(Shot.id).where(live).order_by(Shot.position))
        numbers.update((shot_id, number) for number, shot_id in enumerate(ids, 1))
    return numbers


def _job_view(job: Job, scene_id: str, shot_number: int, saved: int) -> JobView:
    wanted = len(job.params["shots"]) if job.kind == "joint" else job.params.get("takes", 1)
    return JobView(
        job.id, job.kind, job.state, job.shot_id, scene_id, shot_number, job.position, job.params, wanted, saved,
        job.code, job.message, job.hint, job.created_at, job.started_at, job.finished_at,
    )  # fmt: skip


def _not_found(what: str, row_id: str) -> NotFound:
    return NotFound(f"There is no {what} {row_id!r}.", "It may have been deleted; look at the scene again.")
