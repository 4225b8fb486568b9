"""The project and its scenes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import ordering
from .changes import ChangeSet
from .database import Document, Work
from .errors import InvalidValue
from .tables import Project, Scene
from .texts import clean_line
from .values import KEEP, Unset, check_fps, check_seed, check_settings, check_size, new_seed

DEFAULT_MODEL = "paper-theatre"
DEFAULT_FPS = 8.0


def the_project(session: Session) -> Project:
    """Return the one project row."""
    return session.scalars(select(Project)).one()


def add_scene(work: Work, title: str, environment: str = "", story: str = "", seed: int | None = None) -> Scene:
    """Append a scene inside a transaction."""
    project = the_project(work.session)
    return work.add(
        Scene(
            project_id=project.id,
            position=ordering.scenes(work.session, project.id).last(),
            title=_title(title),
            environment=clean_line(environment),
            story=clean_line(story),
            seed=new_seed() if seed is None else check_seed(seed),
            settings={},
        )
    )


class SceneVerbs(Document):
    """Verbs on the project and its scenes. Each is one transaction and returns what it changed."""

    def create_project(
        self,
        name: str,
        *,
        model: str = DEFAULT_MODEL,
        size: tuple[int, int] | None = None,
        fps: float = DEFAULT_FPS,
    ) -> ChangeSet:
        """Write the project row of a fresh database (`Project.create` does). Raises InvalidValue if there is one."""
        width, height = check_size(size)
        with self.transaction() as work:
            if work.session.scalar(select(Project.id)) is not None:
                raise InvalidValue("This storyboard has its project already.", "Use edit_project.")
            work.add(Project(name=_title(name), model=_model(model), width=width, height=height, fps=check_fps(fps)))
        return work.changes

    def edit_project(
        self,
        *,
        name: str | None = None,
        model: str | None = None,
        size: tuple[int, int] | Unset | None = KEEP,
        fps: float | None = None,
    ) -> ChangeSet:
        """Change what is given. `size` None goes back to the backbone's own."""
        with self.transaction() as work:
            project = the_project(work.session)
            if name is not None:
                project.name = _title(name)
            if model is not None:
                project.model = _model(model)
            if size is not KEEP:
                project.width, project.height = check_size(size)
            if fps is not None:
                project.fps = check_fps(fps)
        return work.changes

    def create_scene(
        self, title: str, *, environment: str = "", story: str = "", seed: int | None = None
    ) -> ChangeSet:
        """Append a scene; without a `seed` it gets a random one."""
        with self.transaction() as work:
            add_scene(work, title, environment, story, seed)
        return work.changes

    def edit_scene(
        self,
        scene_id: str,
        *,
        title: str | None = None,
        environment: str | None = None,
        story: str | None = None,
        seed: int | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> ChangeSet:
        """Change what is given: title, global prompt, seed. `settings` replaces the sampling settings as a whole."""
        with self.transaction() as work:
            scene = work.get(Scene, scene_id)
            if title is not None:
                scene.title = _title(title)
            if environment is not None:
                scene.environment = clean_line(environment)
            if story is not None:
                scene.story = clean_line(story)
            if seed is not None:
                scene.seed = check_seed(seed)
            if settings is not None:
                scene.settings = check_settings(settings)
        return work.changes

    def move_scene(self, scene_id: str, *, before: str | None = None, after: str | None = None) -> ChangeSet:
        """Put a scene before or after another one; to the end with neither."""
        with self.transaction() as work:
            scene = work.get(Scene, scene_id)
            order = ordering.scenes(work.session, scene.project_id)
            if not order.stands(scene.id, before=before, after=after):
                scene.position = order.beside(before=before, after=after)
        return work.changes

    def delete_scene(self, scene_id: str) -> ChangeSet:
        """Take a scene out; it can be restored until the user cleans up. Its queued jobs wait meanwhile."""
        with self.transaction() as work:
            work.get(Scene, scene_id).deleted_at = time.time()
        return work.changes

    def restore_scene(self, scene_id: str) -> ChangeSet:
        """Bring a deleted scene back to its place."""
        with self.transaction() as work:
            work.get(Scene, scene_id, deleted=True).deleted_at = None
        return work.changes


def _title(text: str) -> str:
    return clean_line(text) or "Untitled"


def _model(name: str) -> str:
    if not name.strip():
        raise InvalidValue("A project needs a model.", f"Use {DEFAULT_MODEL!r} or the folder of a backbone.")
    return name.strip()
