"""Whether models fit this machine: `main.py models --json` in a child process, since the editor loads no engine."""

from __future__ import annotations

import json
import sys
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, QProcess, Signal

from app.settings import Settings, engine_options
from app.shell.model_work import MAIN
from app.shell.models import gigabytes


class ModelFits(QObject):
    """`told` carries a sentence for each model that can be used, by its name. Silent when nothing can be said."""

    told = Signal(dict)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._process = QProcess(self)
        self._process.finished.connect(self._finished)

    def ask(self, now: Settings) -> None:
        """Ask about the known models, run as the preferences say; a question under way is answered instead."""
        if self._process.state() == QProcess.ProcessState.NotRunning:
            words = ["models", *now.model_folders, *engine_options(now), "--json"]
            self._process.start(sys.executable, [str(MAIN), *words])

    def close(self) -> None:
        """End the question."""
        self._process.kill()
        self._process.waitForFinished(1000)

    def _finished(self) -> None:
        lines = bytes(self._process.readAllStandardOutput().data()).splitlines()
        try:
            models = json.loads(lines[-1])["models"]
        except (IndexError, ValueError, KeyError, TypeError):
            return
        self.told.emit({model["name"]: text for model in models if (text := fit_text(model.get("fit") or {}))})


def fit_text(fit: dict[str, Any]) -> str:
    """Put an estimate into words, "" where there is none."""
    if not fit or not fit.get("memory"):
        return ""
    texts = {
        "fits": QCoreApplication.translate("ModelFits", "fits here: about {0} of {1}"),
        "fits offloaded": QCoreApplication.translate("ModelFits", "fits here with parts moved out: about {0} of {1}"),
        "too big": QCoreApplication.translate("ModelFits", "likely too big here: about {0} of {1}"),
    }
    return texts.get(fit["verdict"], "{0} / {1}").format(gigabytes(fit["needed"]), gigabytes(fit["memory"]))
