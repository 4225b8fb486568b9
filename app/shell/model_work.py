"""Downloads and checks of models: `main.py models …` as child processes, which outlive the dialog that began them.

The editor loads neither torch nor a hub client; it reads the lines that `--json --progress` writes. What is stopped,
or dies with the editor, goes on where it was when it is started again.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, QProcess, QProcessEnvironment, QTimer, Signal

MAIN = Path(__file__).resolve().parents[2] / "main.py"
_GOODBYE_MS = 3000
_SPEED_S = 10.0  # over how long the speed is averaged


class ModelWork(QObject):
    """One verb on one model. `changed` comes with progress, `ended` once: then `problem` is "" or says what to do."""

    changed = Signal()
    ended = Signal()

    def __init__(self, key: str, words: list[str], parent: QObject) -> None:
        super().__init__(parent)
        self.key, self.words = key, words
        self.done, self.total, self.file = 0, 0, ""
        self.problem, self.answer, self.over = "", dict[str, Any](), False
        self.stopping = False
        self._samples: list[tuple[float, int]] = []
        self._input, self._log = bytearray(), bytearray()
        self._process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONUNBUFFERED", "1")
        self._process.setProcessEnvironment(environment)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.readyReadStandardError.connect(self._read_log)
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._failed_to_start)
        self._process.start(sys.executable, [str(MAIN), "models", *words, "--json", "--progress"])

    @property
    def verb(self) -> str:
        """ "download", "verify", …"""
        return self.words[0]

    @property
    def fraction(self) -> float:
        """How much of it is done, 0 to 1."""
        return self.done / self.total if self.total else 0.0

    @property
    def bytes_a_second(self) -> float:
        """Of the last seconds, 0 while nobody knows."""
        if len(self._samples) < 2:
            return 0.0
        (first, had), (last, has) = self._samples[0], self._samples[-1]
        return max(0.0, (has - had) / (last - first)) if last > first else 0.0

    def stop(self) -> None:
        """Ask it to end; what has come is kept."""
        self.stopping = True
        self._process.terminate()
        QTimer.singleShot(_GOODBYE_MS, self, self._process.kill)

    def close(self) -> None:
        """End it before the program ends."""
        self.over = True
        self._process.terminate()
        if not self._process.waitForFinished(_GOODBYE_MS):
            self._process.kill()
            self._process.waitForFinished(_GOODBYE_MS)

    def _read(self) -> None:
        self._input += self._process.readAllStandardOutput().data()
        *lines, rest = self._input.split(b"\n")
        self._input = bytearray(rest)
        for line in lines:
            self._hear(bytes(line))
        self.changed.emit()

    def _hear(self, line: bytes) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            return
        progress = said.get("progress") if isinstance(said, dict) else None
        if isinstance(progress, dict):
            self.done, self.total, self.file = progress["done"], progress["total"], progress["file"]
            now = time.monotonic()
            self._samples = [one for one in self._samples if now - one[0] < _SPEED_S] + [(now, self.done)]
        elif isinstance(said, dict):
            self.answer = said

    def _read_log(self) -> None:
        self._log = (self._log + self._process.readAllStandardError().data())[-4000:]

    def _finished(self, code: int, _status: QProcess.ExitStatus) -> None:
        if self.over:
            return
        self._read()
        if code and not self.stopping:
            self.problem = f"{self.answer.get('error', '')} {self.answer.get('hint', '')}".strip() or self._last_words()
        self._end()

    def _last_words(self) -> str:
        """What it left behind when it died without an answer."""
        lines = self._log.decode("utf-8", "replace").strip().splitlines()
        last = lines[-1] if lines else ""
        return self.tr("It ended unexpectedly. {0} Start it again: what is there is kept.").format(last)

    def _failed_to_start(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and not self.over:
            self.problem = self.tr("It could not be started: {0}").format(self._process.errorString())
            self._end()

    def _end(self) -> None:
        self.over = True
        self.ended.emit()


class ModelWorks(QObject):
    """What is going on with models, one piece of work for each at a time. `changed` names the model."""

    changed = Signal(str)
    ended = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._works: dict[str, ModelWork] = {}

    def of(self, key: str) -> ModelWork | None:
        """What is being done with a model, by its name or hub id."""
        return self._works.get(key)

    def start(self, key: str, words: list[str]) -> ModelWork:
        """Begin a verb on a model; one that is under way goes on instead."""
        if key in self._works:
            return self._works[key]
        work = ModelWork(key, words, self)
        self._works[key] = work
        work.changed.connect(lambda: self.changed.emit(key))
        work.ended.connect(lambda: self._ended(work))
        return work

    def close(self) -> None:
        """End everything; downloads go on the next time they are started."""
        for work in self._works.values():
            work.close()
        self._works.clear()

    def _ended(self, work: ModelWork) -> None:
        self._works.pop(work.key, None)
        self.ended.emit(work)
        work.deleteLater()


def model_works() -> ModelWorks:
    """The one list of works of this program, ended with it."""
    app = QCoreApplication.instance()
    assert app is not None
    found = app.findChild(ModelWorks)
    if found is None:
        found = ModelWorks(app)
        app.aboutToQuit.connect(found.close)
    return found
