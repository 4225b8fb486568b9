"""Clips that were not made here, as takes: queued like a render, so that they survive crashes and can be cancelled."""

from __future__ import annotations

from pathlib import Path

from . import ordering
from .changes import ChangeSet
from .database import Document
from .errors import InvalidValue, MissingFile, WrongState
from .jobs import JobParams, enqueue
from .shots import add_shot
from .tables import Scene, Shot
from .texts import clean_text


class ClipVerbs(Document):
    """Verbs on clips. The engine does the work when the job begins: the file must stay where it is until then."""

    def import_clip(
        self,
        clip: Path,
        *,
        scene_id: str = "",
        shot_id: str = "",
        caption: str = "",
        before: str | None = None,
        after: str | None = None,
        select: bool = True,
    ) -> ChangeSet:
        """Queue a take of `shot_id` made of a video file; without a shot, of a new one in `scene_id`.

        `caption` says what is to be seen: later shots read it beside the pictures. It is the prompt of a new shot; for
        a shot that is there, its own prompt holds unless a caption is given. A new shot stands `before` or `after`
        another one, at the end with neither. With `select` the shot shows the take.
        Raises MissingFile, WrongState for a locked shot and for a continuation, AlreadyQueued.
        """
        file = clip.expanduser().absolute()
        if not file.is_file():
            raise MissingFile(f"There is no file {clip}.", "Check the path.")
        if bool(scene_id) == bool(shot_id):
            raise InvalidValue("A clip goes into one shot, or into a new one of a scene.", "Name the one or the other.")
        said = clean_text(caption)
        with self.transaction() as work:
            if shot_id:
                shot = work.get(Shot, shot_id)
            else:
                position = ordering.shots(work.session, work.get(Scene, scene_id).id).beside(before=before, after=after)
                shot = add_shot(work, scene_id, position, said, None, False, "")
            if shot.continues:
                message = "This shot continues the one before it, and a clip begins with a cut."
                raise WrongState(message, "Make it a cut, or import the clip as a new shot.")
            enqueue(work, shot, "render", JobParams(clip=str(file), caption=said, select=select))
        return work.changes
