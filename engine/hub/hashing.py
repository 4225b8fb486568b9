"""Hashes of large files, with progress; and the hashes that the hub's own tools have left beside a file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.catalogue.registry import ModelFile

BLOCK = 1 << 22
_SHA256 = re.compile(r"[0-9a-f]{64}")
Advance = Callable[[int], None]  # bytes read since the last call


def sha256_of(path: Path, advance: Advance = lambda _: None) -> str:
    """Hex sha256 of a file's bytes. Raises OSError."""
    return str(feed(hashlib.sha256(), path, advance).hexdigest())


def git_sha1_of(path: Path) -> str:
    """What git, and so the hub, calls a small file: sha1 over "blob", its length, a zero byte and its bytes."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    return str(feed(digest, path, lambda _: None).hexdigest())


def feed(digest: Any, path: Path, advance: Advance) -> Any:
    """Put a file's bytes into a digest and return it."""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            advance(len(block))
    return digest


def fits(path: Path, file: ModelFile, advance: Advance = lambda _: None) -> bool:
    """Whether a file is what it should be: by sha256 where that is known, else by git's hash, else by size."""
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    if file.sha256:
        return sha256_of(path, advance) == file.sha256
    return not file.git_sha1 or git_sha1_of(path) == file.git_sha1


def sha256_told_by_hub(path: Path, root: Path) -> str:
    """The sha256 that the hub gave for a file, "" where nobody wrote it down.

    Its cache keeps large files under that name (`blobs/<sha256>`, linked to from `snapshots/`); a download into a
    folder leaves `.cache/huggingface/download/<path>.metadata`, whose second line it is.
    """
    if path.is_symlink() and _SHA256.fullmatch(path.resolve().name):
        return path.resolve().name
    note = root / ".cache" / "huggingface" / "download" / f"{path.relative_to(root).as_posix()}.metadata"
    try:
        lines = note.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return ""
    return lines[1] if len(lines) > 1 and _SHA256.fullmatch(lines[1]) else ""
