"""What the File and Help menus do: projects, stories, copies, exports, and the dialogs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from app.folders import log_file
from app.shell import counting
from app.shell.dialog import Dialog

if TYPE_CHECKING:
    from app.shell.actions import Slot
    from app.shell.window import MainWindow
    from app.shell.workspace import Workspace
    from storyboards.project import Project

_D = TypeVar("_D", bound=Dialog)


class FileActions(QObject):
    """Belongs to the window; dialogs that are open are brought forward rather than opened twice."""

    _copied = Signal(str, str, str)

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window = window
        self.dialogs: dict[str, Dialog] = {}
        self._copied.connect(self._tell_copy, Qt.ConnectionType.QueuedConnection)

    def slots(self) -> dict[str, Slot]:
        """What works without a project."""
        return {
            "file.new": self.new, "file.open": self.open, "file.example": self.window.opener.open_example,
            "file.welcome": self.window.close_project, "file.preferences": self.preferences,
            "file.quit": self.window.close, "edit.shortcuts": self.shortcuts, "help.shortcuts": self.shortcuts,
            "help.log": self.show_log, "help.about": self.about,
        }  # fmt: skip

    def project_slots(self, here: Workspace) -> dict[str, Slot]:
        """What needs a project."""
        return {
            "file.import": self.import_story, "file.import_example": self.import_example,
            "file.import_clip": self.import_clip,
            "file.export_story": self.export_story, "file.export": self.export_film, "file.copy": self.save_copy,
            "file.reveal": lambda: _show_folder(here.document.project.path),
            "file.close": self.window.close_project, "help.model": self.choose_model,
            "help.engine": here.runner.wake,
        }  # fmt: skip

    def show(self, name: str, make: Callable[[], _D]) -> _D:
        """Open a dialog, or bring it forward."""
        dialog = self.dialogs.get(name)
        if dialog is None:
            dialog = make()
            self.dialogs[name] = dialog
            dialog.destroyed.connect(lambda _gone=None, name=name: self.dialogs.pop(name, None))
            dialog.show()
        dialog.raise_()
        dialog.activateWindow()
        return dialog  # type: ignore[return-value]

    @property
    def here(self) -> Workspace:
        """The open project; the actions that need it are disabled without one."""
        assert self.window.workspace is not None
        return self.window.workspace

    # Projects

    def new(self) -> None:
        """Ask for a new project."""
        from app.shell.new_project import NewProjectDialog

        dialog = self.show("new", lambda: NewProjectDialog(self.window.store, self.window))
        dialog.accepted_project.connect(self.window.opener.create, Qt.ConnectionType.UniqueConnection)

    def open(self) -> None:
        """Ask for a project's folder."""
        recent = self.window.store.now.recent
        start = str(Path(recent[0]).parent) if recent else str(Path.home())
        chosen = QFileDialog.getExistingDirectory(self.window, self.tr("Open a project (a .matchcut folder)"), start)
        if chosen:
            self.window.open_project(Path(chosen))

    def save_copy(self) -> None:
        """Ask for a place, and copy the project there beside the work."""
        path = self.here.document.project.path
        start = str(path.with_name(f"{path.name.removesuffix('.matchcut')} copy.matchcut"))
        chosen, _ = QFileDialog.getSaveFileName(self.window, self.tr("Save a copy"), start, "Matchcut (*.matchcut)")
        if chosen:
            self.copy_to(Path(chosen))

    def copy_to(self, target: Path) -> None:
        """Copy the project, off the GUI thread; the status line tells how it went."""
        source = self.here.document.project.path
        self.window.status.say(self.tr("Copying to {0} …").format(target))

        def work() -> None:
            from storyboards.copying import copy_project
            from storyboards.errors import StoryboardError

            try:
                done = copy_project(source, target)
            except StoryboardError as error:
                self._copied.emit("", error.message, error.hint)
            else:
                self._copied.emit(str(done), "", "")

        threading.Thread(target=work, name="copying").start()

    def _tell_copy(self, path: str, message: str, hint: str) -> None:
        if path:
            self.window.status.say(self.tr("The copy is {0}.").format(path))
        else:
            self.window.status.tell_problem(message, hint)

    def tell_report(self, project: Project) -> None:
        """Say what was found when the project was opened, with what can be done about it."""
        report, tell = project.report, self.window.notices.tell
        document = self.here.document
        if project.read_only:
            tell("read_only", self.tr("This project is open read-only: look at everything, change nothing."))
        if report.crashed_pid is not None:
            tell("crash", self.tr("Matchcut did not close this project last time. Everything finished is here."))
        if report.interrupted and not project.read_only:
            text = self.tr("The work on {0} was interrupted.").format(counting.jobs(len(report.interrupted)))
            tell("jobs", text, [(self.tr("Resume"), self.here.verbs.resume_interrupted)])
        if report.missing and not project.read_only:
            text = self.tr("The files of {0} are missing. Put them back, or take them out.")
            text = text.format(counting.takes(len(report.missing)))
            repair = partial(document.do, self.tr("Take out missing takes"), lambda s: s.repair_missing_takes())
            tell("missing", text, [(self.tr("Take them out"), lambda: repair(undoable=False))])
        if report.backup_before_upgrade is not None:
            name = report.backup_before_upgrade.name
            tell("upgrade", self.tr("The project was upgraded; a copy of the old file is {0}.").format(name))

    # Stories

    def import_story(self) -> None:
        """Ask for a story file, and add it as a scene."""
        kinds = self.tr("Stories (*.story.md *.md *.txt)")
        chosen, _ = QFileDialog.getOpenFileName(self.window, self.tr("Import a story"), "", kinds)
        if chosen:
            self.import_file(Path(chosen))

    def import_file(self, path: Path) -> None:
        """Add a story as a scene, and show it."""
        from storyboards.story_text import read_story

        self._import(lambda: read_story(path))

    def import_example(self) -> None:
        """Let the user choose among the stories that came with Matchcut."""
        from app.shell.example_chooser import ExampleChooser

        dialog = self.show("examples", lambda: ExampleChooser(self.window))
        dialog.chosen.connect(self.import_named, Qt.ConnectionType.UniqueConnection)

    def import_named(self, name: str) -> None:
        """Add an example as a scene, and show it."""
        from storyboards.examples import example

        self._import(lambda: example(name))

    def _import(self, read: Callable[[], Any]) -> None:
        document = self.here.document
        document.do(
            self.tr("Import story"), lambda storyboard: storyboard.import_story(read()),
            then=lambda changes: document.show_scene(changes.new_id("scene")),
        )  # fmt: skip

    # Clips

    def import_clip(self) -> None:
        """Ask for video files, and make shots of them after the selection."""
        from app.clips import choose_clips

        clips = choose_clips(self.window, self.tr("Import clips"))
        here = self.here
        rows = [row for shot_id in here.selection if (row := here.shots.row_of(shot_id)) >= 0]
        if clips:
            self.import_clips(clips, max(rows) + 1 if rows else here.shots.rowCount())

    def import_clips(self, clips: list[Path], row: int) -> None:
        """Ask what is to be seen in clips, and make shots of them from this row on."""
        from app.shell.clip_dialog import ClipDialog

        verbs = self.here.verbs

        def make() -> ClipDialog:
            dialog = ClipDialog(clips, parent=self.window)
            dialog.wanted.connect(lambda captioned: verbs.import_clips(captioned, row))
            return dialog

        self.show(f"clips {row} {clips}", make)

    def import_take(self, shot_id: str, clip: Path) -> None:
        """Ask what is to be seen in a clip, and make a take of a shot out of it."""
        from app.shell.clip_dialog import ClipDialog

        here = self.here
        shot = here.snapshot.shot(shot_id) if here.snapshot else None

        def make() -> ClipDialog:
            dialog = ClipDialog([clip], shot.prompt if shot else "", self.window)
            dialog.wanted.connect(lambda captioned: here.verbs.import_take(shot_id, *captioned[0]))
            return dialog

        self.show(f"clip {shot_id} {clip}", make)

    def export_story(self) -> None:
        """Ask for a file, and write the scene's text."""
        snapshot = self.here.snapshot
        name = f"{snapshot.scene.title if snapshot else 'scene'}.story.md".replace("/", "-")
        start = str(self.here.document.project.path.with_name(name))
        chosen, _ = QFileDialog.getSaveFileName(
            self.window, self.tr("Export the story"), start, self.tr("Stories (*.story.md)")
        )
        if chosen:
            self.write_story(Path(chosen))

    def write_story(self, path: Path) -> None:
        """Write the shown scene's text; under another name first, so that a file is whole or not there."""
        document = self.here.document
        scene_id = document.scene_id

        def write(storyboard: Any) -> Path:
            from storyboards.errors import DiskError
            from storyboards.story_text import write_story

            unfinished = path.with_name(f".{path.name}.tmp-{os.getpid()}")
            try:
                unfinished.write_text(write_story(storyboard.export_story(scene_id)), encoding="utf-8")
                unfinished.replace(path)
            except OSError as error:
                raise DiskError(f"{path} cannot be written ({error.strerror}).", "Choose another place.") from error
            finally:
                unfinished.unlink(missing_ok=True)
            return path

        document.ask(write, lambda done: self.window.status.say(self.tr("Wrote {0}.").format(done)))

    # Films

    def export_film(self) -> None:
        """Open the export dialog."""
        from app.shell.export_dialog import Choice, ExportDialog
        from app.shell.models import size_of

        here = self.here
        snapshot = here.snapshot
        if snapshot is None:
            return
        chosen = tuple(shot.id for shot in snapshot.shots if shot.id in here.selection)
        choice = Choice(chosen, here.player.scene_range())
        size = snapshot.size or size_of(snapshot.model)
        path, scene_id, scenes = here.document.project.path, snapshot.scene.id, len(self.window.scenes)
        dialog = self.show("export", lambda: ExportDialog(path, scene_id, choice, size, scenes, self.window))
        dialog.wanted.connect(self._export, Qt.ConnectionType.UniqueConnection)
        dialog.cancel_wanted.connect(here.films.cancel, Qt.ConnectionType.UniqueConnection)

    def _export(self, wish: Any) -> None:
        here = self.here

        def begin(request: Any) -> None:
            if (dialog := self.dialogs.get("export")) is not None:
                dialog.began(request.id)  # type: ignore[attr-defined]
            here.films.export(request)
            self.window.status.say(self.tr("Exporting …"))

        here.document.ask(wish.request, begin, self._refused)

    def _refused(self, error: Exception) -> None:
        message = getattr(error, "message", str(error))
        self._export_failed("", message, getattr(error, "hint", ""))

    def listen(self, here: Workspace) -> None:
        """Follow the exports of a project, and clips that are dropped on it."""
        here.board.clips_dropped.connect(self.import_clips)
        here.takes.clip_dropped.connect(self.import_take)
        here.films.progress.connect(self._export_progress)
        here.films.done.connect(self._export_done)
        here.films.failed.connect(self._export_failed)

    def _export_progress(self, export_id: str, done: float, text: str) -> None:
        if (dialog := self.dialogs.get("export")) is not None:
            dialog.progress(export_id, done, text)  # type: ignore[attr-defined]

    def _export_done(self, export_id: str, film: Any) -> None:
        self.window.status.say(self.tr("Exported {0}.").format(film.path))
        if (dialog := self.dialogs.get("export")) is not None:
            dialog.made(export_id, film)  # type: ignore[attr-defined]

    def _export_failed(self, export_id: str, message: str, hint: str) -> None:
        if (dialog := self.dialogs.get("export")) is not None:
            dialog.failed(export_id, message, hint)  # type: ignore[attr-defined]
        else:
            self.window.status.tell_problem(message, hint)

    # Dialogs

    def preferences(self) -> None:
        """Open the preferences."""
        from app.shell.preferences import Preferences

        self.show("preferences", lambda: Preferences(self.window.store, self.window))

    def shortcuts(self) -> None:
        """Open the shortcut editor."""
        from app.shell.shortcut_editor import ShortcutEditor

        self.show("shortcuts", lambda: ShortcutEditor(self.window.actions_, self.window))

    def choose_model(self) -> None:
        """Open the model chooser."""
        from app.shell.model_chooser import ModelChooser

        here = self.here
        now = here.snapshot.model if here.snapshot else ""
        store, read_only = self.window.store, here.document.read_only
        dialog = self.show("model", lambda: ModelChooser(store, now, read_only, self.window))
        dialog.chosen.connect(self._use_model, Qt.ConnectionType.UniqueConnection)

    def _use_model(self, name: str) -> None:
        self.here.document.do(self.tr("Choose model"), lambda storyboard: storyboard.edit_project(model=name))

    def about(self) -> None:
        """Open the about box."""
        from app.shell.about import About

        self.show("about", lambda: About(self.window.engine_facts, self.window))

    def show_log(self) -> None:
        """Open the folder of the log."""
        _show_folder(log_file().parent)


def _show_folder(path: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
