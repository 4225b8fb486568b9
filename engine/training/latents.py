"""Latents and text of the footage, encoded once: what the transformer's trainer reads.

A cached shard is `NNNN.safetensors` (latents fp16, text states fp16) beside `NNNN.json` (its scenes). Text is stored
ragged: all real tokens of all texts in one table with offsets; padding is put back as zeros when a batch is made.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from engine.backbone.devices import fast_bf16
from engine.backbone.text import TextEncoder
from engine.backbone.vae import PaperTheatreVAE
from engine.training.footage import SceneRecord, ShotRecord, read_shard, shards
from engine.training.train_vae import to_video

TEXT_TOKENS = 80
SHOT_CUT = "[SHOT CUT] "


@dataclass(frozen=True, slots=True)
class CachedShot:
    """`latent` and the texts are row numbers of the cache's tables."""

    latent: int
    continues: bool
    told: int  # the caption as the story tells it
    full: int  # the caption that names everything
    with_global: int  # global prompt + the told caption
    length: int = 5  # latent frames
    first: int = 0  # where they begin in the row


@dataclass(frozen=True, slots=True)
class CachedScene:
    """The shots of one scene in order."""

    shots: tuple[CachedShot, ...]


@dataclass(frozen=True, slots=True)
class Clips:
    """Cached latents (B, C, T, h, w), and how much the figure covers of each cell (B, T, h, w)."""

    latents: Tensor
    cover: Tensor


class SceneTable(Protocol):
    """What batches are drawn from: scenes, and the latents and texts that their shots name."""

    scenes: list[CachedScene]

    def clips(self, picks: Sequence[CachedShot], frames: int, *, last: bool = False) -> Clips:
        """The first (or last) `frames` latent frames of shots that have so many."""
        ...

    def texts(self, rows: Iterable[int]) -> Tensor:
        """(B, L, dim) fp32, zero padded."""
        ...

    def refresh(self) -> None:
        """Take in what was encoded since."""
        ...


class LatentCache:
    """All cached scenes in memory. Latents (N, C, 5, h, w) fp16; a continuation's fifth frame is unused (zeros).

    cover (N, 5, h, w) fp16: how much of a latent cell's pixels and frames the figure's box takes, 0 to 1.
    """

    def __init__(self, folder: Path, limit: int | None = None) -> None:
        self.scenes: list[CachedScene] = []
        self.folder = folder
        self._limit = limit
        self._seen: set[str] = set()
        self.latents = torch.empty(0)
        self.cover = torch.empty(0)
        self._states = torch.empty(0)
        self._offsets = torch.zeros(1, dtype=torch.long)
        self.refresh()

    def refresh(self) -> None:
        """Read shards that were finished since (an encoder may be working beside the trainer)."""
        latents = [self.latents] if len(self.latents) else []
        cover = [self.cover] if len(self.cover) else []
        states = [self._states] if len(self._states) else []
        offsets = [self._offsets]
        for index in shards(self.folder)[: self._limit]:
            if index.name in self._seen:
                continue
            self._seen.add(index.name)
            tensors = load_file(index.with_suffix(".safetensors"))
            shots_before = sum(len(part) for part in latents)
            texts_before = sum(len(part) for part in offsets) - 1
            for scene in json.loads(index.read_text()):
                self.scenes.append(_shifted(scene, shots_before, texts_before))
            latents.append(tensors["latents"])
            cover.append(tensors["cover"])
            states.append(tensors["states"])
            offsets.append(tensors["offsets"][1:] + offsets[-1][-1])
        if latents:
            self.latents, self._states, self._offsets = torch.cat(latents), torch.cat(states), torch.cat(offsets)
            self.cover = torch.cat(cover)

    def clips(self, picks: Sequence[CachedShot], frames: int, *, last: bool = False) -> Clips:
        """The first (or last) `frames` latent frames of shots that have so many."""
        rows = [pick.latent for pick in picks]
        at = [pick.length - frames if last else 0 for pick in picks]
        latents = torch.stack([self.latents[row, :, a : a + frames] for row, a in zip(rows, at, strict=True)])
        cover = torch.stack([self.cover[row, a : a + frames] for row, a in zip(rows, at, strict=True)])
        return Clips(latents.float(), cover.float())

    def texts(self, rows: Iterable[int]) -> Tensor:
        """(B, TEXT_TOKENS, dim) fp32, zero padded."""
        numbers = list(rows)
        out = torch.zeros(len(numbers), TEXT_TOKENS, self._states.shape[1])
        for i, row in enumerate(numbers):
            part = self._states[self._offsets[row] : self._offsets[row + 1]]
            out[i, : len(part)] = part.float()
        return out


