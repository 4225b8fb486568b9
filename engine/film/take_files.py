"""A take on disk: one folder, written whole or not at all, never touched again.

`video.mp4` (see encode), `poster.png`, `filmstrip.jpg` (see posters), `latents.safetensors`, `manifest.json`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from engine.film.encode import Frames, check_frames, encode_video, exact_rate
from engine.film.errors import BadLatents
from engine.film.latents import write_latents
from engine.film.posters import write_filmstrip, write_poster
from engine.film.whole_files import sha256, whole_folder

VIDEO = "video.mp4"
POSTER = "poster.png"
FILMSTRIP = "filmstrip.jpg"
LATENTS = "latents.safetensors"
MANIFEST = "manifest.json"

LatentsSource = Mapping[str, npt.NDArray[np.float32]] | Callable[[Path], None]


def write_take(
    folder: Path,
    frames: Frames,
    fps: float,
    latents: LatentsSource,
    manifest: Mapping[str, Any],
    *,
    latents_dtype: Literal["f32", "bf16"] = "f32",
) -> dict[str, str]:
    """Write a take's five files into `folder` and return each name with its sha256.

    `frames` are `(T, H, W, 3)` uint8 RGB at `fps`. `latents` are named float32 tensors (stored as `latents_dtype`), or
    a callable that writes the `.safetensors` file at the path it is given. `manifest` is JSON; it gains "files", the
    hashes of the other four. Everything goes into `<folder>.tmp-<pid>`, is synced, and renamed: after a crash the
    folder is whole or absent. The same inputs give the same bytes.

    Raises TakeExists, BadFrames, BadLatents, DiskFull, ReadOnlyFolder.
    """
    check_frames(frames)
    exact_rate(fps)
    with whole_folder(folder) as temporary:
        encode_video(temporary / VIDEO, frames, fps)
        write_poster(frames, temporary / POSTER)
        write_filmstrip(frames, temporary / FILMSTRIP)
        _write_latents(temporary / LATENTS, latents, latents_dtype)
        hashes = {name: sha256(temporary / name) for name in (VIDEO, POSTER, FILMSTRIP, LATENTS)}
        text = json.dumps({**manifest, "files": hashes}, ensure_ascii=False, indent=2, sort_keys=True)
        (temporary / MANIFEST).write_text(text + "\n", encoding="utf-8")
        hashes[MANIFEST] = sha256(temporary / MANIFEST)
    return hashes


def _write_latents(path: Path, latents: LatentsSource, dtype: Literal["f32", "bf16"]) -> None:
    if isinstance(latents, Mapping):
        write_latents(path, latents, dtype)
        return
    latents(path)
    if not path.is_file():
        raise BadLatents("The latents were not written.", "The callable must write the file at the path it is given.")
