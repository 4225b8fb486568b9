"""The queue: jobs as rows with a state machine. What a job asks of the engine is `storyboards.requests`' business.

    queued -> running -> done | failed | cancelling -> cancelled;  running -> interrupted when the program ended

A failed, cancelled or interrupted job is queued again by a retry, which renders only the takes it still owes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import ordering
from .changes import ChangeSet
from .database import Document, Work
from .errors import AlreadyQueued, InvalidValue, WrongState
from .lengths import LONGEST, normal_extension
from .positions import keys_between
from .scenes import the_project
from .tables import ACTIVE_STATES, Job, Scene, Shot, Take
from .values import check_seed, check_settings

TRANSITIONS: dict[str, frozenset[str]] = {
    "queued": frozenset({"running", "failed", "cancelled"}),
    "running": frozenset({"done", "failed", "cancelling", "cancelled", "interrupted"}),
    "cancelling": frozenset({"cancelled", "done"}),
    "interrupted": frozenset({"queued", "done", "cancelled"}),
    "failed": frozenset({"queued"}),
    "cancelled": frozenset({"queued"}),
    "done": frozenset(),
}
MOST_TAKES = 64
_PARAMS_OF = {
    "render": {"takes", "seed", "settings", "two_sided", "select", "clip", "caption"},
    "extend": {"add_frames", "take_id", "seed", "settings", "two_sided", "select"},
    "joint": {"shots", "seed", "settings", "select"},
}
_OF_CLIPS = {"clip", "caption"}


@dataclass(frozen=True, slots=True)
class JobParams:
    """What a job was told. `select`: the new take becomes the selected one even if the shot has one.

    `settings` overrides the scene's sampling settings; `add_frames` and `take_id` belong to "extend" ("" = the
    selected take when the job begins), `shots` to "joint". `clip` is a video file that the take is made of instead of
    being rendered, `caption` what is to be seen in it ("": what the shot's prompt says).
    """

    takes: int = 1
    seed: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    two_sided: bool = False
    select: bool = False
    add_frames: int = 0
    take_id: str = ""
    shots: tuple[str, ...] = ()
    clip: str = ""
    caption: str = ""

    @staticmethod
    def of(job: Job) -> JobParams:
        """Read the params of a row."""
        values = {name: value for name, value in job.params.items() if name in JobParams.__dataclass_fields__}
        return JobParams(**{**values, "shots": tuple(values.get("shots", ()))})

    def stored(self, kind: str) -> dict[str, Any]:
        """Return what is written for a job of this kind."""
        names = _PARAMS_OF[kind] if self.clip else _PARAMS_OF[kind] - _OF_CLIPS
        return {name: value for name, value in asdict(self).items() if name in names}


def advance(job: Job, state: str) -> None:
    """Move a job along the state machine. Raises WrongState."""
    if state not in TRANSITIONS[job.state]:
        raise WrongState(f"A job that is {job.state} cannot become {state}.", "Look at the queue again.")
    job.state = state
    if state == "running":
        job.started_at, job.finished_at = time.time(), None
        job.code = job.message = job.hint = ""
    elif state in ("done", "failed", "cancelled", "interrupted"):
        job.finished_at = time.time()


class JobVerbs(Document):
    """Verbs on the queue. Each is one transaction and returns what it changed."""

    def queue_render(
        self,
        shot_id: str,
        *,
        takes: int = 1,
        seed: int | None = None,
        settings: Mapping[str, Any] | None = None,
        two_sided: bool | None = None,
        select: bool | None = None,
    ) -> ChangeSet:
        """Queue the first take of a shot, another one, or several seeds at once (`takes`).

        The shot's own seed, settings and two-sidedness hold where none are given; `settings` goes on top of them.
        A seed counts up over several takes. A shot without a take always shows the first new one.
        `select` says whether the first new take also replaces the one shown; by default a single take does, and of
        several the user picks. Raises AlreadyQueued, and WrongState for a locked shot.
        """
        with self.transaction() as work:
            shot = work.get(Shot, shot_id)
            params = JobParams(
                takes=takes,
                seed=shot.seed if seed is None else seed,
                settings={**shot.settings, **(settings or {})},
                two_sided=shot.two_sided if two_sided is None else two_sided,
                select=takes == 1 if select is None else select,
            )
            enqueue(work, shot, "render", params)
        return work.changes

    def queue_scene(self, scene_id: str, *, settings: Mapping[str, Any] | None = None) -> ChangeSet:
        """Queue one render for each shot that has no selected take and no job yet, in the order of the scene.

        Locked shots are passed over.
        """
        given = check_settings(settings or {})
        with self.transaction() as work:
            shots = _shots_to_render(work.session, work.get(Scene, scene_id).id)
            positions = keys_between(ordering.jobs(work.session).highest(), None, len(shots))
            for shot, position in zip(shots, positions, strict=True):
                own = {**shot.settings, **given}
                params = JobParams(seed=shot.seed, settings=own, two_sided=shot.two_sided, select=True)
                stored = params.stored("render")
                work.session.add(Job(shot_id=shot.id, kind="render", params=stored, position=position))
        return work.changes

    def queue_extend(
        self,
        shot_id: str,
        add_frames: int,
        *,
        take_id: str = "",
        seed: int | None = None,
        settings: Mapping[str, Any] | None = None,
        select: bool = True,
    ) -> ChangeSet:
        """Queue a longer take of a shot: its selected take (or `take_id`) and `add_frames` more, without a cut."""
        with self.transaction() as work:
            shot = work.get(Shot, shot_id)
            params = JobParams(
                add_frames=add_frames,
                take_id=take_id,
                seed=shot.seed if seed is None else seed,
                settings={**shot.settings, **(settings or {})},
                two_sided=shot.two_sided,
                select=select,
            )
            if shot.selected_take_id is None and not take_id:
                raise InvalidValue("This shot has no take to make longer.", "Render it first.")
            enqueue(work, shot, "extend", params)
        return work.changes

    def queue_joint(
        self,
        shot_ids: Sequence[str],
        *,
        seed: int | None = None,
        settings: Mapping[str, Any] | None = None,
        select: bool = True,
    ) -> ChangeSet:
        """Queue several shots of one scene to be denoised together, one take each."""
        with self.transaction() as work:
            shots = [work.get(Shot, shot_id) for shot_id in dict.fromkeys(shot_ids)]
            if len(shots) < 2 or len({shot.scene_id for shot in shots}) != 1:
                raise InvalidValue("Joint rendering takes two or more shots of one scene.", "Choose the shots again.")
            if any(shot.continues for shot in shots):
                raise InvalidValue("Joint rendering takes shots that each follow a cut.", "Leave continuations out.")
            shots.sort(key=lambda shot: shot.position)
            for shot in shots:
                refuse_locked(shot)
            params = JobParams(
                shots=tuple(shot.id for shot in shots), seed=seed, settings=dict(settings or {}), select=select
            )
            enqueue(work, shots[0], "joint", params)
        return work.changes

    def edit_job(self, job_id: str, **params: Any) -> ChangeSet:
        """Change params of a queued job by their names in `JobParams`. Raises WrongState once it has begun."""
        with self.transaction() as work:
            job = _queued(work, job_id)
            unknown = set(params) - _PARAMS_OF[job.kind]
            if unknown:
                raise InvalidValue(
                    f"A {job.kind} job has no {', '.join(sorted(unknown))}.",
                    f"It has: {', '.join(sorted(_PARAMS_OF[job.kind]))}.",
                )
            changed = replace(JobParams.of(job), **params)
            job.params = _checked(work, work.get(Shot, job.shot_id), job.kind, changed).stored(job.kind)
        return work.changes

    def move_job(self, job_id: str, *, before: str | None = None, after: str | None = None) -> ChangeSet:
        """Put a queued job before or after another queued one; to the end with neither."""
        with self.transaction() as work:
            job = _queued(work, job_id)
            order = ordering.jobs(work.session)
            if not order.stands(job.id, before=before, after=after):
                job.position = order.beside(before=before, after=after)
        return work.changes

    def cancel_job(self, job_id: str) -> ChangeSet:
        """Cancel a job: at once if it waits; if it runs, it is "cancelling" until the engine has let go of it."""
        with self.transaction() as work:
            job = work.get(Job, job_id)
            if job.state != "cancelling":
                advance(job, "cancelling" if job.state == "running" else "cancelled")
        return work.changes

    def retry_job(self, job_id: str) -> ChangeSet:
        """Queue a failed, cancelled or interrupted job again, at the end. Raises WrongState, AlreadyQueued."""
        with self.transaction() as work:
            requeue(work, work.get(Job, job_id), ordering.jobs(work.session).last())
        return work.changes

    def resume_interrupted(self) -> ChangeSet:
        """Queue all interrupted jobs again, before the others and in their old order."""
        with self.transaction() as work:
            found = select(Job).where(Job.state == "interrupted").order_by(Job.position.desc())
            for job in work.session.scalars(found).all():
                if _active(work.session, job.shot_id, job.kind) is None:
                    requeue(work, job, ordering.jobs(work.session).first())
                    work.session.flush()
        return work.changes

    def interrupt_jobs(self) -> ChangeSet:
        """Say that no engine works on anything any more: running jobs are interrupted, cancelling ones cancelled."""
        with self.transaction() as work:
            for job in work.session.scalars(select(Job).where(Job.state.in_(("running", "cancelling")))).all():
                advance(job, "interrupted" if job.state == "running" else "cancelled")
        return work.changes

    def clear_jobs(self) -> ChangeSet:
        """Take what has ended out of the queue's list: done, failed and cancelled jobs."""
        with self.transaction() as work:
            ended = Job.state.in_(("done", "failed", "cancelled")) & Job.cleared.is_(False)
            for job in work.session.scalars(select(Job).where(ended)).all():
                job.cleared = True
        return work.changes

    def pause_queue(self) -> ChangeSet:
        """Let no further job begin; the running one goes on."""
        with self.transaction() as work:
            the_project(work.session).queue_paused = True
        return work.changes

    def resume_queue(self) -> ChangeSet:
        """Let jobs begin again."""
        with self.transaction() as work:
            the_project(work.session).queue_paused = False
        return work.changes


def enqueue(work: Work, shot: Shot, kind: str, params: JobParams) -> Job:
    """Append a job inside a transaction. Raises AlreadyQueued, InvalidValue, WrongState."""
    refuse_locked(shot)
    _refuse_second(work.session, shot.id, kind)
    stored = _checked(work, shot, kind, params).stored(kind)
    return work.add(Job(shot_id=shot.id, kind=kind, params=stored, position=ordering.jobs(work.session).last()))


def refuse_locked(shot: Shot) -> None:
    """Raise WrongState for a shot that its user has locked."""
    if shot.locked:
        raise WrongState("This shot is locked, so that nothing changes it.", "Unlock it to render it.")


def requeue(work: Work, job: Job, position: str) -> None:
    """Queue a job again inside a transaction; late events of its earlier run no longer count."""
    if "queued" in TRANSITIONS[job.state]:
        _refuse_second(work.session, job.shot_id, job.kind)
    advance(job, "queued")
    job.position = position
    job.run_id, job.planned, job.cleared = "", [], False


def _refuse_second(session: Session, shot_id: str, kind: str) -> None:
    active = _active(session, shot_id, kind)
    if active is not None:
        raise AlreadyQueued(
            f"This shot has a {kind} job already, which is {active.state}.",
            "Edit or cancel that one, or wait until it is done.",
            active.id,
        )


def _active(session: Session, shot_id: str, kind: str) -> Job | None:
    active = (Job.shot_id == shot_id) & (Job.kind == kind) & Job.state.in_(ACTIVE_STATES)
    return session.scalar(select(Job).where(active))


def _checked(work: Work, shot: Shot, kind: str, params: JobParams) -> JobParams:
    if not 1 <= params.takes <= MOST_TAKES:
        raise InvalidValue(f"A job cannot make {params.takes} takes.", f"Ask for 1 to {MOST_TAKES}.")
    if params.clip and params.takes != 1:
        raise InvalidValue("A clip makes one take.", "Import it once more for a second one.")
    if params.seed is not None:
        check_seed(params.seed)
    if params.take_id and work.get(Take, params.take_id).shot_id != shot.id:
        raise InvalidValue("This take belongs to another shot.", "Extend a take of the shot itself.")
    if kind == "extend":
        added = normal_extension(params.add_frames)
        base = work.session.get(Take, params.take_id or shot.selected_take_id or "")
        if base is not None and base.frames + added > LONGEST:
            raise InvalidValue(f"A shot has at most {LONGEST} frames; this one has {base.frames}.", "Add fewer.")
        params = replace(params, add_frames=added)
    return replace(params, settings=check_settings(params.settings))


def _queued(work: Work, job_id: str) -> Job:
    job = work.get(Job, job_id)
    if job.state != "queued":
        raise WrongState(f"This job is {job.state}, not waiting any more.", "Cancel it, or queue another one.")
    return job


def _shots_to_render(session: Session, scene_id: str) -> list[Shot]:
    active = select(Job.shot_id).where(Job.kind == "render", Job.state.in_(ACTIVE_STATES))
    live = (Shot.scene_id == scene_id) & Shot.deleted_at.is_(None) & Shot.locked.is_(False)
    found = select(Shot).where(live, Shot.selected_take_id.is_(None), Shot.id.not_in(active))
    return list(session.scalars(found.order_by(Shot.position)))