def _shifted(scene: list[dict[str, Any]], shots: int, texts: int) -> CachedScene:
    return CachedScene(
        tuple(
            CachedShot(
                s["latent"] + shots,
                s["continues"],
                s["told"] + texts,
                s["full"] + texts,
                s["with_global"] + texts,
                4 if s["continues"] else 5,
            )
            for s in scene
        )
    )


def told_text(shot: ShotRecord) -> str:
    """The prompt of a shot as the engine composes it."""
    return shot.caption if shot.continues else SHOT_CUT + shot.caption


@torch.no_grad()
def encode_shard(index: Path, out: Path, vae: PaperTheatreVAE, text: TextEncoder) -> None:
    """Latents (normalised) and text states of one shard of footage; skips what is there."""
    target = out / index.name
    if target.exists():
        return
    records, frames = read_shard(index)
    latents: list[Tensor] = []
    covers: list[Tensor] = []
    sentences: dict[str, int] = {}
    scenes: list[list[dict[str, Any]]] = []

    def row(sentence: str) -> int:
        return sentences.setdefault(sentence, len(sentences))

    for scene in records:
        cached = []
        for run in scene.runs():
            clip = np.asarray(frames[run[0].start : run[-1].start + run[-1].frames])
            with torch.autocast("cpu", torch.bfloat16, enabled=fast_bf16()):
                encoded = vae.encode(to_video(clip).unsqueeze(0))
            z = vae.normalise(encoded.float())[0]
            cover = _cover([box for shot in run for box in shot.figure], clip.shape[1:3], (z.shape[-2], z.shape[-1]))
            at = 0
            for shot in run:
                length = shot.frames // 4 + (0 if shot.continues else 1)
                cached.append(_cached_shot(scene, shot, len(latents), row))
                part = z[:, at : at + length]
                latents.append(torch.nn.functional.pad(part, (0, 0, 0, 0, 0, 5 - length)).half())
                seen = cover[at : at + length]
                covers.append(torch.nn.functional.pad(seen, (0, 0, 0, 0, 0, 5 - length)).half())
                at += length
        scenes.append(cached)
    states, offsets = _encode_texts(list(sentences), text)
    out.mkdir(parents=True, exist_ok=True)
    tables = {"latents": torch.stack(latents), "cover": torch.stack(covers), "states": states, "offsets": offsets}
    save_file(tables, target.with_suffix(".safetensors"))
    target.write_text(json.dumps(scenes))


def _cover(
    boxes: list[tuple[float, float, float, float]], frame: tuple[int, ...], cells: tuple[int, int]
) -> Tensor:
    """Cover (T, h, w) of a run's latent cells from the figure's boxes of its 4T - 3 frames (H, W)."""
    pixels = torch.zeros(len(boxes), *frame)
    for n, (x0, y0, x1, y1) in enumerate(boxes):
        pixels[n, int(y0) : int(y1), int(x0) : int(x1)] = 1.0
    cover = torch.nn.functional.adaptive_avg_pool2d(pixels[:, None], cells)[:, 0]
    return torch.cat([cover[:1], cover[1:].unflatten(0, (-1, 4)).mean(1)])


def _cached_shot(scene: SceneRecord, shot: ShotRecord, latent: int, row: Any) -> dict[str, Any]:
    """Every second shot gets a full caption, every fourth the global prompt: encoding text is what caching costs."""
    cut = "" if shot.continues else SHOT_CUT
    told = row(told_text(shot))
    return {
        "latent": latent,
        "continues": shot.continues,
        "told": told,
        "full": row(cut + shot.full_caption) if latent % 2 else told,
        "with_global": row(f"{scene.global_prompt} {told_text(shot)}") if latent % 4 == 2 else told,
    }


def _encode_texts(sentences: list[str], text: TextEncoder) -> tuple[Tensor, Tensor]:
    parts, offsets = [], [0]
    for at in range(0, len(sentences), 64):
        for states in text.encode(sentences[at : at + 64], max_tokens=TEXT_TOKENS):
            real = int((states.abs().sum(-1) > 0).sum())
            parts.append(states[:real].half())
            offsets.append(offsets[-1] + real)
    return torch.cat(parts), torch.tensor(offsets)
