"""Paths inside a project: stored relative with forward slashes, so that the folder can be moved; never leaving it."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path, PurePosixPath, PureWindowsPath

from .errors import MissingFile, OutsideProject

SUFFIX = ".matchcut"
DATABASE = "storyboard.db"
TAKES = "takes"
REFERENCES = "references"
BACKUPS = "backups"
LATENTS = "latents.safetensors"
VIDEO = "video.mp4"
POSTER = "poster.png"
FILMSTRIP = "filmstrip.jpg"
MANIFEST = "manifest.json"
TAKE_FILES = (LATENTS, VIDEO, POSTER, FILMSTRIP, MANIFEST)


def inside(root: Path, relative: str) -> Path:
    """Return the absolute path of a stored one. Raises OutsideProject if it leaves `root`, be it by a link."""
    path = named_inside(root, relative)
    if not path.resolve().is_relative_to(root.resolve()):
        raise _outside(root, relative)
    return path


def named_inside(root: Path, relative: str) -> Path:
    """Return the same by its name alone, without a look at the disk: for long lists of files that are not opened."""
    pure, drive = PurePosixPath(relative), PureWindowsPath(relative)
    if not pure.parts or pure.is_absolute() or drive.anchor or ".." in (*pure.parts, *drive.parts):
        raise _outside(root, relative)
    return root.joinpath(*pure.parts)


def _outside(root: Path, relative: str) -> OutsideProject:
    return OutsideProject(
        f"The stored path {relative!r} leaves the project {root.name}.",
        "The project was edited by hand or comes from a source not to be trusted; do not use this file.",
    )


def relative_to(root: Path, path: Path) -> str:
    """Return the form in which a path inside `root` is stored. Raises OutsideProject."""
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        raise OutsideProject(f"{path} is not inside the project {root}.", "Copy it into the project first.") from None


def sha256(path: Path) -> str:
    """Return the hex sha256 of a file's bytes. Raises MissingFile."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except (FileNotFoundError, IsADirectoryError):
        raise MissingFile(f"There is no file {path}.", "Check the path.") from None
    return digest.hexdigest()


def copy_synced(source: Path, target: Path) -> None:
    """Copy a file under a temporary name, sync it, and give it its name: `target` is whole or not there."""
    partial = target.with_name(target.name + f".tmp-{os.getpid()}")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with source.open("rb") as original, partial.open("wb") as copy:
            shutil.copyfileobj(original, copy)
            copy.flush()
            os.fsync(copy.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make renames inside `folder` survive a power cut, where the system lets folders be synced."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
