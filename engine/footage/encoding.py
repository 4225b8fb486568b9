"""Pictures -> latents and texts -> token states for one model, each made once and kept under what it was made of."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image, ImageOps
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from engine.backbone.text import TextConditioner
from engine.catalogue.profile import Profile
from engine.film.decode import FrameReader, VideoInfo
from engine.film.encode import Frames
from engine.footage.records import Dataset, Run, write_bytes
from engine.footage.rules import Rules

_CELLS, _CELL_WIDTH = 5, 160  # frames of a thumbnail, and how wide each is


class Coder(Protocol):
    """What encoding needs of a backbone."""

    @property
    def profile(self) -> Profile: ...
    @property
    def text(self) -> TextConditioner: ...
    def encode(self, frames: Tensor) -> Tensor: ...


def digest(*facts: object) -> str:
    """A name for what depends on these plain values alone."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:40]


def read_run(path: Path, run: Run, rules: Rules, info: VideoInfo) -> Frames:
    """The frames (F, H, W, 3) of a run at the model's rate and size, cut to its shape around the middle.

    A clip that has fewer frames a second than the model repeats some. Raises DamagedClip.
    """
    width, height = rules.size
    frames = np.empty((rules.frames(run.latents), height, width, 3), np.uint8)
    # Twice the size is all that a good reduction needs; converting whole pictures of 4K costs most of the time.
    most = round(2 * info.width * max(width / info.width, height / info.height))
    with FrameReader(path, max_width=most) as reader:
        for place in range(len(frames)):
            number = min(run.start + int(place * info.fps / rules.fps + 1e-6), run.stop - 1)
            picture = Image.fromarray(reader.frame(number))
            frames[place] = np.asarray(ImageOps.fit(picture, rules.size, Image.Resampling.LANCZOS))
    return frames


def keep_run(dataset: Dataset, run: Run, frames: Frames, coder: Coder) -> None:
    """Write a run's latents (C, T, h, w) fp16, and its thumbnail."""
    write_bytes(dataset.thumbnail_of(run.key), thumbnail(frames))
    latents = coder.encode(torch.from_numpy(frames))
    write_bytes(dataset.latents_of(run.key), save({"latents": latents.half().contiguous()}))


def thumbnail(frames: Frames) -> bytes:
    """A JPEG of five frames of `(F, H, W, 3)` side by side."""
    height, width = frames.shape[1:3]
    cell = (_CELL_WIDTH, max(1, round(height * _CELL_WIDTH / width)))
    strip = Image.new("RGB", (cell[0] * _CELLS, cell[1]))
    for place in range(_CELLS):
        number = round(place * (len(frames) - 1) / (_CELLS - 1))
        strip.paste(Image.fromarray(frames[number]).resize(cell, Image.Resampling.LANCZOS), (place * cell[0], 0))
    buffer = io.BytesIO()
    strip.save(buffer, format="JPEG", quality=85)
    return buffer.getvalue()


def keep_texts(
    dataset: Dataset, texts: Sequence[str], encoder: str, load: Callable[[], Coder], tokens: int
) -> dict[str, str]:
    """Encode what is not there yet; returns each text's key. `encoder` names the text encoder's weights."""
    keys = {text: digest("text", encoder, tokens, text) for text in dict.fromkeys(texts)}
    for text, key in keys.items():
        path = dataset.text_of(key)
        if path.is_file():
            continue
        states = load().text.encode([text], max_tokens=tokens)[0]  # (L, dim), zeros after the last token
        real = int((states.abs().sum(-1) > 0).sum())
        write_bytes(path, save({"states": states[:real].half().cpu().contiguous()}))
    return keys


def read_latents(dataset: Dataset, key: str) -> Tensor | None:
    """A run's latents, None when they are not there (or not whole)."""
    try:
        return load_file(dataset.latents_of(key))["latents"]
    except (OSError, KeyError, SafetensorError):
        return None
