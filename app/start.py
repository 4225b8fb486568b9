"""Starting the editor: the window first, then the project, then the engine; and ending in the reverse order."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSocketNotifier, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from app.folders import config_folder, state_folder
from app.settings import SettingsStore
from app.shell.crash import CrashDialog, CrashNet
from app.shell.window import MainWindow, window_icon
from app.theme import style

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_DISPLAY = (
    "There is no display to open the editor on. On a machine without one: make demo (or: main.py demo), "
    "and main.py --help for all verbs."
)


def has_display() -> bool:
    """Say whether a window can be opened: Qt would end the whole process rather than say that it cannot."""
    if os.environ.get("QT_QPA_PLATFORM"):
        return True
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def make_application(arguments: Sequence[str] = ()) -> QApplication:
    """Return the one application; it may be there already (in tests)."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    app = QApplication(["matchcut", *arguments])
    app.setApplicationName("Matchcut")
    app.setDesktopFileName("matchcut")
    app.setQuitOnLastWindowClosed(True)
    return app


def open_window(store: SettingsStore, project: Path | None = None, *, read_only: bool = False) -> MainWindow:
    """Return the shown window; the project follows once the window was painted."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    style.apply(app, store.now.theme)
    window = MainWindow(store)
    app.setWindowIcon(window_icon())
    window.show()
    QTimer.singleShot(0, lambda: first_project(window, project, read_only))
    return window


def first_project(window: MainWindow, project: Path | None, read_only: bool) -> None:
    """Open the named project, or the last one, or the example with a word of welcome."""
    recent = next((Path(path) for path in window.store.now.recent if Path(path).is_dir()), None)
    if project is not None:
        window.open_project(project, read_only=read_only)
    elif recent is not None:
        window.open_project(recent)
    else:
        window.opener.open_example()
    if not window.store.now.welcomed:
        window.store.change(welcomed=True)
        window.project_shown.connect(lambda: _greet(window), Qt.ConnectionType.SingleShotConnection)


def _greet(window: MainWindow) -> None:
    window.notices.tell(
        "welcome",
        window.tr("Welcome to Matchcut. Try it on this story: choose a shot, change its prompt, press "
                  "{shot.regenerate}. {edit.palette} finds every command."),
        [(window.tr("New project…"), window.files.new), (window.tr("Shortcuts"), window.files.shortcuts)],
        "accent",
    )  # fmt: skip


def main(project: Path | None = None, *, read_only: bool = False) -> int:
    """Run the editor until its window is closed."""
    if not has_display():
        print(NO_DISPLAY)
        return 1
    app = make_application()
    net = CrashNet(state_folder())
    net.spread()
    interrupt = _Interrupt(app)
    store = SettingsStore(config_folder())
    window = open_window(store, project, read_only=read_only)
    net.crashed.connect(lambda report: CrashDialog(report, net.log_file, parent=window).show())
    if net.before:
        CrashDialog(net.before, net.log_file, last_time=True, parent=window).show()
    try:
        return int(app.exec())
    finally:
        window.close()
        interrupt.close()
        net.fold()


class _Interrupt:
    """Ctrl-C and a polite kill close the window in the ordinary way.

    Python sees a signal only while it runs code of its own; a socket that becomes readable makes Qt call some.
    """

    def __init__(self, app: QApplication) -> None:
        import socket

        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)
        self._notifier = QSocketNotifier(self._read.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(lambda: self._read.recv(1))
        self._old_descriptor = signal.set_wakeup_fd(self._write.fileno())
        self._old = {name: signal.signal(name, lambda *_: app.closeAllWindows())
                     for name in (signal.SIGINT, signal.SIGTERM)}  # fmt: skip

    def close(self) -> None:
        """Put things back."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._old_descriptor)
        for name, handler in self._old.items():
            signal.signal(name, handler)
        self._read.close()
        self._write.close()
