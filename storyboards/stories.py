"""Stories in and out of the document: a scene's text, without takes and images."""

from __future__ import annotations

from sqlalchemy import select

from . import ordering
from .changes import ChangeSet
from .database import Document
from .elements import add_element
from .errors import NotFound
from .positions import keys_between
from .scenes import add_scene
from .shots import add_shot
from .story_text import Story, StoryElement, StoryShot
from .tables import Element, Scene, Shot


class StoryVerbs(Document):
    """Import and export of stories; `story_text` turns them into files and back."""

    def import_story(self, story: Story) -> ChangeSet:
        """Append a scene with all elements and shots of a story, in one transaction."""
        with self.transaction() as work:
            scene = add_scene(work, story.title, story.environment, story.story, story.seed)
            scene.settings = dict(story.settings)
            for element in story.elements:
                add_element(work, scene.id, element.kind, element.name, element.description)
            last = ordering.shots(work.session, scene.id).highest()
            positions = keys_between(last, None, len(story.shots))
            for position, shot in zip(positions, story.shots, strict=True):
                row = add_shot(work, scene.id, position, shot.prompt, shot.frames, shot.continues, shot.notes)
                row.locked, row.seed, row.two_sided = shot.locked, shot.seed, shot.two_sided
                row.settings = dict(shot.settings)
        return work.changes

    def export_story(self, scene_id: str) -> Story:
        """Return a live scene as a story. Raises NotFound."""
        with self.reading() as session:
            scene = session.get(Scene, scene_id)
            if scene is None or scene.deleted_at is not None:
                raise NotFound(f"There is no scene {scene_id!r}.", "It may have been deleted.")
            cast = select(Element).where(Element.scene_id == scene_id, Element.deleted_at.is_(None))
            shots = select(Shot).where(Shot.scene_id == scene_id, Shot.deleted_at.is_(None))
            return Story(
                title=scene.title,
                seed=scene.seed,
                environment=scene.environment,
                story=scene.story,
                settings=scene.settings,
                elements=tuple(
                    StoryElement(row.kind, row.name, row.description)
                    for row in session.scalars(cast.order_by(Element.position))
                ),
                shots=tuple(
                    StoryShot(
                        row.prompt, row.frames, row.continues, row.notes,
                        row.seed, row.settings, row.two_sided, row.locked,
                    )
                    for row in session.scalars(shots.order_by(Shot.position))
                ),
            )
