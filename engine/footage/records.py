"""A data set on disk, and what it remembers of every clip.

`dataset.json` says for which model the pictures and texts were encoded; `clips/` has one file a clip (what was found in
it); `latents/` and `texts/` are named by what they are made of, so nothing is encoded twice; `scenes.json` is what a
trainer reads; `report.json` and `sheet/` are for people. Every file is written under another name and renamed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine.footage.errors import FootageError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Piece:
    """A shot or a continuation in a run: `latents` latent frames of it."""

    latents: int
    continues: bool
    caption: str = ""
    full: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """Frames `start` to `stop` (exclusive) of a clip without a cut: one VAE sequence. `scene` names its scene in the
    data set; `key` its latents and its thumbnail."""

    start: int
    stop: int
    scene: str
    key: str
    pieces: tuple[Piece, ...]

    @property
    def latents(self) -> int:
        """Latent frames of all its pieces."""
        return sum(piece.latents for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Skipped:
    """Frames of a clip that are not used, and why."""

    start: int
    stop: int
    reason: str


@dataclass(frozen=True, slots=True)
class ClipRecord:
    """What is known of one clip. `source` is relative to the footage folder; `problem` is "" unless it is broken."""

    source: str
    size: int
    mtime_ns: int
    sha256: str
    rules: str  # key of the rules it was cut by
    told: str  # key of the captions it was told by
    problem: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    frames: int = 0
    runs: tuple[Run, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    globals: Mapping[str, str] | None = None  # scene -> global prompt
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """For which model a data set was encoded."""

    model: str = field(compare=False)  # its name: a tuned model reads what its base reads
    vae: str  # hash of the VAE's files
    text: str  # hash of the text encoder's and tokenizer's files
    size: tuple[int, int]
    fps: float
    stride: int
    channels: int
    text_tokens: int
    format: int = FORMAT


class Dataset:
    """The folders and files of one data set."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def latents(self) -> Path:
        """Encoded runs."""
        return self.root / "latents"

    @property
    def texts(self) -> Path:
        """Encoded texts."""
        return self.root / "texts"

    @property
    def sheet(self) -> Path:
        """The page to look at."""
        return self.root / "sheet"

    def latents_of(self, key: str) -> Path:
        """The latents of a run."""
        return self.latents / f"{_checked(key)}.safetensors"

    def text_of(self, key: str) -> Path:
        """The states of a text."""
        return self.texts / f"{_checked(key)}.safetensors"

    def thumbnail_of(self, key: str) -> Path:
        """A few frames of a run side by side."""
        return self.sheet / "pictures" / f"{_checked(key)}.jpg"

    def record_of(self, source: str) -> Path:
        """What is known of a clip."""
        return self.root / "clips" / f"{hashlib.sha256(source.encode()).hexdigest()[:24]}.json"

    def facts(self) -> Facts | None:
        """For which model it was made; None for a new one. Raises FootageError for another format."""
        path = self.root / "dataset.json"
        if not path.is_file():
            return None
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            if raw["format"] != FORMAT:
                raise FootageError(f"{path} has format {raw['format']}.", "Build the data set again in a new folder.")
            return Facts(**{**raw, "size": tuple(raw["size"])})
        except (ValueError, KeyError, TypeError) as error:
            raise FootageError(f"{path} is damaged ({error}).", "Build the data set again in a new folder.") from error

    def record(self, source: str) -> ClipRecord | None:
        """What is remembered of a clip; None when nothing (readable) is."""
        try:
            raw = json.loads(self.record_of(source).read_text(encoding="utf-8"))
            runs = tuple(Run(**{**r, "pieces": tuple(Piece(**p) for p in r["pieces"])}) for r in raw["runs"])
            skipped = tuple(Skipped(**s) for s in raw["skipped"])
            return ClipRecord(**{**raw, "runs": runs, "skipped": skipped, "notes": tuple(raw["notes"])})
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, record: ClipRecord) -> None:
        """Remember a clip."""
        write_json(self.record_of(record.source), asdict(record))


def write_json(path: Path, data: Any) -> None:
    """Write whole or not at all."""
    write_bytes(path, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write whole or not at all: under another name, synced, renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.tmp-{os.getpid()}")
    with unfinished.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _checked(key: str) -> str:
    """Keys become file names: they must be hex, whatever a damaged file says."""
    if not key or any(sign not in "0123456789abcdef" for sign in key):
        raise FootageError(f"The data set names {key!r}, which is no key.", "Build it again: main.py data build.")
    return key
