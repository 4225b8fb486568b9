"""The editor on a stage without a screen: its real window on a real project, for benches that press and look."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.failing import ENGINE_FAILURE, CommandError
from storyboards.story_text import Story, StoryShot

if TYPE_CHECKING:
    from app.shell.workspace import Workspace

SCRIPTED = (sys.executable, "-m", "commands.scripted_engine")
_KEY_EVERY = 0.04  # seconds between two keys: a held key repeats about as often


def private_places(scratch: Path) -> None:
    """Keep the user's settings out of the measurement, and a screen too."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    for name in ("CONFIG", "DATA", "STATE"):
        os.environ[f"XDG_{name}_HOME"] = str(scratch / name.lower())


class Stage:
    """The window with a project in it. `engine` is another engine's command than the editor's own."""

    def __init__(self, project: Path, engine: tuple[str, ...] | None = None) -> None:
        from app.folders import config_folder
        from app.settings import SettingsStore
        from app.shell import workspace
        from app.shell.window import MainWindow
        from app.start import make_application
        from app.theme import style

        self._app = make_application()
        style.apply(self._app, "dark")
        own = workspace.engine_command
        if engine is not None:
            workspace.engine_command = lambda now: engine
        try:
            self.window = MainWindow(SettingsStore(config_folder()))
            self.window.resize(1440, 900)
            self.window.show()
            self.window.open_project(project)
            self.until(self._is_read)
        finally:
            workspace.engine_command = own

    def _is_read(self) -> bool:
        here = self.window.workspace
        return here is not None and here.snapshot is not None

    @property
    def here(self) -> Workspace:
        """The open project on the screen."""
        assert self.window.workspace is not None
        return self.window.workspace

    @property
    def view(self) -> Any:
        """The cards of the board."""
        return self.here.board.view

    def process(self) -> None:
        """Let the editor handle what has come."""
        self._app.processEvents()

    def until(self, there: Callable[[], bool], seconds: float = 60.0) -> None:
        """Let the editor run until something is there. Raises CommandError."""
        end = time.monotonic() + seconds
        while not there():
            self.process()
            if time.monotonic() > end:
                raise CommandError("The editor did not get there in time.", "Is the machine very busy?", ENGINE_FAILURE)
            time.sleep(0.0005)

    def timed(self, act: Callable[[], object], there: Callable[[], bool]) -> float:
        """Return the milliseconds from a wish to the screen that shows it."""
        began = time.perf_counter()
        act()
        self.until(there)
        self.view.viewport().repaint()
        return (time.perf_counter() - began) * 1000

    def rest(self, seconds: float = 0.6) -> None:
        """Let what follows a change (the inspector's questions, the takes) come to its end."""
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > end)
        self.here.document.flush()

    def show_scene(self, scene_id: str, shots: int) -> None:
        """Show a scene of so many shots."""
        self.here.document.show_scene(scene_id)
        self.until(lambda: self.here.shots.rowCount() == shots)

    def hold_key(self, seconds: float, until: Callable[[], bool] | None = None) -> list[float]:
        """Hold an arrow key on the board; return the sorted milliseconds from each press to the paint that answers it.

        The presses are timed outside of the GUI thread. With `until` the key is held on until that is so.
        """
        return sorted(_hold_key(self._app, self.view, seconds, until or (lambda: True))) or [float("inf")]

    def close(self) -> None:
        """Close the window; the engine ends with it."""
        self.window.close()
        self.process()


def p95(times: list[float]) -> float:
    """Return the time that 95 of 100 stay below; `times` are sorted."""
    return round(times[min(len(times) - 1, int(len(times) * 0.95))], 1)


def story(title: str, shots: int) -> Story:
    """Return a scene of so many short shots."""
    text = "A frog in a blue coat does number {0}, wide shot."
    return Story(title, 11, "a beach by day", "", (), tuple(StoryShot(text.format(n + 1), 17) for n in range(shots)))


def _hold_key(app: Any, view: Any, seconds: float, enough: Callable[[], bool]) -> list[float]:
    from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QObject, Qt
    from PySide6.QtGui import QInputDevice, QKeyEvent

    pressed: deque[float] = deque()
    times: list[float] = []
    stop = threading.Event()

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
        number = 0
        while not stop.is_set():
            key = Qt.Key.Key_Right if number // 6 % 2 == 0 else Qt.Key.Key_Left
            number += 1
            pressed.append(time.perf_counter())
            QCoreApplication.postEvent(view, QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier))
            time.sleep(_KEY_EVERY)

    QInputDevice.primaryKeyboard()  # made by the first key event, which must not be in the other thread
    watch = Watch()
    view.installEventFilter(watch)
    view.viewport().installEventFilter(watch)
    thread, end = threading.Thread(target=press), time.monotonic() + seconds
    thread.start()
    while thread.is_alive():
        app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)
        if time.monotonic() > end and enough():
            stop.set()
    view.removeEventFilter(watch)
    view.viewport().removeEventFilter(watch)
    return times
