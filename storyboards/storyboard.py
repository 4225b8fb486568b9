"""The document as its users hold it: every verb is one transaction and returns one change set."""

from __future__ import annotations

from .cleanup import CleanUpVerbs
from .clips import ClipVerbs
from .elements import ElementVerbs
from .jobs import JobVerbs
from .reading import Reading
from .scenes import SceneVerbs
from .shots import ShotVerbs
from .stories import StoryVerbs
from .takes import TakeVerbs
from .undo import UndoVerbs


class Storyboard(
    SceneVerbs, ElementVerbs, ShotVerbs, TakeVerbs, JobVerbs, ClipVerbs, StoryVerbs, UndoVerbs, CleanUpVerbs, Reading
):
    """A project's document. Verbs write and return a ChangeSet; `Reading` has the views.

    May be used from several threads: writes wait for each other, reads go on beside them.
    """
