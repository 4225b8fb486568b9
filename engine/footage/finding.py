"""Which files of a folder are clips, and what their bytes hash to."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from engine.footage.errors import FootageError

CLIPS = frozenset((".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".wmv", ".gif"))
_BLOCK = 1 << 20


def find_clips(folder: Path, dataset: Path) -> list[Path]:
    """Every clip below `folder` in the order of its path; hidden files and the data set itself are passed over.

    Raises FootageError when the folder is not there or holds no clip.
    """
    if not folder.is_dir():
        raise FootageError(f"There is no folder {folder}.", "Name the folder that your clips lie in.")
    found = []
    for place, folders, files in os.walk(folder):
        here = Path(place)
        folders[:] = [f for f in folders if not f.startswith(".") and (here / f).resolve() != dataset.resolve()]
        found += [here / name for name in files if Path(name).suffix.lower() in CLIPS and not name.startswith(".")]
    if not found:
        endings = " ".join(sorted(CLIPS))
        raise FootageError(f"There are no clips in {folder}.", f"It should hold files that end in {endings}.")
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def file_hash(path: Path) -> str:
    """sha256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def part_hash(folder: Path) -> str:
    """sha256 over names and bytes of a model part's files (weights, configs, tokenizer)."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\n{file_hash(path)}\n".encode())
    return digest.hexdigest()
