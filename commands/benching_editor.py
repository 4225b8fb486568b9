"""`bench editor`: does the window come at once, does a long scene stay light, does a key answer while the engine works?

All without a screen, on the real window and a real document. Times are of the wall clock: other work on the machine
shows in them, so run this on a quiet one.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from argparse import Namespace
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.failing import ENGINE_FAILURE, OK, CommandError
from commands.terminal import Terminal
from storyboards.project import Project
from storyboards.story_text import Story, StoryShot

if TYPE_CHECKING:
    from app.shell.window import MainWindow
    from app.shots_model import ShotsModel

ROOT = Path(__file__).resolve().parents[1]
BARS = {"first_paint_s": 1.0, "input_p95_ms": 50.0, "open_1000_ms": 300.0, "insert_ms": 30.0, "move_ms": 30.0}
LEAST_FPS = 60.0
_KEY_EVERY = 0.04  # seconds between two keys: a held key repeats about as often
_PROBE = "from commands.benching_editor import paint_once; paint_once()"


def bench_editor(args: Namespace, terminal: Terminal) -> int:
    """Measure, print, and compare with what is promised."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory(prefix="matchcut-") as scratch:
        for name in ("CONFIG", "DATA", "STATE"):
            os.environ[f"XDG_{name}_HOME"] = str(Path(scratch) / name.lower())
        terminal.note("starting the editor a few times ...")
        found: dict[str, float] = {"first_paint_s": _first_paint()}
        found |= _Bench(Path(scratch), args.shots, terminal).run(engine=not args.quick)
    missed = [name for name, bar in BARS.items() if name in found and found[name] > bar]
    missed += ["scroll_fps"] if found["scroll_fps"] < LEAST_FPS else []
    for name, value in found.items():
        bar = LEAST_FPS if name == "scroll_fps" else BARS.get(name)
        limit = "" if bar is None else f"   (at {'least' if name == 'scroll_fps' else 'most'} {bar:g})"
        terminal.say(f"{name}: {value:g}{limit}{'   MISSED' if name in missed else ''}")
    terminal.result({**found, "shots": args.shots, "missed": missed})
    return ENGINE_FAILURE if missed else OK


