"""How jobs are told: what they make, how they stand, and in which order the queue shows them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from app.engine_client.wording import still_text
from app.shots_model import ShotProgress
from storyboards.views import JobView

WORKING = ("running", "cancelling")
FINISHED = ("done", "cancelled")
_RANKS = {"running": 0, "cancelling": 0, "queued": 1, "interrupted": 2, "failed": 3, "done": 4, "cancelled": 4}


def tr(text: str) -> str:
    """Translate a text of the queue."""
    return QCoreApplication.translate("Queue", text)


def arranged(jobs: Iterable[JobView]) -> list[JobView]:
    """What runs, what waits in its order, what needs the user, and then the history, newest first."""
    return sorted(jobs, key=lambda job: (_RANKS[job.state], *_place(job)))


def _place(job: JobView) -> tuple[float, str]:
    if job.state in ("failed", *FINISHED):
        return -(job.finished_at or job.created_at), job.position
    return 0.0, job.position


def what(job: JobView) -> str:
    """Return "Shot 3 · 4 seeds"."""
    if job.kind == "joint":
        return tr("{count} shots together").format(count=job.takes_planned)
    shot = tr("Shot {number}").format(number=job.shot_number)
    if job.kind == "extend":
        return tr("{shot} · {frames} frames longer").format(shot=shot, frames=job.params.get("add_frames", 0))
    if job.params.get("clip"):
        return tr("{shot} · import of {name}").format(shot=shot, name=Path(job.params["clip"]).name)
    if job.takes_planned > 1:
        return tr("{shot} · {count} seeds").format(shot=shot, count=job.takes_planned)
    return shot


def state(job: JobView, progress: ShotProgress | None, place: int, paused: bool) -> str:
    """Return how a job stands: "take 2 of 4 · 0:45 left". `place` is that among the waiting ones, 0 the first."""
    if job.state == "running":
        return _running(job, progress)
    if job.state == "queued":
        if paused:
            return tr("paused")
        return tr("next") if place == 0 else tr("waits")
    return {
        "cancelling": tr("cancelling …"),
        "interrupted": tr("interrupted"),
        "failed": tr("failed"),
        "done": tr("done"),
        "cancelled": tr("cancelled"),
    }[job.state]


def _running(job: JobView, progress: ShotProgress | None) -> str:
    if progress is None:
        return tr("starting …")
    if progress.still_s:
        return still_text(progress.still_s)
    if not progress.steps:
        return progress.phase or tr("starting …")
    left = tr("{time} left").format(time=clock(progress.seconds_left))
    if job.takes_planned > 1 and job.kind == "render":
        take = tr("take {number} of {count}").format(number=job.takes_saved + 1, count=job.takes_planned)
        return f"{take} · {left}"
    return left


def fraction(job: JobView, progress: ShotProgress | None) -> float:
    """How far the whole job is, from 0 to 1."""
    if job.kind == "joint":
        return progress.fraction if progress else 0.0
    return min(1.0, (job.takes_saved + (progress.fraction if progress else 0.0)) / max(1, job.takes_planned))


def detail(job: JobView) -> str:
    """Return what stands under a job: why it did not work out and what to do, or what else is to know."""
    if job.state == "failed":
        return f"{job.message} {job.hint}".strip()
    if job.state == "interrupted":
        saved = tr(" {count} of {all} takes are saved.").format(count=job.takes_saved, all=job.takes_planned)
        return tr("The engine ended while it worked on this.") + (saved if job.takes_saved else "")
    if job.state == "queued":
        return _asked(job)
    return ""


def _asked(job: JobView) -> str:
    asked = []
    if job.params.get("seed") is not None:
        asked.append(tr("seed {seed}").format(seed=job.params["seed"]))
    steps = (job.params.get("settings") or {}).get("steps")
    if steps is not None:
        asked.append(tr("{steps} steps").format(steps=steps))
    if job.params.get("two_sided"):
        asked.append(tr("both sides"))
    return " · ".join(asked)


def clock(seconds: float) -> str:
    """Return "0:45" or "1:02:03"."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def told(job: JobView, how: str) -> str:
    """Return the whole row for people who do not see it."""
    return " ".join(part for part in (f"{what(job)}, {how}.", detail(job)) if part)
