"""The rows of `storyboard.db`. Ids are UUIDs, times are Unix seconds, paths are relative to the project's folder.

Foreign keys are checked when a transaction ends, so rows may be written in any order. Rows with a `deleted_at` are out
of the document but stay until the user cleans up; their positions stay taken, so a restored row finds its old place.
"""

from __future__ import annotations

import time
import uuid
from typing import Any, ClassVar

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, MetaData, UniqueConstraint, false, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

FORMAT_MAJOR = 1  # raised when older programs must not write the file any more
FORMAT_MINOR = 1  # raised with every other revision
HEAD_REVISION = "0002"

KINDS_OF_ELEMENT = ("character", "place", "prop")
RATINGS = ("open", "accepted", "rejected")
CHOICES = ("auto", "pinned", "excluded")
KINDS_OF_JOB = ("render", "extend", "joint")
JOB_STATES = ("queued", "running", "done", "failed", "cancelling", "cancelled", "interrupted")
ACTIVE_STATES = ("queued", "running", "cancelling")


def new_id() -> str:
    """Return a fresh row id."""
    return str(uuid.uuid4())


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def _link(target: str, *, index: bool = False, cycle: bool = False) -> Any:
    link = ForeignKey(target, deferrable=True, initially="DEFERRED", use_alter=cycle)
    return mapped_column(link, index=index)


class Base(DeclarativeBase):
    """What all rows share: an id, and the names that migrations give to constraints."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        dict[str, Any]: JSON,
        dict[str, str]: JSON,
        dict[str, float]: JSON,
        list[Any]: JSON,
    }

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id, sort_order=-1)


class Project(Base):
    """The one row of settings that all scenes share. `width` and `height` None: what the backbone's profile says."""

    __tablename__ = "project"

    name: Mapped[str]
    model: Mapped[str]
    width: Mapped[int | None]
    height: Mapped[int | None]
    fps: Mapped[float]
    queue_paused: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[float] = mapped_column(default=time.time)


class Scene(Base):
    """An ordered list of shots with a global prompt; its characters are elements."""

    __tablename__ = "scene"
    __table_args__ = (UniqueConstraint("project_id", "position"),)

    project_id: Mapped[str] = _link("project.id")
    position: Mapped[str]
    title: Mapped[str]
    environment: Mapped[str]
    story: Mapped[str]
    seed: Mapped[int]
    settings: Mapped[dict[str, Any]]
    created_at: Mapped[float] = mapped_column(default=time.time)
    deleted_at: Mapped[float | None]


class Element(Base):
    """A named character, place or prop of a scene."""

    __tablename__ = "element"
    __table_args__ = (UniqueConstraint("scene_id", "position"), _one_of("kind", KINDS_OF_ELEMENT))

    scene_id: Mapped[str] = _link("scene.id")
    position: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    description: Mapped[str]
    deleted_at: Mapped[float | None]


class ReferenceImage(Base):
    """A picture of an element, copied into `references/`. `content_hash` is the sha256 of the file's bytes."""

    __tablename__ = "reference_image"
    __table_args__ = (UniqueConstraint("element_id", "position"),)

    element_id: Mapped[str] = _link("element.id")
    position: Mapped[str]
    name: Mapped[str]
    path: Mapped[str]
    content_hash: Mapped[str]
    deleted_at: Mapped[float | None]


class Shot(Base):
    """A slot in a scene. `next_take_number` only ever rises, so a take's number never comes back.

    `seed` (None: from the scene's), `settings` and `two_sided` are what its renders are queued with; a locked shot is
    not rendered.
    """

    __tablename__ = "shot"
    __table_args__ = (UniqueConstraint("scene_id", "position"),)

    scene_id: Mapped[str] = _link("scene.id")
    position: Mapped[str]
    prompt: Mapped[str]
    frames: Mapped[int]
    continues: Mapped[bool]
    notes: Mapped[str]
    selected_take_id: Mapped[str | None] = _link("take.id", index=True, cycle=True)
    next_take_number: Mapped[int] = mapped_column(default=1)
    locked: Mapped[bool] = mapped_column(default=False, server_default=false())
    seed: Mapped[int | None]
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    two_sided: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[float] = mapped_column(default=time.time)
    deleted_at: Mapped[float | None]


