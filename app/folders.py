"""Where Matchcut keeps what belongs to the user rather than to a project: settings, logs, the example."""

from __future__ import annotations

import os
import sys
from pathlib import Path

NAME = "matchcut"
LOG = "matchcut.log"
CRASHES = "crashes.log"
ASSETS = Path(__file__).resolve().parents[1] / "assets"


def config_folder() -> Path:
    """Return the folder of the settings."""
    return _base("XDG_CONFIG_HOME", (".config",), "APPDATA", "Application Support") / NAME


def data_folder() -> Path:
    """Return the folder of the user's own copy of the example."""
    return _base("XDG_DATA_HOME", (".local", "share"), "LOCALAPPDATA", "Application Support") / NAME


def state_folder() -> Path:
    """Return the folder of the logs."""
    return _base("XDG_STATE_HOME", (".local", "state"), "LOCALAPPDATA", "Logs") / NAME


def log_file() -> Path:
    """Return where the log goes."""
    return state_folder() / LOG


def projects_folder() -> Path:
    """Return where new projects go unless the user says otherwise: the films folder where there is one."""
    home = Path.home()
    films = next((home / name for name in ("Videos", "Movies") if (home / name).is_dir()), home)
    return films / "Matchcut"


def _base(variable: str, under_home: tuple[str, ...], windows: str, mac: str) -> Path:
    """XDG variables count on every system, so that tests and portable set-ups can redirect everything."""
    if os.environ.get(variable):
        return Path(os.environ[variable])
    if sys.platform == "win32":
        return Path(os.environ.get(windows, Path.home() / "AppData" / "Local"))
    if sys.platform == "darwin":
        return Path.home() / "Library" / mac
    return Path.home().joinpath(*under_home)
