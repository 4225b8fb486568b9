"""What the status line says about the engine."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.engine_client.work import Running, RunningJob


def status_text(state: str, running: Running | None) -> str:
    """One line about a state of `QueueRunner.engine_state`."""
    match state:
        case "off":
            return _tr("engine off")
        case "starting":
            return _tr("starting the engine …")
        case "loading":
            return _tr("loading the model …")
        case "working" if isinstance(running, RunningJob):
            return _tr("rendering {0}").format(running.name)
        case "working":
            return _tr("exporting")
        case "restarting":
            return _tr("the engine is starting again …")
        case "failed":
            return _tr("engine stopped")
        case _:
            return _tr("ready")


def _tr(text: str) -> str:
    return QCoreApplication.translate("QueueRunner", text)
