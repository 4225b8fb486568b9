"""From a job to an engine request, and from an engine event to a take: the one place that speaks both languages.

A request is built when its job begins, so that it sees the takes selected then. Its id is that of the run, not of the
job: late events of an earlier run are told apart and ignored. A take's row, its selection and the end of its job are
one transaction, after the engine has given the take's folder its final name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.contract import (
    Cancelled,
    ContextRecord,
    Event,
    Failed,
    Finished,
    GenerateRequest,
    ImportRequest,
    Saved,
    TakeResult,
)

from .building import CannotBuild, build_plan, build_request
from .changes import ChangeSet
from .database import Work
from .errors import WrongState
from .jobs import JobParams, advance
from .loras import with_paths
from .paths import LATENTS, MANIFEST, TAKES, VIDEO
from .prompts import compose_global, compose_text
from .scenes import the_project
from .storyboard import Storyboard
from .tables import ACTIVE_STATES, Job, Scene, Shot, Take, TakeContext, new_id
from .values import SEED_LIMIT

__all__ = [
    "Begun",
    "apply_event",
    "begin_job",
    "compose_global",
    "compose_text",
    "plan_shot",
    "record_take",
    "start_next",
]


@dataclass(frozen=True, slots=True)
class Begun:
    """A job that has left the queue. `request` is None when it failed at once; the job's row says why."""

    job_id: str
    request: GenerateRequest | ImportRequest | None
    changes: ChangeSet


def start_next(storyboard: Storyboard) -> Begun | None:
    """Begin the first queued job of a live shot; None when the queue is empty or paused."""
    with storyboard.reading() as session:
        if the_project(session).queue_paused:
            return None
        live = Shot.deleted_at.is_(None) & Scene.deleted_at.is_(None) & (Job.state == "queued")
        waiting = select(Job.id).join(Shot, Shot.id == Job.shot_id).join(Scene, Scene.id == Shot.scene_id)
        job_id = session.scalar(waiting.where(live).order_by(Job.position).limit(1))
    return None if job_id is None else begin_job(storyboard, job_id)


def begin_job(storyboard: Storyboard, job_id: str) -> Begun:
    """Take a job out of the queue and build its request. Raises WrongState unless it is queued.

    Take numbers are given out here, once and for all. What stands in the way of the request (a missing file, nothing
    to continue) fails the job with a hint.
    """
    request: GenerateRequest | ImportRequest | None = None
    with storyboard.transaction() as work:
        job = work.get(Job, job_id)
        advance(job, "running")
        job.run_id = new_id()
        try:
            request, job.planned = build_request(work, job, storyboard.root)
        except CannotBuild as error:
            fail(job, error.code, error.message, error.hint)
        if request is not None and not request.shots:
            request = None
            advance(job, "done")  # all its takes were saved before it was interrupted
    return Begun(job_id, request, work.changes)


def plan_shot(storyboard: Storyboard, shot_id: str) -> GenerateRequest:
    """Return what a render of this shot would ask for now: to learn what it would see. Nothing is written.

    Raises NotFound, and WrongState where a render would fail at once (nothing to continue, a missing file).
    """
    with storyboard.reading() as session, session.no_autoflush:
        work = Work(session)
        shot = work.get(Shot, shot_id)
        params = JobParams(seed=shot.seed, settings=shot.settings, two_sided=shot.two_sided).stored("render")
        job = Job(id="", shot_id=shot.id, kind="render", params=params, run_id=new_id(), planned=[])
        try:
            return build_plan(work, job, storyboard.root)
        except CannotBuild as error:
            raise WrongState(error.message, error.hint) from error


def apply_event(storyboard: Storyboard, job_id: str, event: Event) -> ChangeSet:
    """Write down what the engine said about a job. Progress and events of an earlier run change nothing."""
    if not isinstance(event, (Saved, Failed, Cancelled, Finished)):
        return ChangeSet()
    with storyboard.transaction() as work:
        job = work.get(Job, job_id)
        if event.request_id == job.run_id and job.run_id:
            _apply(work, job, event, storyboard.root)
    return work.changes


def _apply(work: Work, job: Job, event: Saved | Failed | Cancelled | Finished, root: Path) -> None:
    match event:
        case Saved(take=result):
            problem = record_take(work, job, result, root)
            if problem and job.state != "done":
                fail(job, "internal", problem, "Retry; if it stays, report it with the log.")
        case _ if job.state not in ("running", "cancelling"):
            return  # the last take has ended the job already
        case Failed(code=code, message=message, hint=hint):
            fail(job, code, message, hint)
        case Cancelled():
            advance(job, "cancelled")
        case Finished():
            _finish(work, job)


def fail(job: Job, code: str, message: str, hint: str) -> None:
    """End a job that did not work out; one that was being cancelled counts as cancelled."""
    if job.state in ("running", "cancelling"):
        advance(job, "cancelled" if job.state == "cancelling" else "failed")
    job.code, job.message, job.hint = code, message, hint


