"""A model's fingerprint: one sha256 over its profile, configs and weights, remembered so as to read big files once."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from engine.catalogue.places import NAME, user_folder

log = logging.getLogger("matchcut.engine")

HASHED = (".json", ".safetensors", ".txt", ".pt", ".pth", ".ckpt", ".model")
REMEMBERED_FROM = 256 << 20  # bytes; less is read faster than it is looked up honestly
_PIECE = 8 << 20


def cache_folder() -> Path:
    """Where Matchcut keeps what it can work out again."""
    return user_folder("XDG_CACHE_HOME", (".cache",), "LOCALAPPDATA", "Caches") / NAME


def folder_fingerprint(folder: Path, parts: Iterable[str], first: Iterable[Path] = ()) -> str:
    """sha256 over names and bytes of `first` and of every weight, config and tokenizer file of the parts."""
    files = [*first, *(p for part in parts for p in (folder / part).rglob("*") if p.is_file())]
    named = {p.relative_to(folder).as_posix(): p for p in files if p.suffix in HASHED}
    return _fingerprint({name: named[name] for name in _as_paths(named)})


def parts_fingerprint(parts: Mapping[str, Path], facts: str) -> str:
    """The same of parts that lie in several places; `facts` is what else decides the numbers."""
    named: dict[str, Path] = {}
    for part, place in sorted(parts.items()):
        found = [place] if place.is_file() else sorted(p for p in place.rglob("*") if p.suffix in HASHED)
        named |= {f"{part}/{p.name if place.is_file() else p.relative_to(place).as_posix()}": p for p in found}
    return _fingerprint(named, facts)


def file_fingerprint(path: Path) -> str:
    """sha256 of one file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _as_paths(names: Iterable[str]) -> list[str]:
    return [str(path.as_posix()) for path in sorted(Path(name) for name in names)]


def _fingerprint(files: Mapping[str, Path], facts: str = "") -> str:
    stats = [(name, *_identity(path)) for name, path in files.items()]
    known_as = hashlib.sha256(json.dumps([facts, stats]).encode()).hexdigest()
    big = sum(path.stat().st_size for path in files.values()) >= REMEMBERED_FROM
    remembered = _read_memory() if big else {}
    if known_as in remembered:
        return remembered[known_as]
    digest = hashlib.sha256(facts.encode())
    for name, path in files.items():
        digest.update(name.encode())
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
    if big:
        _remember(known_as, digest.hexdigest())
    return digest.hexdigest()


def _identity(path: Path) -> tuple[str, int, int, int, int]:
    found = path.stat()
    return str(path.resolve()), found.st_size, found.st_mtime_ns, found.st_ino, found.st_dev


def _memory() -> Path:
    return cache_folder() / "fingerprints.json"


def _read_memory() -> dict[str, str]:
    try:
        data = json.loads(_memory().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in data.items()} if isinstance(data, dict) else {}


def _remember(known_as: str, fingerprint: str) -> None:
    """Write it down; a cache that cannot be written costs time the next time, and nothing else."""
    path = _memory()
    kept = dict([*_read_memory().items(), (known_as, fingerprint)][-200:])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f"{path.name}.{os.getpid()}")
        scratch.write_text(json.dumps(kept), encoding="utf-8")
        scratch.replace(path)
    except OSError as error:
        log.info("fingerprints are not remembered: %s", error)
