"""A copy of a project that is whole even while it is being worked on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .database import backup, errors_told
from .errors import DiskError, InvalidValue, NotAProject, ProjectExists
from .lock import NAME as LOCK
from .paths import BACKUPS, DATABASE, SUFFIX

_LEFT_BEHIND = {DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", LOCK, BACKUPS}


def copy_project(source: Path, target: Path) -> Path:
    """Copy a project to `target` (".matchcut" is added where it lacks) and return the copy's folder.

    The rows are copied first, as of one moment; takes are never overwritten, so the files they name are there. The
    copy appears whole or not at all. Raises ProjectExists, NotAProject, InvalidValue, DiskError.
    """
    source, target = source.resolve(), target.absolute()
    if not target.name.endswith(SUFFIX):
        target = target.with_name(target.name + SUFFIX)
    if not (source / DATABASE).is_file():
        raise NotAProject(f"There is no project at {source}.", "Check the path.")
    if target.exists():
        raise ProjectExists(f"{target} exists already.", "Choose another name.")
    if target.resolve().is_relative_to(source):
        raise InvalidValue("A copy cannot lie inside the project itself.", "Choose another folder.")
    unfinished = target.with_name(f".{target.name}.tmp-{os.getpid()}")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        with errors_told(source / DATABASE):
            backup(source / DATABASE, unfinished / DATABASE)
        for path in source.iterdir():
            if path.name not in _LEFT_BEHIND and not path.name.startswith("."):
                _copy(path, unfinished / path.name)
        unfinished.rename(target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DiskError(f"The copy was not made ({reason}).", "Choose another place for it.") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return target


def _copy(path: Path, target: Path) -> None:
    """Half-written takes, which have names of their own, stay behind."""
    if path.is_dir():
        shutil.copytree(path, target, ignore=shutil.ignore_patterns("*.tmp", "*.tmp-*"))
    elif path.is_file():
        shutil.copy2(path, target)