def record_take(work: Work, job: Job, result: TakeResult, root: Path) -> str:
    """Write the row of a take whose files are complete; end the job with its last one.

    Returns what is wrong with the result, "" when all is well. A take that is recorded already stays as it is.
    """
    plan = next((line for line in job.planned if line["take_id"] == result.take_id), None)
    problem = _mismatch(plan, result, root)
    if problem or work.session.get(Take, result.take_id) is not None:
        return problem
    assert plan is not None
    take = work.add(_take_row(work.session, job, plan, result))
    for place, item in enumerate(result.context):
        work.session.add(_context_row(take.id, place, item))
    if job.kind == "joint":
        _relate(work, job, take)
    _select(work, job, take)
    work.session.flush()
    if _saved(work.session, job) == len(job.planned) and job.state in ("running", "cancelling", "interrupted"):
        advance(job, "done")
    return ""


def _mismatch(plan: dict[str, Any] | None, result: TakeResult, root: Path) -> str:
    """Check a result against what was asked; the engine is another process, and paths are not taken on trust."""
    if plan is None or plan["shot_id"] != result.shot_id or plan["take_number"] != result.take_number:
        return f"the engine saved a take {result.take_id} that this job did not ask for"
    folder = root / TAKES / result.take_id
    if Path(result.folder).resolve() != folder.resolve():
        return f"the engine saved take {result.take_number} in {result.folder}, not in {folder}"
    missing = [name for name in (LATENTS, VIDEO, MANIFEST) if not (folder / name).is_file()]
    if missing:
        return f"the engine saved take {result.take_number} without {', '.join(missing)}"
    if not 0 <= result.seed < SEED_LIMIT:
        return f"the engine used the seed {result.seed}, which cannot be stored"
    return ""


def _take_row(session: Session, job: Job, plan: dict[str, Any], result: TakeResult) -> Take:
    return Take(
        id=result.take_id,
        shot_id=result.shot_id,
        number=result.take_number,
        job_id=job.id,
        folder=f"{TAKES}/{result.take_id}",
        latents_hash=result.latents_hash,
        files=result.files,
        frames=result.frames,
        fps=result.fps,
        width=result.size[0],
        height=result.size[1],
        prompt=plan["prompt"],
        text=result.text,
        seed=result.seed,
        settings=with_paths(result.settings, plan.get("files", {})),
        model=plan.get("model") or the_project(session).model,
        model_fingerprint=result.model_fingerprint,
        engine_version=result.engine_version,
        seconds=result.seconds,
        extends=result.extends,
        continued_take_id=plan["continued_take_id"],
        continued_hash=plan["continued_hash"],
        quality=result.quality,
    )


def _context_row(take_id: str, place: int, item: ContextRecord) -> TakeContext:
    return TakeContext(
        take_id=take_id,
        place=place,
        role=item.role,
        shot_id=item.shot_id,
        candidate_id=item.candidate_id,
        content_hash=item.content_hash,
        noise=item.noise,
        side=item.side,
        key=item.key,
    )


def _relate(work: Work, job: Job, take: Take) -> None:
    """Note that takes of one joint job depend on each other, both ways."""
    for other in work.session.scalars(select(Take).where(Take.job_id == job.id, Take.id != take.id)).all():
        if other.id in {line["take_id"] for line in job.planned}:
            for one, two in ((take, other), (other, take)):
                place = select(func.count()).select_from(TakeContext).where(TakeContext.take_id == one.id)
                record = ContextRecord(two.id, "shot", two.shot_id, two.latents_hash, 1.0, "before", "")
                row = _context_row(one.id, work.session.scalar(place) or 0, record)
                row.role, row.side = "joint", ""
                work.add(row)


def _select(work: Work, job: Job, take: Take) -> None:
    """Show the take if its shot shows none, or if the job asked for it and this is the first one it brings."""
    shot = work.get(Shot, take.shot_id, deleted=True)
    earlier = select(Take.id).where(Take.job_id == job.id, Take.shot_id == shot.id, Take.id != take.id).limit(1)
    asked = JobParams.of(job).select and work.session.scalar(earlier) is None
    if shot.selected_take_id is None or asked:
        shot.selected_take_id = take.id
        if job.kind == "extend" or JobParams.of(job).clip:
            shot.frames = take.frames  # the slot is as long as its take has become, or as the clip is


def _saved(session: Session, job: Job) -> int:
    planned = [line["take_id"] for line in job.planned]
    return session.scalar(select(func.count()).select_from(Take).where(Take.id.in_(planned))) or 0


def _finish(work: Work, job: Job) -> None:
    saved = _saved(work.session, job)
    if saved == len(job.planned):
        advance(job, "done")
    elif job.state in ACTIVE_STATES:
        message = f"the engine finished after {saved} of {len(job.planned)} takes"
        fail(job, "internal", message, "Retry: it makes the takes that are missing.")
