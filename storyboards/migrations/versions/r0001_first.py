"""The document as of format 1.0: projects, scenes, elements, shots, takes with their context, choices and jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _project()
    _scene()
    _element()
    _reference_image()
    _shot()
    _take()
    _take_context()
    _context_choice()
    _job()


def _project() -> None:
    op.create_table(
        "project",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("fps", sa.Double(), nullable=False),
        sa.Column("queue_paused", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
    )


def _scene() -> None:
    op.create_table(
        "scene",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("position", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("story", sa.String(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("deleted_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.id"],
            name=op.f("fk_scene_project_id_project"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scene")),
        sa.UniqueConstraint("project_id", "position", name=op.f("uq_scene_project_id_position")),
    )


def _element() -> None:
    op.create_table(
        "element",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("scene_id", sa.String(), nullable=False),
        sa.Column("position", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("deleted_at", sa.Double(), nullable=True),
        sa.CheckConstraint("kind IN ('character', 'place', 'prop')", name=op.f("ck_element_kind_known")),
        sa.ForeignKeyConstraint(
            ["scene_id"], ["scene.id"], name=op.f("fk_element_scene_id_scene"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_element")),
        sa.UniqueConstraint("scene_id", "position", name=op.f("uq_element_scene_id_position")),
    )


def _reference_image() -> None:
    op.create_table(
        "reference_image",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("element_id", sa.String(), nullable=False),
        sa.Column("position", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("deleted_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["element_id"],
            ["element.id"],
            name=op.f("fk_reference_image_element_id_element"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_image")),
        sa.UniqueConstraint("element_id", "position", name=op.f("uq_reference_image_element_id_position")),
    )


def _shot() -> None:
    op.create_table(
        "shot",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("scene_id", sa.String(), nullable=False),
        sa.Column("position", sa.String(), nullable=False),
        sa.Column("prompt", sa.String(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("continues", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.String(), nullable=False),
        sa.Column("selected_take_id", sa.String(), nullable=True),
        sa.Column("next_take_number", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("deleted_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["scene_id"], ["scene.id"], name=op.f("fk_shot_scene_id_scene"), initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["selected_take_id"],
            ["take.id"],
            name=op.f("fk_shot_selected_take_id_take"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shot")),
        sa.UniqueConstraint("scene_id", "position", name=op.f("uq_shot_scene_id_position")),
    )
    op.create_index(op.f("ix_shot_selected_take_id"), "shot", ["selected_take_id"], unique=False)


def _take() -> None:
    op.create_table(
        "take",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shot_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("latents_hash", sa.String(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("fps", sa.Double(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("prompt", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("model_fingerprint", sa.String(), nullable=False),
        sa.Column("engine_version", sa.String(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("extends", sa.String(), nullable=False),
        sa.Column("continued_take_id", sa.String(), nullable=False),
        sa.Column("continued_hash", sa.String(), nullable=False),
        sa.Column("quality", sa.JSON(), nullable=False),
        sa.Column("rating", sa.String(), nullable=False),
        sa.Column("favourite", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("deleted_at", sa.Double(), nullable=True),
        sa.CheckConstraint("rating IN ('open', 'accepted', 'rejected')", name=op.f("ck_take_rating_known")),
        sa.ForeignKeyConstraint(
            ["shot_id"], ["shot.id"], name=op.f("fk_take_shot_id_shot"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_take")),
        sa.UniqueConstraint("shot_id", "number", name=op.f("uq_take_shot_id_number")),
    )


def _take_context() -> None:
    op.create_table(
        "take_context",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("take_id", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("shot_id", sa.String(), nullable=False),
        sa.Column("candidate_id", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("noise", sa.Double(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["take_id"], ["take.id"], name=op.f("fk_take_context_take_id_take"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_take_context")),
        sa.UniqueConstraint("take_id", "place", name=op.f("uq_take_context_take_id_place")),
    )


def _context_choice() -> None:
    op.create_table(
        "context_choice",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shot_id", sa.String(), nullable=False),
        sa.Column("target_shot_id", sa.String(), nullable=True),
        sa.Column("target_reference_id", sa.String(), nullable=True),
        sa.Column("choice", sa.String(), nullable=False),
        sa.Column("noise", sa.Double(), nullable=True),
        sa.CheckConstraint("choice IN ('auto', 'pinned', 'excluded')", name=op.f("ck_context_choice_choice_known")),
        sa.CheckConstraint(
            "(target_shot_id IS NULL) <> (target_reference_id IS NULL)", name=op.f("ck_context_choice_one_target")
        ),
        sa.ForeignKeyConstraint(
            ["shot_id"], ["shot.id"], name=op.f("fk_context_choice_shot_id_shot"), initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["target_reference_id"],
            ["reference_image.id"],
            name=op.f("fk_context_choice_target_reference_id_reference_image"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["target_shot_id"], ["shot.id"], name=op.f("fk_context_choice_target_shot_id_shot"),
            initially="DEFERRED", deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_context_choice")),
        sa.UniqueConstraint(
            "shot_id", "target_reference_id", name=op.f("uq_context_choice_shot_id_target_reference_id")
        ),
        sa.UniqueConstraint("shot_id", "target_shot_id", name=op.f("uq_context_choice_shot_id_target_shot_id")),
    )
    op.create_index(
        op.f("ix_context_choice_target_reference_id"), "context_choice", ["target_reference_id"], unique=False
    )
    op.create_index(op.f("ix_context_choice_target_shot_id"), "context_choice", ["target_shot_id"], unique=False)


def _job() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shot_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("position", sa.String(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("planned", sa.JSON(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=True),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.CheckConstraint("kind IN ('render', 'extend', 'joint')", name=op.f("ck_job_kind_known")),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed', 'cancelling', 'cancelled', 'interrupted')",
            name=op.f("ck_job_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["shot_id"], ["shot.id"], name=op.f("fk_job_shot_id_shot"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("position", name=op.f("uq_job_position")),
    )
    op.create_index(
        "ix_job_one_active",
        "job",
        ["shot_id", "kind"],
        unique=True,
        sqlite_where=sa.text("state IN ('queued', 'running', 'cancelling')"),
    )
    op.create_index(op.f("ix_job_shot_id"), "job", ["shot_id"], unique=False)
    op.create_index("ix_job_state_position", "job", ["state", "position"], unique=False)
