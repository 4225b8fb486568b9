"""The main window: the frame that is there before any project, and what changes in it when a project is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QIcon
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from app.folders import config_folder
from app.settings import Settings, SettingsStore
from app.shell.actions import Actions, words
from app.shell.menus import RecentMenu, ToolBar, build_menus
from app.shell.models import title_of
from app.shell.notices import Notices
from app.shell.opening import Opener
from app.shell.palette import Palette
from app.shell.status import StatusLine
from app.shell.welcome import Welcome
from app.theme import style
from app.theme.tokens import SPACE

if TYPE_CHECKING:
    from app.document.snapshot import SceneSnapshot
    from app.shell.workspace import Workspace
    from storyboards.changes import ChangeSet
    from storyboards.project import Project
    from storyboards.views import JobView, SceneView

_STATE_VERSION = 1
_BUSY_JOBS = ("queued", "running", "cancelling")


class MainWindow(QMainWindow):
    """`project_shown` comes when a project is on the screen and its scene was read."""

    project_shown = Signal()

    def __init__(self, store: SettingsStore) -> None:
        super().__init__()
        self.store = store
        self.workspace: Workspace | None = None
        self.scenes: list[SceneView] = []
        self.engine_facts: dict[str, Any] = {}
        self._bound: tuple[str, ...] = ()
        self.actions_ = Actions(store, self)
        self.opener = Opener(self)
        self._make_centre()
        self._make_bars()
        self.palette_ = Palette(self)
        self._connect()
        self._geometry = QSettings(str(config_folder() / "window.ini"), QSettings.Format.IniFormat)
        self._restore_geometry()
        self.show_title()

    def _make_centre(self) -> None:
        self.notices = Notices()
        self.welcome = Welcome()
        self.centre = QStackedWidget()
        self.centre.addWidget(self.welcome)
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE // 2)
        column.addWidget(self.notices)
        column.addWidget(self.centre, 1)
        self.setCentralWidget(holder)
        self.setDockNestingEnabled(True)
        self.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.BottomDockWidgetArea)
        self.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        self.setMinimumSize(QSize(960, 600))

    def _make_bars(self) -> None:
        self.menus = build_menus(self, self.actions_)
        recent = RecentMenu(lambda: self.store.now.recent, self.open_project, self)
        self.menus["file"].insertMenu(self.actions_["file.example"], recent)
        self.tools = ToolBar(self.actions_, self.show_scene, self)
        self.addToolBar(self.tools)
        self.status = StatusLine(self)
        self.setStatusBar(self.status)
        self.actions_.attach(None, self)

    def _connect(self) -> None:
        from app.shell.file_actions import FileActions

        self.files = FileActions(self)
        self.actions_.bind(self.files.slots())
        self.actions_.bind({"edit.palette": self.open_palette, "view.fullscreen": self.toggle_full_screen})
        for mode in ("system", "dark", "light"):
            self.actions_.bind({f"view.{mode}": partial(self.store.change, theme=mode)})
        self.welcome.example_wanted.connect(self.opener.open_example)
        self.welcome.new_wanted.connect(self.files.new)
        self.welcome.open_wanted.connect(self.files.open)
        self.welcome.project_wanted.connect(self.open_project)
        self.opener.busy.connect(self._opening)
        self.opener.opened.connect(self.show_project)
        self.opener.refused.connect(self._refused)
        self.status.details_wanted.connect(self.files.show_log)
        self.store.changed.connect(self._apply)
        self._apply(self.store.now)
        if self.store.notice:
            self.notices.tell("settings", self.store.notice)

    def _apply(self, now: Settings) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication) and style.theme.mode != now.theme:
            style.apply(app, now.theme)
        for mode in ("system", "dark", "light"):
            self.actions_[f"view.{mode}"].setChecked(now.theme == mode)
        for density in ("grid", "list"):
            self.actions_[f"view.{density}"].setChecked(now.density == density)
        self.welcome.show_recent(now.recent)
        self._give_player_its_keys()

    # Projects

    def open_project(self, path: Path, *, read_only: bool = False) -> None:
        """Open a project; the one that is open stays until the other is there."""
        here = self.workspace
        if here is not None and path.resolve() == here.document.project.path.resolve() and not here.document.read_only:
            self.status.say(self.tr("This project is open already."))
            return
        self.opener.open(path, read_only=read_only)

    def _opening(self, text: str) -> None:
        self.notices.drop("open")
        self.welcome.busy(text)
        self.status.say(text)

    def _refused(self, refusal: Any) -> None:
        self.welcome.busy("")
        offers: list[tuple[str, Callable[[], object]]] = []
        if refusal.why in ("locked", "read_only"):
            offers.append((self.tr("Open read-only"), lambda: self.opener.open(refusal.path, read_only=True)))
        elif refusal.why == "damaged":
            offers.append((self.tr("Repair"), lambda: self.opener.repair(refusal.path)))
        elif refusal.why == "missing":
            self.store.forget_project(str(refusal.path))
        self.notices.tell("open", f"{refusal.message} {refusal.hint}".strip(), offers, "bad")

    def show_project(self, project: Project) -> None:
        """Put an open project on the screen in place of the one that is there."""
        from app.shell.bindings import bindings
        from app.shell.standstill import Standstill
        from app.shell.workspace import Workspace

        self.close_project()
        self.notices.clear()
        self.welcome.busy("")
        here = Workspace(project, self.store, self)
        self.workspace = here
        for widget in (here.board, here.compare_view):
            self.centre.addWidget(widget)
        self.centre.setCurrentWidget(here.board)
        here.centre_wanted.connect(self.centre.setCurrentWidget)
        here.board.import_wanted.connect(self.files.import_story)
        here.board.example_wanted.connect(self.files.import_example)
        here.place_docks(self)
        self._restore_docks()
        slots = bindings(self, here)
        self._bound = tuple(slots)
        self.actions_.bind(slots)
        self.actions_.attach("board", here.board)
        self.actions_.attach("panels", *(here.panel(name) for name in ("inspector", "takes", "queue", "elements")))
        self._give_player_its_keys()
        self._listen(here)
        Standstill(here, self.notices)
        self.show_title()
        self.store.remember_project(project.path)
        self.files.tell_report(project)
        here.board.setFocus()
        here.when_read(self._first_read)

    def _first_read(self, snapshot: SceneSnapshot) -> None:
        self.status.say("")
        if self.workspace is not None and snapshot.shots and not self.workspace.selection:
            self.workspace.board.select_shot(snapshot.shots[0].id)  # what a verb pressed now is about
        self.project_shown.emit()
        if self.workspace is not None and not self.workspace.document.read_only:
            QTimer.singleShot(0, self.workspace.runner.start)  # after the scene was painted

    def close_project(self) -> None:
        """Let go of the project and go back to the welcome page."""
        here = self.workspace
        if here is None:
            return
        if self.isVisible():
            self._save_geometry()
        self.workspace = None
        self.actions_.unbind(self._bound)
        here.close(self)
        self.centre.setCurrentWidget(self.welcome)
        self.tools.show_scenes((), "")
        self.notices.clear()
        self.status.clear_facts()
        self.engine_facts = {}
        self.show_title()
        self.update_needs()

    def _listen(self, here: Workspace) -> None:
        document, runner = here.document, here.runner
        document.problem.connect(self.status.tell_problem)
        document.committed.connect(self._committed)
        document.scene_read.connect(self._scene_read)
        document.jobs_read.connect(self._jobs_read)
        document.scene_switched.connect(lambda _scene: self.read_scenes())
        document.undo_stack.indexChanged.connect(lambda _index: self.update_needs())
        here.selection_changed.connect(lambda _shots: self.update_needs())
        runner.engine_state.connect(self.status.show_engine)
        runner.status.connect(self.status.say)
        runner.hello.connect(self._engine_here)
        runner.memory.connect(self.status.show_memory)
        self.files.listen(here)
        self.read_scenes()
        self.update_needs()

    # What is shown of it

    def show_title(self) -> None:
        """Say which project this is, and that nothing needs to be saved."""
        if self.workspace is None:
            self.setWindowTitle("Matchcut")
            return
        project = self.workspace.document.project
        state = self.tr("read-only") if project.read_only else self.tr("all changes saved")
        self.setWindowTitle(f"{project.path.name.removesuffix('.matchcut')} — {state}")

    def _scene_read(self, snapshot: SceneSnapshot) -> None:
        self.status.show_model(title_of(snapshot.model), str(self.engine_facts.get("device", "")))
        self.actions_["scene.pause"].setChecked(snapshot.queue_paused)
        self.update_needs()

    def _committed(self, changes: ChangeSet) -> None:
        if any(change.table == "scene" for change in changes):
            self.read_scenes()

    def read_scenes(self) -> None:
        """Read the list of scenes for the toolbar."""
        if self.workspace is not None:
            self.workspace.document.ask(lambda storyboard: storyboard.scenes(), self._scenes_read)

    def _scenes_read(self, scenes: list[SceneView]) -> None:
        if self.workspace is not None:
            self.scenes = scenes
            self.tools.show_scenes(scenes, self.workspace.document.scene_id)
            self.update_needs()

    def show_scene(self, scene_id: str) -> None:
        """Show another scene."""
        if self.workspace is not None and scene_id:
            self.workspace.document.show_scene(scene_id)

    def _jobs_read(self, jobs: Sequence[JobView]) -> None:
        waiting = sum(1 for job in jobs if job.state in _BUSY_JOBS)
        paused = self.workspace is not None and self.workspace.snapshot and self.workspace.snapshot.queue_paused
        self.status.show_queue(waiting, bool(paused))

    def _engine_here(self, facts: dict[str, Any]) -> None:
        self.engine_facts = {**self.engine_facts, **facts}
        model = self.workspace.snapshot.model if self.workspace and self.workspace.snapshot else ""
        self.status.show_model(title_of(model) if model else "", str(facts.get("device", "")))

    def update_needs(self) -> None:
        """Enable what can be done now."""
        here, have = self.workspace, {"nothing"}
        if here is not None:
            have.add("project")
            if here.selection:
                have.add("shot")
                if here.takes.current_take is not None:
                    have.add("take")
            if not here.document.read_only:
                have |= {"writable", *(f"writable {what}" for what in have & {"shot", "take"})}
                stack = here.document.undo_stack
                have |= {name for name, can in (("undo", stack.canUndo()), ("redo", stack.canRedo())) if can}
                self._name_undo("edit.undo", stack.undoText())
                self._name_undo("edit.redo", stack.redoText())
        self.actions_.allow(have)

    def _name_undo(self, action_id: str, what: str) -> None:
        text = words(self.actions_.specs[action_id].text)
        self.actions_[action_id].setText(f"{text}: {what}" if what else text)

    def _give_player_its_keys(self) -> None:
        if self.workspace is not None:
            keys = {
                spec.id.removeprefix("play."): (self.actions_.keys(spec.id) or [""])[0]
                for spec in self.actions_.specs.values()
                if spec.scope == "player" or spec.id == "play.loop"
            }
            self.workspace.player.set_keys(keys)

    # The window itself

    def open_palette(self) -> None:
        """Open the command palette; takes are found as soon as they are read."""
        from app.shell.bindings import palette_entries

        palette_entries(self, self.palette_)

    def toggle_full_screen(self) -> None:
        """Full screen and back."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _restore_geometry(self) -> None:
        kept = self._geometry.value("geometry")
        if not (isinstance(kept, QByteArray) and self.restoreGeometry(kept)):
            area = self.screen().availableGeometry()
            self.resize(min(1440, area.width()), min(900, area.height()))

    def _restore_docks(self) -> None:
        kept = self._geometry.value("docks")
        if isinstance(kept, QByteArray):
            self.restoreState(kept, _STATE_VERSION)

    def _save_geometry(self) -> None:
        self._geometry.setValue("geometry", self.saveGeometry())
        if self.workspace is not None:
            self._geometry.setValue("docks", self.saveState(_STATE_VERSION))
        self._geometry.sync()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._save_geometry()
        self.hide()  # the engine may take a moment to end
        self.opener.close()
        self.close_project()
        event.accept()


def window_icon() -> QIcon:
    """Return the icon of the program: two frames and the cut between them."""
    from app.theme.icons import icon

    return icon("cut")
