"""One open project on the screen: the document, the engine's client, the panels, and how they are wired.

Everything about a project comes and goes with this one object. It is imported beside the opening of the first project,
so that the window need not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar, QWidget

from app.board.board import Board
from app.document.open_document import OpenDocument
from app.document.snapshot import SceneSnapshot
from app.elements.elements_panel import ElementsPanel
from app.engine_client.films import Films
from app.engine_client.process import WORKER
from app.engine_client.queue_runner import QueueRunner
from app.inspector.inspector import Inspector
from app.pictures import Pictures
from app.player.player import Player
from app.queue.queue_panel import QueuePanel
from app.settings import Settings, SettingsStore, engine_options
from app.shell.action_table import PANELS
from app.shots_model import ShotsModel
from app.takes.compare_view import CompareView
from app.takes.takes_panel import TakesPanel
from app.verbs import Verbs
from storyboards.project import Project
from storyboards.views import TakeView

_AREAS = {
    "inspector": Qt.DockWidgetArea.RightDockWidgetArea,
    "takes": Qt.DockWidgetArea.BottomDockWidgetArea,
    "player": Qt.DockWidgetArea.BottomDockWidgetArea,
    "queue": Qt.DockWidgetArea.LeftDockWidgetArea,
    "elements": Qt.DockWidgetArea.LeftDockWidgetArea,
}


def engine_command(now: Settings) -> tuple[str, ...]:
    """Return how the engine is started with these preferences."""
    return (*WORKER, *engine_options(now))


class Workspace(QObject):
    """`selection_changed` says which shots are chosen; `centre_wanted` which widget shall stand in the middle."""

    selection_changed = Signal(object)
    centre_wanted = Signal(object)

    def __init__(self, project: Project, store: SettingsStore, window: QMainWindow) -> None:
        super().__init__(window)
        self.store = store
        self.document = OpenDocument(project, self)
        self.shots = ShotsModel(self)
        self.pictures = Pictures(self, budget=store.now.pictures_mb << 20)
        self._options = engine_options(store.now)
        self.runner = QueueRunner(self.document, engine_command(store.now), self)
        self.films = Films(parent=self)
        self.selection: list[str] = []
        self.verbs = Verbs(self.document, self.runner, lambda: self.selection, self)
        self.board = Board(self.document, self.shots, self.verbs, self.pictures)
        self.inspector = Inspector(self.document, self.verbs, self.runner, self.pictures)
        self.takes = TakesPanel(self.document, self.verbs, self.pictures)
        self.player = Player(self.document)
        self.queue = QueuePanel(self.document, self.verbs, self.runner, self.shots, self.pictures)
        self.elements = ElementsPanel(self.document, self.pictures)
        self.compare_view = CompareView(self.document, self.verbs)
        self.docks = self._make_docks(window)
        self._connect()

    @property
    def snapshot(self) -> SceneSnapshot | None:
        """What was last read of the shown scene."""
        return self.document.snapshot

    def panel(self, name: str) -> QWidget:
        """The panel of this name."""
        return {"inspector": self.inspector, "takes": self.takes, "player": self.player,
                "queue": self.queue, "elements": self.elements}[name]  # fmt: skip

    def _make_docks(self, window: QMainWindow) -> dict[str, QDockWidget]:
        titles = {"inspector": self.tr("Inspector"), "takes": self.tr("Takes"), "player": self.tr("Player"),
                  "queue": self.tr("Queue"), "elements": self.tr("Elements")}  # fmt: skip
        docks = {}
        for name in PANELS:
            dock = QDockWidget(titles[name], window)
            dock.setObjectName(f"dock.{name}")
            dock.setWidget(self.panel(name))
            docks[name] = dock
        return docks

    def place_docks(self, window: QMainWindow) -> None:
        """Put the panels where they belong by default."""
        for name, dock in self.docks.items():
            window.removeDockWidget(dock)
            window.addDockWidget(_AREAS[name], dock)
            dock.setFloating(False)
            dock.show()
        window.tabifyDockWidget(self.docks["takes"], self.docks["player"])
        window.tabifyDockWidget(self.docks["elements"], self.docks["queue"])
        self.docks["player"].raise_()
        self.docks["elements"].raise_()
        for bar in window.findChildren(QTabBar):
            bar.setAccessibleName(bar.accessibleName() or self.tr("Panels"))
        sizes = {"inspector": 344, "elements": 264}
        docks, widths = [self.docks[name] for name in sizes], list(sizes.values())
        window.resizeDocks(docks, widths, Qt.Orientation.Horizontal)
        window.resizeDocks([self.docks["player"]], [max(280, window.height() // 3)], Qt.Orientation.Vertical)

    def _connect(self) -> None:
        document, runner, shots = self.document, self.runner, self.shots
        document.scene_read.connect(shots.update)
        document.jobs_read.connect(shots.update_jobs)
        document.scene_switched.connect(lambda _scene: self._select([]))
        runner.step.connect(shots.set_progress)
        runner.preview.connect(shots.set_preview)
        shots.preview_over.connect(self.pictures.forget)
        runner.take_saved.connect(self._take_saved)
        self.board.selection_changed.connect(self._select)
        self.board.play_shot.connect(self.play_shot)
        self.board.open_shot.connect(self.edit_prompt)
        self.board.density_changed.connect(lambda density: self.store.change(density=density))
        self.verbs.selection_wanted.connect(self.choose_all)
        self.verbs.edit_wanted.connect(lambda _shot: self.show_panel("inspector"))
        self.takes.compare_wanted.connect(self._compare)
        self.takes.play_wanted.connect(self.play_take)
        self.takes.current_changed.connect(lambda _take: self.selection_changed.emit(self.selection))
        self.compare_view.closed.connect(self._leave_comparison)
        self.store.changed.connect(self._apply)
        self._apply(self.store.now)
        if document.snapshot is not None:
            shots.update(document.snapshot)

    def _select(self, shot_ids: list[str]) -> None:
        self.selection = list(shot_ids)
        self.inspector.show_shots(self.selection)
        one = self.selection[-1] if self.selection else None
        self.takes.show_shot(one)
        if one is not None:
            self.player.show_shot(one)
        self.selection_changed.emit(self.selection)

    def choose(self, shot_id: str) -> None:
        """Select a shot on the board."""
        self.board.select_shot(shot_id)

    def choose_all(self, shot_ids: list[str]) -> None:
        """Select several shots on the board."""
        self.board.view.select(sorted(row for shot_id in shot_ids if (row := self.shots.row_of(shot_id)) >= 0))

    def edit_prompt(self, shot_id: str) -> None:
        """Bring the keyboard into a shot's prompt."""
        self.choose(shot_id)
        self.show_panel("inspector")
        self.inspector.edit(shot_id)

    def compare(self) -> None:
        """Compare two takes of the shot: the highlighted ones, or the highlighted one and the selected one."""
        self.takes.compare()

    def _compare(self, take_ids: list[str]) -> None:
        self.player.transport.pause()
        self.centre_wanted.emit(self.compare_view)
        self.compare_view.compare(take_ids)
        self.compare_view.setFocus()

    def _leave_comparison(self) -> None:
        self.centre_wanted.emit(self.board)
        self.takes.setFocus()

    def settled(self, act: Callable[[], object]) -> Callable[[], object]:
        """Return the same act, before which what is being typed is sent."""

        def acting() -> object:
            self._send_drafts()
            return act()

        return acting

    def _send_drafts(self) -> None:
        self.inspector.flush()
        self.elements.flush()

    def show_panel(self, name: str) -> None:
        """Bring a panel up."""
        self.docks[name].show()
        self.docks[name].raise_()

    def play_scene(self) -> None:
        """Play the scene from where the head is, or stop it."""
        self.show_panel("player")
        self.player.play_scene(play=False)
        self.player.act("toggle")

    def play_shot(self, shot_id: str) -> None:
        """Play one shot."""
        self.show_panel("player")
        self.player.play_shot(shot_id)

    def play_take(self, take: TakeView) -> None:
        """Play one take."""
        self.show_panel("player")
        self.player.play_take(take)

    def _take_saved(self, shot_id: str, take_id: str) -> None:
        self.shots.clear_progress(shot_id)
        if self.store.now.autoplay and not self.player.transport.playing:
            self.document.ask(lambda storyboard: storyboard.take(take_id), self.play_take)

    def _apply(self, now: Settings) -> None:
        self.board.set_density(now.density)
        self.verbs.preview_every = now.preview_every
        self.pictures.budget = now.pictures_mb << 20
        if engine_options(now) != self._options:
            self._options = engine_options(now)
            self.runner.use_engine(engine_command(now))

    def when_read(self, then: Callable[[SceneSnapshot], None]) -> None:
        """Call once the scene has been read for the first time."""
        if self.snapshot is not None:
            then(self.snapshot)
            return

        def arrived(snapshot: SceneSnapshot) -> None:
            self.document.scene_read.disconnect(arrived)
            then(snapshot)

        self.document.scene_read.connect(arrived)

    def close(self, window: QMainWindow) -> None:
        """Stop the engine, finish the document's work, take the panels off the window."""
        self._send_drafts()
        self.compare_view.close_view()
        self.player.close_player()
        self.runner.close()
        self.films.close()
        self.document.close()
        self.pictures.close()
        for dock in self.docks.values():
            window.removeDockWidget(dock)
            dock.close()
            dock.deleteLater()
        self.compare_view.deleteLater()
        self.board.deleteLater()
        self.deleteLater()
