"""How well the VAE keeps a clip, and how long it takes: on held-out renders of the paper theatre."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch

from engine.backbone.loading import Backbone
from engine.evaluation.judge import LABELS, Frames, Judge
from engine.training.footage import read_shard, render_footage, shards

FRAMES = 17  # of a clip: the longest shot of one generation
SHOTS_A_SCENE = 4
DISTURBANCE = 0.1  # of normalised latents
READ_AT_ONCE = 16  # clips that the judge sees in one batch


@dataclass(frozen=True, slots=True)
class LabelledClip:
    """A held-out shot `(17, H, W, 3)` uint8 with what it shows."""

    frames: Frames
    facts: dict[str, str]  # species, colour, place, action


def held_out_footage(folder: Path, scenes: int, size: tuple[int, int]) -> Path:
    """Render `scenes` held-out scenes at `size` (width, height) into `folder` and return it."""
    render_footage(folder, 1, scenes, size, "heldout")
    return folder


def labelled_clips(footage: Path) -> Iterator[LabelledClip]:
    """Every shot of the footage that follows a cut, with its labels."""
    for index in shards(footage):
        records, frames = read_shard(index)
        for scene in records:
            for shot in scene.shots:
                if not shot.continues:
                    facts = {
                        "species": scene.species,
                        "colour": scene.colour,
                        "place": scene.place,
                        "action": shot.action,
                    }
                    yield LabelledClip(np.array(frames[shot.start : shot.start + shot.frames]), facts)


def psnr_db(a: Frames, b: Frames) -> float:
    """Peak signal-to-noise ratio of two uint8 clips of one shape; infinite for equal ones."""
    error = float(np.square(a.astype(np.float32) - b.astype(np.float32)).mean())
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def evaluate_vae(backbone: Backbone, clips: int, progress: Callable[[int], None] = lambda _: None) -> dict[str, Any]:
    """Encode and decode `clips` held-out clips of 17 frames at the profile's size.

    `psnr_db`, `encode_ms` and `decode_ms` are means a clip; a first clip warms up and is not counted. `disturbed_db`:
    the same with latents off by a tenth of their scale, as a transformer's may be. `motion`: mean change from a frame
    to the next, of 255, at the borders of latent frames and inside them, in the footage and in what comes back: a VAE
    that moves at the borders only makes films stutter.
    """
    size = backbone.profile.size
    with tempfile.TemporaryDirectory(prefix="matchcut-") as scratch:
        # Continuations are left out, about every seventh shot; a few more scenes make up for them.
        scenes = math.ceil(clips / SHOTS_A_SCENE * 1.3) + 1
        footage = held_out_footage(Path(scratch), scenes, size)
        chosen = [clip.frames[:FRAMES] for clip, _ in zip(labelled_clips(footage), range(clips), strict=False)]
    _measure(backbone, chosen[0])
    rows, motions, stride = [], [], backbone.profile.temporal_stride
    for number, clip in enumerate(chosen, 1):
        row, back = _measure(backbone, clip)
        rows.append(row)
        motions.append((*motion(clip, stride), *motion(back, stride)))
        progress(number)
    psnr, disturbed, encode, decode = zip(*rows, strict=True)
    moves = [round(fmean(column), 2) for column in zip(*motions, strict=True)]
    return {
        "clips": len(rows),
        "frames": FRAMES,
        "size": list(size),
        "psnr_db": round(fmean(psnr), 2),
        "psnr_db_worst": round(min(psnr), 2),
        "disturbed_db": round(fmean(disturbed), 2),
        "motion": {
            "footage": {"border": moves[0], "inside": moves[1]},
            "decoded": {"border": moves[2], "inside": moves[3]},
        },
        "encode_ms": round(fmean(encode), 2),
        "decode_ms": round(fmean(decode), 2),
    }


def motion(frames: Frames, stride: int) -> tuple[float, float]:
    """Mean absolute change from a frame to the next, of 255: at the borders of latent frames, and inside them."""
    changes = np.abs(np.diff(frames.astype(np.float32), axis=0)).mean(axis=(1, 2, 3))
    border = np.arange(len(changes)) % stride == 0
    return float(changes[border].mean()), float(changes[~border].mean())


@torch.no_grad()
def _measure(backbone: Backbone, clip: Frames) -> tuple[tuple[float, float, float, float], Frames]:
    """PSNR in dB, the same from disturbed latents, milliseconds to encode and to decode; and what came back."""
    started = time.perf_counter()
    latents = backbone.encode(torch.from_numpy(clip))  # ends on the CPU, so the device has finished
    encoded = time.perf_counter()
    back = backbone.decode(latents).numpy()
    decoded = time.perf_counter()
    noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(0))
    disturbed = backbone.decode(latents + DISTURBANCE * noise.to(latents)).numpy()
    seconds = encoded - started, decoded - encoded
    return (psnr_db(clip, back), psnr_db(clip, disturbed), seconds[0] * 1000, seconds[1] * 1000), back


def judge_reconstructions(backbone: Backbone, judge: Judge, footage: Path, limit: int = 64) -> dict[str, float]:
    """Share of held-out clips that the judge still reads rightly after the VAE, a question.

    What is lost here is lost by the VAE, not by the transformer: it bounds what generated shots can score.
    """
    clips = [clip for clip, _ in zip(labelled_clips(footage), range(limit), strict=False)]
    right = dict.fromkeys(LABELS, 0)
    for at in range(0, len(clips), READ_AT_ONCE):
        batch = clips[at : at + READ_AT_ONCE]
        made = [backbone.decode(backbone.encode(torch.from_numpy(clip.frames))).numpy() for clip in batch]
        for clip, answer in zip(batch, judge.read(made), strict=True):
            for name in LABELS:
                right[name] += answer[name] == clip.facts[name]
    return {name: round(count / len(clips), 4) for name, count in right.items()}
