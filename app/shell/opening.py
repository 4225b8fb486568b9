"""Opens projects off the GUI thread, and says in which way a project could not be opened."""

from __future__ import annotations

import contextlib
import importlib
import logging
import shutil
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal, Slot

from app.folders import ASSETS, data_folder

log = logging.getLogger("matchcut.app")
Why = Literal["locked", "damaged", "older", "read_only", "missing", "other"]

# What a project's window needs; imported beside the opening, so that the window itself is there before.
PANELS = "app.shell.workspace"
EXAMPLE = "fox-at-sunset"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a project is not open, in the user's words, and what may be offered."""

    path: Path
    why: Why
    message: str
    hint: str


class Opener(QObject):
    """One project is opened at a time; a later wish replaces the answer of an earlier one."""

    opened = Signal(object)
    refused = Signal(object)
    busy = Signal(str)
    _answered = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._turn = 0
        self._answers: deque[tuple[int, Any]] = deque()  # what was opened and nobody has taken yet
        self._thread: threading.Thread | None = None
        self._answered.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def open(self, path: Path, *, read_only: bool = False) -> None:
        """Open a project, also beside another process that works on it (`read_only`)."""
        self._begin(path, self.tr("Opening {0} …").format(path.name), lambda: _open(path, read_only))

    def repair(self, path: Path) -> None:
        """Rescue a damaged project and open it."""
        self._begin(path, self.tr("Repairing {0} …").format(path.name), lambda: _repair(path))

    def create(self, path: Path, name: str, model: str, size: tuple[int, int] | None, story: str = "") -> None:
        """Make a project, with an example story in it if one is named, and open it."""
        self._begin(path, self.tr("Making {0} …").format(path.name), lambda: _create(path, name, model, size, story))

    def open_example(self) -> None:
        """Open the user's own copy of the example, which is made when it is not there yet."""
        path = example_folder()
        self._begin(path, self.tr("Opening the example …"), lambda: _open_example(path))

    def close(self) -> None:
        """Wait for the opening that is under way, and close what nobody will show any more."""
        self._turn += 1
        if self._thread is not None:
            self._thread.join()
        self._deliver()

    def _begin(self, path: Path, text: str, work: Callable[[], Any]) -> None:
        self._turn += 1
        turn, before = self._turn, self._thread

        def run() -> None:
            if before is not None:
                before.join()
            try:
                found: Any = work()
            except Exception as error:  # noqa: BLE001 - told on the screen
                found = refusal(path, error)
            self._answers.append((turn, found))
            with contextlib.suppress(RuntimeError):  # the window has gone; `close` has seen to the answer
                self._answered.emit()

        self.busy.emit(text)
        self._thread = threading.Thread(target=run, name="opening", daemon=True)
        self._thread.start()

    @Slot()
    def _deliver(self) -> None:
        while self._answers:
            turn, found = self._answers.popleft()
            if turn == self._turn:
                (self.refused if isinstance(found, Refusal) else self.opened).emit(found)
            elif not isinstance(found, Refusal):
                found.close()


def refusal(path: Path, error: Exception) -> Refusal:
    """Put an error into words."""
    from storyboards import errors

    kinds: tuple[tuple[type[Exception], Why], ...] = (
        (errors.ProjectLocked, "locked"),
        (errors.DamagedProject, "damaged"),
        (errors.OlderProject, "older"),
        (errors.ReadOnlyProject, "read_only"),
        (errors.NotAProject, "missing"),
    )
    other: Why = "other"
    why: Why = next((why for kind, why in kinds if isinstance(error, kind)), other)
    if isinstance(error, errors.NotAProject) and error.hint.startswith("Repair"):
        why = "damaged"
    if isinstance(error, errors.StoryboardError):
        return Refusal(path, why, error.message, error.hint)
    log.error("opening %s failed", path, exc_info=error)
    text = QCoreApplication.translate("Opener", "{0} could not be opened: {1}.").format(path.name, error)
    return Refusal(path, "other", text, QCoreApplication.translate("Opener", "The log has the details."))


def example_folder() -> Path:
    """Return where the user's copy of the example lies."""
    return data_folder() / f"{EXAMPLE}.matchcut"


def _open(path: Path, read_only: bool) -> Any:
    from storyboards.project import Project

    project = Project.open(path, read_only=read_only)
    importlib.import_module(PANELS)
    return project


def _repair(path: Path) -> Any:
    from storyboards.repair import repair

    repair(path)
    return _open(path, False)


def _create(path: Path, name: str, model: str, size: tuple[int, int] | None, story: str) -> Any:
    from storyboards.project import Project
    from storyboards.scenes import DEFAULT_MODEL

    project = Project.create(path, name or None, model=model or DEFAULT_MODEL, size=size)
    if story:
        from storyboards.examples import example

        project.storyboard.import_story(example(story))
    importlib.import_module(PANELS)
    return project


def _open_example(path: Path) -> Any:
    if not path.exists():
        ready = ASSETS / "example" / path.name
        if ready.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_name(f".{path.name}.tmp")
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.copytree(ready, unfinished)
            unfinished.rename(path)
        else:
            from storyboards.examples import example

            return _create(path, example(EXAMPLE).title, "", None, EXAMPLE)
    return _open(path, False)
