"""Where Matchcut keeps what belongs to the user rather than to a project: settings, logs, the example."""

from __future__ import annotations

from pathlib import Path

from engine.catalogue.places import NAME, data_folder, user_folder

__all__ = ["config_folder", "data_folder", "log_file", "projects_folder", "state_folder"]

LOG = "matchcut.log"
CRASHES = "crashes.log"
ASSETS = Path(__file__).resolve().parents[1] / "assets"


def config_folder() -> Path:
    """Return the folder of the settings."""
    return user_folder("XDG_CONFIG_HOME", (".config",), "APPDATA", "Application Support") / NAME


def state_folder() -> Path:
    """Return the folder of the logs."""
    return user_folder("XDG_STATE_HOME", (".local", "state"), "LOCALAPPDATA", "Logs") / NAME


def log_file() -> Path:
    """Return where the log goes."""
    return state_folder() / LOG


def projects_folder() -> Path:
    """Return where new projects go unless the user says otherwise: the films folder where there is one."""
    home = Path.home()
    films = next((home / name for name in ("Videos", "Movies") if (home / name).is_dir()), home)
    return films / "Matchcut"
