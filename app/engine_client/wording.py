"""What the status line says about the engine."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.engine_client.work import RunningJob


def status_text(state: str, running: RunningJob | None) -> str:
    """One line about a state of `QueueRunner.engine_state`."""
    match state:
        case "off":
            return _tr("engine off")
        case "starting":
            return _tr("starting the engine …")
        case "loading":
            return _tr("loading the model …")
        case "working" if running is not None:
            return _tr("rendering {0}").format(running.name)
        case "restarting":
            return _tr("the engine is starting again …")
        case "failed":
            return _tr("engine stopped")
        case _:
            return _tr("ready")


def still_text(seconds: float) -> str:
    """How long the engine has not moved: "no progress for 2 min"."""
    if seconds < 120:
        return _tr("no progress for {0} s").format(round(seconds))
    return _tr("no progress for {0} min").format(round(seconds / 60))


def _tr(text: str) -> str:
    return QCoreApplication.translate("QueueRunner", text)
