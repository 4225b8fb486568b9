"""`screenshots`: the pictures of the README, made by using the editor: no screen, but the real window and engine."""

from __future__ import annotations

import os
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.failing import ENGINE_FAILURE, OK, CommandError
from commands.terminal import Terminal

if TYPE_CHECKING:
    from app.shell.window import MainWindow
    from app.shell.workspace import Workspace
    from storyboards.changes import ChangeSet
    from storyboards.storyboard import Storyboard

SIZE = (1440, 900)
SHOT = 3  # the one whose takes are compared, and that is being made anew
ROOT = Path(__file__).resolve().parents[1]


def screenshots(args: Namespace, terminal: Terminal) -> int:
    """Write the pictures and say where they are."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    out = Path(args.out).resolve()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="matchcut-") as scratch:
        for name in ("CONFIG", "DATA", "STATE"):
            os.environ[f"XDG_{name}_HOME"] = str(Path(scratch) / name.lower())
        project = _project(args, Path(scratch), terminal)
        camera = _Camera(out, terminal)
        _Visit(camera, project, args.steps).go()
    terminal.result({"folder": str(out), "pictures": camera.taken})
    return OK


def _project(args: Namespace, scratch: Path, terminal: Terminal) -> Path:
    """Return a copy of the project that is to be shown: the named one, the example, or one rendered here and now."""
    target = scratch / "Fox at sunset.matchcut"
    source = Path(args.project) if args.project else ROOT / "assets" / "example" / "fox-at-sunset.matchcut"
    if source.is_dir():
        from storyboards.copying import copy_project

        return copy_project(source, target)
    if args.project:
        raise CommandError(f"There is no project {source}.", "Name another, or none for the example.")
    return _render(target, args.steps, terminal)


def _render(target: Path, steps: int, terminal: Terminal) -> Path:
    from commands.rendering import run_jobs
    from storyboards.examples import example
    from storyboards.project import Project

    with Project.create(target, example().title) as project:
        board = project.storyboard
        scene_id = board.import_story(example()).new_id("scene")
        board.queue_scene(scene_id, settings={"steps": steps})
        run_jobs(board, terminal, lambda _: True)
        board.queue_render(board.shots(scene_id)[SHOT - 1].id, takes=2, settings={"steps": steps}, select=False)
        outcome = run_jobs(board, terminal, lambda _: True)
    if outcome.exit_code:
        raise CommandError("The project was not rendered.", "Name a rendered one: --project.", ENGINE_FAILURE)
    return target


class _Camera:
    def __init__(self, out: Path, terminal: Terminal) -> None:
        self.out, self.terminal = out, terminal
        self.taken: list[str] = []

    def take(self, widget: Any, name: str) -> None:
        """Write a picture of a widget."""
        path = self.out / f"{name}.png"
        if not widget.grab().save(str(path)):
            raise CommandError(f"{path} cannot be written.", "Choose another folder: --out.")
        self.taken.append(path.name)
        self.terminal.say(str(path))


class _Visit:
    """One walk through the editor."""

    def __init__(self, camera: _Camera, project: Path, steps: int) -> None:
        from app.folders import config_folder
        from app.settings import SettingsStore
        from app.shell.window import MainWindow
        from app.start import make_application
        from app.theme import style

        self.app = make_application()
        self.store = SettingsStore(config_folder())
        self.store.change(theme="dark", welcomed=True)
        style.apply(self.app, "dark")
        self.camera, self.project, self.steps = camera, project, steps
        self.window: MainWindow = MainWindow(self.store)
        self.window.resize(*SIZE)
        self.window.show()

    def go(self) -> None:
        """Take all pictures, one after the other."""
        self.camera.take(self.window, "welcome")
        self.window.open_project(self.project)
        self.until(lambda: self.window.workspace is not None and self.window.workspace.snapshot is not None)
        try:
            self._in_dark()
            self._at_work()
            self._in_light()
        finally:
            self.window.close()

    @property
    def here(self) -> Workspace:
        """The open project."""
        assert self.window.workspace is not None
        return self.window.workspace

    def until(self, there: Callable[[], object], seconds: float = 600.0) -> None:
        """Let the editor work until something is so."""
        end = time.monotonic() + seconds
        while not there():
            self.app.processEvents()
            time.sleep(0.005)
            if time.monotonic() > end:
                raise CommandError("The editor did not get there in time.", "Is the machine very busy?", ENGINE_FAILURE)

    def settle(self, seconds: float = 2.0) -> None:
        """Let pictures be read and layouts come to rest."""
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > end)

    def _in_dark(self) -> None:
        here, shot = self.here, self.here.shots.shots()[SHOT - 1]
        planned: list[object] = []
        here.runner.planned.connect(lambda _shot, plan: planned.append(plan))
        here.choose(shot.id)
        self.until(lambda: here.takes.current_take is not None)
        self.until(lambda: planned)
        self.settle(3.0)
        self.camera.take(self.window, "board-dark")
        self.camera.take(here.inspector, "inspector")
        here.player.act("cut_on")
        self.settle()
        self.camera.take(here.player, "player")
        here.show_panel("takes")
        self.settle()
        self.camera.take(here.takes, "takes")
        self.window.actions_.run("take.compare")
        self.settle()
        here.compare_view.transport.pause()
        self.camera.take(self.window, "compare")
        here.compare_view.closed.emit()
        self.window.open_palette()
        self.settle(1.0)
        self.window.palette_.line.setText("gen")
        self.settle(0.5)
        self.camera.take(self.window.palette_, "palette")
        self.window.palette_.hide()

    def _at_work(self) -> None:
        """The queue while the engine renders, with the live preview on its card."""
        here, shots = self.here, self.here.shots.shots()
        settings = {"steps": max(6, self.steps)}
        for shot in (shots[SHOT - 1], shots[SHOT], shots[0]):
            here.document.do("", partial(_queue, shot.id, settings), undoable=False)
        here.show_panel("queue")
        steps: list[Any] = []
        here.runner.step.connect(lambda shot_id, progress: steps.append(progress))
        here.document.flush()
        here.runner.wake()
        self.until(lambda: any(progress.step >= 4 for progress in steps))
        self.settle(0.5)
        self.camera.take(self.window, "queue")
        self.window.files.export_film()
        self.settle(1.0)
        dialog: Any = self.window.files.dialogs["export"]
        dialog.out.show_path(Path("~/Videos/fox-at-sunset.mp4"))
        self.camera.take(dialog, "export")
        dialog.close()
        for job in here.document.jobs:
            if job.state in ("queued", "running"):
                here.verbs.cancel(job.id)
        self.until(lambda: here.runner.state == "ready")

    def _in_light(self) -> None:
        self.store.change(theme="light")
        self.here.show_panel("player")
        self.here.show_panel("elements")
        self.here.verbs.clear_finished_jobs()
        self.settle()
        self.camera.take(self.window, "board-light")
        self.window.files.shortcuts()
        self.settle(0.5)
        self.camera.take(self.window.files.dialogs["shortcuts"], "shortcuts")


def _queue(shot_id: str, settings: dict[str, int], board: Storyboard) -> ChangeSet:
    return board.queue_render(shot_id, settings={**settings, "preview_every": 1})