def paint_once() -> None:
    """A process's whole life: start the editor as `main.py` does, print the time of its first paint, end."""
    from PySide6.QtCore import QEvent, QObject

    from app.folders import config_folder
    from app.settings import SettingsStore
    from app.start import make_application, open_window

    class Watch(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint:
                print(time.time(), flush=True)
                os._exit(0)
            return False

    app = make_application()
    watch = Watch()
    app.installEventFilter(watch)
    window = open_window(SettingsStore(config_folder()))
    app.exec()
    del window


def _first_paint() -> float:
    """Return the seconds from starting a process to its window's first paint; the best of three, which are warm."""
    times = []
    for _ in range(4):
        began = time.time()
        done = subprocess.run([sys.executable, "-c", _PROBE], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode or not done.stdout.strip():
            raise CommandError("The editor did not come up.", done.stderr.strip()[-400:], ENGINE_FAILURE)
        times.append(float(done.stdout.split()[-1]) - began)
    return round(min(times[1:]), 3)


class _Bench:
    def __init__(self, folder: Path, shots: int, terminal: Terminal) -> None:
        self.folder, self.count, self.terminal = folder, shots, terminal

    def run(self, *, engine: bool) -> dict[str, float]:
        """Open a project with a short and a long scene, and use it."""
        from PySide6.QtWidgets import QApplication

        from app.folders import config_folder
        from app.settings import SettingsStore
        from app.start import make_application
        from app.theme import style

        with Project.create(self.folder / "bench") as project:
            path, board = project.path, project.storyboard
            self.short = board.import_story(_story("Short", 8)).new_id("scene")
            self.long = board.import_story(_story("Long", self.count)).new_id("scene")
        app = make_application()
        store = SettingsStore(config_folder())
        style.apply(app, "dark")
        from app.shell.window import MainWindow

        self.window: MainWindow = MainWindow(store)
        self.window.resize(1440, 900)
        self.window.show()
        self.window.open_project(path)
        self._until(lambda: self._here_is_read())
        try:
            found = self._long_scene()
            if engine:
                found |= self._while_rendering()
        finally:
            self.window.close()
            QApplication.processEvents()
        return {**found, "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)}

    def _here_is_read(self) -> bool:
        here = self.window.workspace
        return here is not None and here.snapshot is not None

    def _until(self, there: Callable[[], bool], seconds: float = 60.0) -> None:
        from PySide6.QtWidgets import QApplication

        end = time.monotonic() + seconds
        while not there():
            QApplication.processEvents()
            if time.monotonic() > end:
                raise CommandError("The editor did not get there in time.", "Is the machine very busy?", ENGINE_FAILURE)
            time.sleep(0.0005)

    @property
    def _view(self) -> Any:
        assert self.window.workspace is not None
        return self.window.workspace.board.view

    def _timed(self, act: Callable[[], object], there: Callable[[], bool]) -> float:
        """Return the milliseconds from a wish to the screen that shows it."""
        began = time.perf_counter()
        act()
        self._until(there)
        self._view.viewport().repaint()
        return (time.perf_counter() - began) * 1000

    def _long_scene(self) -> dict[str, float]:
        here = self.window.workspace
        assert here is not None
        document, model = here.document, here.shots
        opening = []
        for _ in range(3):
            document.show_scene(self.short)
            self._until(lambda: model.rowCount() == 8)
            opening.append(self._timed(lambda: document.show_scene(self.long), lambda: model.rowCount() == self.count))
        found = {"open_1000_ms": round(statistics.median(opening), 1), "scroll_fps": self._scroll()}
        inserting, moving = [], []
        for _ in range(9):
            rows = model.rowCount()
            here.board.select_shot(model.shots()[rows // 2].id)
            self._rest()
            inserting.append(self._timed(here.verbs.new_shot, partial(_has_rows, model, rows + 1)))
            self._rest()
            first = model.shots()[0].id
            moving.append(
                self._timed(partial(here.verbs.move_to, [first], 4), partial(_stands_in, model, first, 3))
            )
            self._rest()
        found["insert_ms"] = round(statistics.median(inserting), 1)
        found["move_ms"] = round(statistics.median(moving), 1)
        return found

    def _rest(self) -> None:
        """Let what follows a change (the inspector's questions, the takes) come to its end."""
        assert self.window.workspace is not None
        end = time.monotonic() + 0.6
        self._until(lambda: time.monotonic() > end)
        self.window.workspace.document.flush()

    def _scroll(self) -> float:
        bar, frames = self._view.verticalScrollBar(), 240
        began = time.perf_counter()
        for frame in range(frames):
            bar.setValue(round(bar.maximum() * frame / frames))
            self._view.viewport().repaint()
        return round(frames / (time.perf_counter() - began), 1)

    def _while_rendering(self) -> dict[str, float]:
        """Hold an arrow key while the engine renders, and see how long each press takes to the screen."""
        here = self.window.workspace
        assert here is not None
        self.terminal.note("pressing keys while the engine renders ...")
        here.document.show_scene(self.short)
        self._until(lambda: here.shots.rowCount() == 8)
        here.board.select_shot(here.shots.shots()[0].id)
        steps: list[object] = []
        here.runner.step.connect(lambda *found: steps.append(found))
        here.verbs.generate_scene()
        self._until(lambda: bool(steps), 300.0)
        before = len(steps)
        times = _hold_key(self._view, 10.0)
        if len(steps) == before:
            raise CommandError("The engine did not go on meanwhile.", "Look at the log.", ENGINE_FAILURE)
        times.sort()
        p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
        return {"input_p95_ms": round(p95, 1), "input_max_ms": round(times[-1], 1), "keys": len(times)}


def _has_rows(model: ShotsModel, rows: int) -> bool:
    return model.rowCount() == rows


def _stands_in(model: ShotsModel, shot_id: str, row: int) -> bool:
    return model.row_of(shot_id) == row


def _hold_key(view: Any, seconds: float) -> list[float]:
    """Return the milliseconds from each key press, timed outside the GUI thread, to the paint that answers it."""
    from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QObject, Qt
    from PySide6.QtGui import QInputDevice, QKeyEvent
    from PySide6.QtWidgets import QApplication

    pressed: deque[float] = deque()
    times: list[float] = []

    class Watch(QObject):
        def __init__(self) -> None:
            super().__init__()
            self.seen: deque[float] = deque()

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.KeyPress and watched is view:
                self.seen.append(pressed.popleft())
            elif event.type() == QEvent.Type.Paint and watched is view.viewport():
                while self.seen:
                    times.append((time.perf_counter() - self.seen.popleft()) * 1000)
            return False

    def press() -> None:
        end, number = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            key = Qt.Key.Key_Right if number // 6 % 2 == 0 else Qt.Key.Key_Left
            number += 1
            pressed.append(time.perf_counter())
            QCoreApplication.postEvent(view, QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier))
            time.sleep(_KEY_EVERY)

    QInputDevice.primaryKeyboard()  # made by the first key event, which must not be in the other thread
    watch = Watch()
    view.installEventFilter(watch)
    view.viewport().installEventFilter(watch)
    thread = threading.Thread(target=press)
    thread.start()
    while thread.is_alive():
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)
    view.removeEventFilter(watch)
    view.viewport().removeEventFilter(watch)
    return times or [float("inf")]


def _story(title: str, shots: int) -> Story:
    text = "A frog in a blue coat does number {0}, wide shot."
    lines = tuple(StoryShot(text.format(number + 1), 17) for number in range(shots))
    return Story(title, 11, "a beach by day", "", (), lines)
