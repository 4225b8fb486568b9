"""Where this user's things are, the same for the editor and the command line. Standard library only."""

from __future__ import annotations

import os
import sys
from pathlib import Path

NAME = "matchcut"


def data_folder() -> Path:
    """Return the folder of what belongs to the user: the registry of models, downloads, the copy of the example."""
    return user_folder("XDG_DATA_HOME", (".local", "share"), "LOCALAPPDATA", "Application Support") / NAME


def user_folder(variable: str, under_home: tuple[str, ...], windows: str, mac: str) -> Path:
    """XDG variables count on every system, so that tests and portable set-ups can redirect everything."""
    if os.environ.get(variable):
        return Path(os.environ[variable])
    if sys.platform == "win32":
        return Path(os.environ.get(windows, Path.home() / "AppData" / "Local"))
    if sys.platform == "darwin":
        return Path.home() / "Library" / mac
    return Path.home().joinpath(*under_home)
