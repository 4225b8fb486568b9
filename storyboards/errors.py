"""What can go wrong with a document, in the user's words: every error says what happened and what to do next."""

from __future__ import annotations


class StoryboardError(Exception):
    """Base of all errors of this package. `message` says what happened, `hint` what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint


class NotFound(StoryboardError):
    """An id that no row has, or whose row is deleted."""


class InvalidValue(StoryboardError):
    """A value the document cannot hold: a length out of range, an unknown setting, an empty name."""


class NotAProject(StoryboardError):
    """A folder without a storyboard."""


class ProjectExists(StoryboardError):
    """A new project would overwrite something."""


class NewerProject(StoryboardError):
    """Written by a later, incompatible version of Matchcut."""


class OlderProject(StoryboardError):
    """Must be upgraded first, which a read-only project cannot be."""


class UpgradeFailed(StoryboardError):
    """A migration did not go through; the file is as it was."""


class DamagedProject(StoryboardError):
    """The database cannot be read as a whole; `storyboards.repair.repair` offers what can be saved."""


class ProjectLocked(StoryboardError):
    """Another process has the project open for writing. `pid` is 0 when the lock file does not tell."""

    def __init__(self, message: str, hint: str = "", pid: int = 0) -> None:
        super().__init__(message, hint)
        self.pid = pid


class DatabaseBusy(StoryboardError):
    """Another program holds the database file for longer than a write waits."""


class ReadOnlyProject(StoryboardError):
    """Opened read-only, or its folder cannot be written."""


class DiskFull(StoryboardError):
    """No room for the change; nothing of it was written."""


class DiskError(StoryboardError):
    """The disk did not do what was asked; nothing of the change was written."""


class OutsideProject(StoryboardError):
    """A stored path that leaves the project's folder."""


class MissingFile(StoryboardError):
    """A file that a row names is not there."""


class WrongState(StoryboardError):
    """A job cannot go from its state to the one asked for."""


class AlreadyQueued(StoryboardError):
    """The shot has an active job of this kind; `job_id` names it."""

    def __init__(self, message: str, hint: str = "", job_id: str = "") -> None:
        super().__init__(message, hint)
        self.job_id = job_id


class CannotUndo(StoryboardError):
    """The rows of a change set have been changed since, or the change is not one that can be taken back."""


class StoryFormatError(StoryboardError):
    """A story file that does not read; `line` is the 1-based line to look at."""

    def __init__(self, line: int, message: str, hint: str) -> None:
        super().__init__(f"Line {line}: {message}", hint)
        self.line = line
