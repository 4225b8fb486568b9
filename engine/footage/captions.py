"""What is told about a clip: sidecar files beside it, `clip.json`, `clip.srt` or `clip.txt` (the first that is there).

`.json`   {"global": "[Character] ...", "shots": [{"start": 0.0, "end": 2.1, "caption": "...", "full": "...",
          "scene": "name", "continues": false}, ...]}. Seconds. With "start" and "end" the shots are taken as listed and
          no detection is done; without, the captions belong to the detected shots in order. "full": a caption that
          names everything; "scene": shots of one name in one folder are one scene, across clips ("scene" at the top
          holds for all); "continues": the shot goes on from the one before without a cut.
`.srt`    a cue belongs to every shot that it overlaps by half of the shorter of the two.
`.txt`    one line for all shots, or a line a shot in order; lines that begin with "[Character]", "[Environment]" or
          "[Story]" are the scene's global prompt.

Names of shots and scenes are plain text; no sidecar can name a file.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from engine.footage.errors import FootageError

GLOBAL_TAGS = ("[Character]", "[Environment]", "[Story]")
_CUE = re.compile(r"(\d+):(\d+):(\d+)[,.](\d+)\s*-->\s*(\d+):(\d+):(\d+)[,.](\d+)")
_TEXTS = ("caption", "full", "scene")


@dataclass(frozen=True, slots=True)
class Told:
    """What a sidecar tells of one shot. `start` and `end` in seconds, None where it does not say."""

    caption: str = ""
    full: str = ""
    scene: str = ""
    continues: bool = False
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Cue:
    """A timed caption, in seconds."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Sidecar:
    """All that is told of one clip. `listed`: its shots are the clip's shots; else they are captions for them."""

    path: Path
    global_text: str = ""
    shots: tuple[Told, ...] = ()
    cues: tuple[Cue, ...] = ()
    listed: bool = False

    def tell(self, number: int, start: float, end: float) -> Told:
        """What it tells of shot `number` (from 0), which lies between these seconds."""
        if self.cues:
            heard = [cue.text for cue in self.cues if _overlaps(cue, start, end)]
            return Told(" ".join(heard))
        if len(self.shots) == 1 and not self.listed:
            return self.shots[0]
        return self.shots[number] if number < len(self.shots) else Told()


def sidecar_key(clip: Path) -> str:
    """Changes when the sidecar of a clip does, or comes or goes."""
    path = _sidecar_path(clip)
    return "none" if path is None else f"{path.suffix}/{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"


def find_sidecar(clip: Path) -> Sidecar | None:
    """The sidecar of a clip, None if it has none. Raises FootageError for one that cannot be read."""
    path = _sidecar_path(clip)
    if path is None:
        return None
    read = {".json": _read_json, ".srt": _read_srt, ".txt": _read_txt}[path.suffix]
    try:
        return read(path, path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FootageError(
            f"The sidecar {path.name} cannot be read ({error}).", "docs/fine-tuning.md shows the three formats."
        ) from error


def _sidecar_path(clip: Path) -> Path | None:
    paths = (clip.with_suffix(ending) for ending in (".json", ".srt", ".txt"))
    return next((path for path in paths if path.is_file()), None)


def _read_json(path: Path, text: str) -> Sidecar:
    data = json.loads(text)
    if not isinstance(data, dict):
        raise ValueError("it holds no object")
    listed = data.get("shots", [])
    if not isinstance(listed, list):
        raise ValueError('"shots" is not a list')
    shots = tuple(_told(item, str(data.get("scene", ""))) for item in listed)
    timed = [shot for shot in shots if shot.start is not None]
    if timed and len(timed) < len(shots):
        raise ValueError('either every shot has "start" and "end", or none')
    if any((b.start or 0.0) < (a.end or 0.0) - 1e-6 for a, b in pairwise(timed)):
        raise ValueError("its shots overlap or are not in order")
    return Sidecar(path, _text(data, "global"), shots, listed=bool(timed))


def _told(item: Any, scene: str) -> Told:
    if isinstance(item, str):
        return Told(item, scene=scene)
    if not isinstance(item, Mapping):
        raise ValueError("a shot is neither a text nor an object")
    start, end = item.get("start"), item.get("end")
    if (start is None) != (end is None):
        raise ValueError('a shot has one of "start" and "end", but not the other')
    caption, full, name = (_text(item, key) for key in _TEXTS)
    told = Told(caption, full, name or scene, bool(item.get("continues", False)))
    if start is None or end is None:
        return told
    if not 0 <= float(start) < float(end):
        raise ValueError(f"a shot lasts from {start} to {end}")
    return replace(told, start=float(start), end=float(end))


def _text(item: Mapping[str, Any], key: str) -> str:
    value = item.get(key, "")
    if not isinstance(value, str):
        raise ValueError(f'"{key}" is not a text')
    return " ".join(value.split())


def _read_srt(path: Path, text: str) -> Sidecar:
    cues = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        lines = [line.strip() for line in block.strip().splitlines()]
        at = next((n for n, line in enumerate(lines) if _CUE.match(line)), None)
        if at is not None:
            numbers = [int(part) for part in _CUE.findall(lines[at])[0]]
            cues.append(Cue(_seconds(numbers[:4]), _seconds(numbers[4:]), " ".join(lines[at + 1 :])))
    if not cues:
        raise ValueError("it has no cues")
    return Sidecar(path, cues=tuple(cues))


def _seconds(parts: Sequence[int]) -> float:
    hours, minutes, seconds, thousandths = parts
    return hours * 3600 + minutes * 60 + seconds + thousandths / 1000


def _overlaps(cue: Cue, start: float, end: float) -> bool:
    both = min(cue.end, end) - max(cue.start, start)
    return both > 0 and both >= 0.5 * min(cue.end - cue.start, end - start)


def _read_txt(path: Path, text: str) -> Sidecar:
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(GLOBAL_TAGS)]
    return Sidecar(path, " ".join(line for line in lines if line.startswith(GLOBAL_TAGS)), tuple(map(Told, told)))
