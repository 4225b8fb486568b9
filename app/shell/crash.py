"""When the program itself goes wrong: it is written down, told once, and the editor goes on where it can.

Three nets: Python errors of the GUI thread, of other threads, and faulthandler for what kills the process; the last is
told at the next start.
"""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import TextIO

from PySide6.QtCore import QMessageLogContext, QObject, Qt, QtMsgType, QUrl, Signal, Slot, qInstallMessageHandler
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.folders import CRASHES, LOG
from app.shell.dialog import Dialog, button

log = logging.getLogger("matchcut.app")


class CrashNet(QObject):
    """`crashed` carries the text of a report, on the GUI thread. `before` is what killed the last run, or ""."""

    crashed = Signal(str)
    _caught = Signal(str)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self.before = ""
        self._file: TextIO | None = None
        self._handler: logging.Handler | None = None
        self._told: set[str] = set()
        self._caught.connect(self._tell, Qt.ConnectionType.QueuedConnection)

    @property
    def log_file(self) -> Path:
        """Where the log is."""
        return self.folder / LOG

    def spread(self) -> None:
        """Take over the hooks of Python and Qt. No folder for logs is no reason not to work."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._open_files()
        except OSError as error:
            log.warning("no log in %s: %s", self.folder, error)
        sys.excepthook = self._of_python
        threading.excepthook = self._of_thread
        qInstallMessageHandler(_from_qt)

    def _open_files(self) -> None:
        crashes = self.folder / CRASHES
        if crashes.is_file():
            self.before = crashes.read_text(encoding="utf-8", errors="replace").strip()
            crashes.replace(crashes.with_suffix(".old.log"))
        self._file = crashes.open("w", encoding="utf-8")
        faulthandler.enable(self._file)
        handler = logging.handlers.RotatingFileHandler(self.log_file, maxBytes=1 << 20, backupCount=2, delay=True)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logger = logging.getLogger("matchcut")
        logger.setLevel(logging.INFO)
        logger.addHandler(handler)
        self._handler = handler

    def fold(self) -> None:
        """Give the hooks back; an orderly end leaves no crash file."""
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__
        qInstallMessageHandler(None)
        if self._handler is not None:
            logging.getLogger("matchcut").removeHandler(self._handler)
            self._handler.close()
            self._handler = None
        if self._file is not None:
            faulthandler.disable()
            self._file.close()
            self._file = None
            (self.folder / CRASHES).unlink(missing_ok=True)

    def _of_python(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        log.error("unexpected error\n%s", text)
        self._caught.emit(text)

    def _of_thread(self, found: threading.ExceptHookArgs) -> None:
        if found.exc_value is not None:
            self._of_python(found.exc_type, found.exc_value, found.exc_traceback)

    @Slot(str)
    def _tell(self, text: str) -> None:
        """The same error again, such as from a timer, is in the log but not told again."""
        if text not in self._told:
            self._told.add(text)
            self.crashed.emit(text)


def _from_qt(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    levels = {QtMsgType.QtWarningMsg: logging.WARNING, QtMsgType.QtCriticalMsg: logging.ERROR,
              QtMsgType.QtFatalMsg: logging.CRITICAL}  # fmt: skip
    logging.getLogger("matchcut.qt").log(levels.get(kind, logging.INFO), "%s", text)


class CrashDialog(Dialog):
    """Says that something went wrong, that nothing is lost, and where the report is."""

    def __init__(self, report: str, log_file: Path, *, last_time: bool = False, parent: QWidget | None = None) -> None:
        title = self.tr("Matchcut ended unexpectedly") if last_time else self.tr("Something went wrong")
        super().__init__(title, parent, 600)
        said = self.tr("Last time Matchcut ended in the middle of its work.") if last_time else self.tr(
            "An error inside Matchcut stopped what you just did; you can go on working."
        )  # fmt: skip
        self.note(f"{said} {self.tr('Every change and every finished take is saved.')}")
        self.report = QPlainTextEdit(report)
        self.report.setReadOnly(True)
        self.report.setMinimumHeight(180)
        self.report.setAccessibleName(self.tr("Report"))
        self.report.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.body.addWidget(self.report, 1)
        self.note(self.tr("The log is {0}. Please add it when you report this.").format(log_file))
        folder = QUrl.fromLocalFile(str(log_file.parent))
        self.finish(
            button(self.tr("Show the log"), lambda: QDesktopServices.openUrl(folder), self.tr("Open its folder")),
            button(self.tr("Copy"), lambda: QGuiApplication.clipboard().setText(report), self.tr("Copy the report")),
            button(self.tr("Go on"), self.accept, role="primary"),
        )