class Take(Base):
    """One immutable result with what made it; only its rating, its star and its deletion ever change.

    `prompt` is the shot's own prompt as it was, `text` the whole text that the model read. A continuing take says
    which take it went on from, and `extends` which take of its own shot it made longer. `kept` lists the reasons for
    being stale that the user has accepted, by their `lineage.Reason.key`.
    """

    __tablename__ = "take"
    __table_args__ = (UniqueConstraint("shot_id", "number"), _one_of("rating", RATINGS))

    shot_id: Mapped[str] = _link("shot.id")
    number: Mapped[int]
    job_id: Mapped[str]
    folder: Mapped[str]
    latents_hash: Mapped[str]
    files: Mapped[dict[str, str]]
    frames: Mapped[int]
    fps: Mapped[float]
    width: Mapped[int]
    height: Mapped[int]
    prompt: Mapped[str]
    text: Mapped[str]
    seed: Mapped[int]
    settings: Mapped[dict[str, Any]]
    model: Mapped[str]
    model_fingerprint: Mapped[str]
    engine_version: Mapped[str]
    seconds: Mapped[float]
    extends: Mapped[str]
    continued_take_id: Mapped[str]
    continued_hash: Mapped[str]
    quality: Mapped[dict[str, float]]
    rating: Mapped[str] = mapped_column(default="open")
    favourite: Mapped[bool] = mapped_column(default=False)
    kept: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    created_at: Mapped[float] = mapped_column(default=time.time)
    deleted_at: Mapped[float | None]


class TakeContext(Base):
    """One thing that a take saw, at its place in the order. A record of history: its ids may outlive their rows."""

    __tablename__ = "take_context"
    __table_args__ = (UniqueConstraint("take_id", "place"),)

    take_id: Mapped[str] = _link("take.id")
    place: Mapped[int]
    role: Mapped[str]
    shot_id: Mapped[str]
    candidate_id: Mapped[str]
    content_hash: Mapped[str]
    noise: Mapped[float]
    side: Mapped[str]
    key: Mapped[str]


class ContextChoice(Base):
    """The user's word on one thing that a shot could see; no row means that the planner decides."""

    __tablename__ = "context_choice"
    __table_args__ = (
        UniqueConstraint("shot_id", "target_shot_id"),
        UniqueConstraint("shot_id", "target_reference_id"),
        CheckConstraint("(target_shot_id IS NULL) <> (target_reference_id IS NULL)", name="one_target"),
        _one_of("choice", CHOICES),
    )

    shot_id: Mapped[str] = _link("shot.id")
    target_shot_id: Mapped[str | None] = _link("shot.id", index=True)
    target_reference_id: Mapped[str | None] = _link("reference_image.id", index=True)
    choice: Mapped[str]
    noise: Mapped[float | None]


class Job(Base):
    """One queued piece of engine work. `planned` lists the takes of the run `run_id`, set when the job begins.

    A `cleared` job has ended and is not shown in the queue any more.
    """

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("position"),
        _one_of("kind", KINDS_OF_JOB),
        _one_of("state", JOB_STATES),
        Index(
            "ix_job_one_active",
            "shot_id",
            "kind",
            unique=True,
            sqlite_where=text("state IN ('queued', 'running', 'cancelling')"),
        ),
        Index("ix_job_state_position", "state", "position"),
    )

    shot_id: Mapped[str] = _link("shot.id", index=True)
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default="queued")
    position: Mapped[str]
    params: Mapped[dict[str, Any]]
    run_id: Mapped[str] = mapped_column(default="")
    planned: Mapped[list[Any]] = mapped_column(default=list)
    code: Mapped[str] = mapped_column(default="")
    message: Mapped[str] = mapped_column(default="")
    hint: Mapped[str] = mapped_column(default="")
    created_at: Mapped[float] = mapped_column(default=time.time)
    started_at: Mapped[float | None]
    finished_at: Mapped[float | None]
    cleared: Mapped[bool] = mapped_column(default=False, server_default=false())


TABLES: dict[str, type[Base]] = {
    cls.__tablename__: cls
    for cls in (Project, Scene, Element, ReferenceImage, Shot, Take, TakeContext, ContextChoice, Job)
}
