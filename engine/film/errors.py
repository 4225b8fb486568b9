"""What can go wrong between frames and files, each with a code for `contract.Failed` and a hint what to do next."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from engine.contract import FailureCode


class FilmError(Exception):
    """Base of all failures of `engine.film`.

    `code` is the contract's failure code, `message` (also `str(error)`) says what happened, `hint` what to do next;
    both are sentences, and a traceback shows both.
    """

    code: ClassVar[FailureCode] = "internal"

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.add_note(hint)


class BadFrames(FilmError):
    """Frames have another shape or type than `(T, H, W, 3)` uint8, or a range lies outside a clip."""

    code = "bad_request"


class TakeExists(FilmError):
    """A take is immutable: its folder is there already."""

    code = "bad_request"

    def __init__(self, folder: Path) -> None:
        super().__init__(f"The take folder {folder} exists already.", "Takes are never overwritten: use a new take id.")


class MissingClip(FilmError):
    """A clip, audio or latents file is not there (or may not be read)."""

    code = "missing_file"

    def __init__(self, path: Path | str, what: str = "clip") -> None:
        super().__init__(
            f"The {what} {path} cannot be found or read.",
            "Put the file back, or choose another take of the shot.",
        )
        self.path = Path(path)


class DamagedClip(FilmError):
    """A clip is there but is not what its name says: truncated, corrupted or not a video."""

    code = "export_failed"

    def __init__(self, path: Path | str, why: str, what: str = "clip") -> None:
        super().__init__(
            f"The {what} {path} is damaged ({why}).",
            "Restore the file from a backup, or regenerate the shot and select the new take.",
        )
        self.path = Path(path)


class BadLatents(FilmError):
    """A latents file cannot be written from, or read as, the tensors it should hold."""

    code = "bad_latents"


class DiskFull(FilmError):
    """No space (or quota) is left where a file is being written; nothing half-written is kept."""

    code = "disk_full"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The disk is full: {path} could not be written.",
            "Free some space (finished takes are safe), then try again.",
        )
        self.path = path


class ReadOnlyFolder(FilmError):
    """The folder cannot be written to."""

    code = "read_only"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"Cannot write to {path} ({why}).",
            "Choose a folder that you may write to, or change its permissions.",
        )
        self.path = path


class BadExport(FilmError):
    """An export was asked for that makes no sense; the hint says what would."""

    code = "bad_request"


class ExportFailed(FilmError):
    """The export could not be finished for a reason that is not the request's fault."""

    code = "export_failed"


class ExportCancelled(Exception):
    """Raised out of `export` when it was cancelled; its temporary files are gone."""
