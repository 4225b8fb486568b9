"""Small reels with known cuts: real MP4 files, a rolling ball on a ground of another colour in every shot."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.film.encode import Frames, encode_video

SIZE = (64, 32)
FPS = 8.0
COLOURS = ((200, 60, 40), (40, 90, 200), (60, 180, 70), (210, 190, 60), (150, 60, 180), (230, 230, 230), (90, 70, 50),
           (40, 180, 190), (250, 140, 20), (120, 120, 120), (20, 60, 90), (240, 120, 170))  # fmt: skip


def shot(frames: int, seed: int) -> Frames:
    """A dark ball that rolls over a ground of the seed's colour; equal seeds look alike."""
    made = np.empty((frames, SIZE[1], SIZE[0], 3), np.uint8)
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    for n in range(frames):
        made[n] = COLOURS[seed % len(COLOURS)]
        made[n][(x - 10 - 2 * n) ** 2 + (y - 16) ** 2 < 60] = (15, 15, 15)
    return made


def black(frames: int) -> Frames:
    return np.zeros((frames, SIZE[1], SIZE[0], 3), np.uint8)


def still(frames: int, seed: int = 9) -> Frames:
    return np.repeat(shot(1, seed), frames, axis=0)


def reel(path: Path, *parts: Frames, fps: float = FPS) -> Path:
    """The parts as one clip."""
    path.parent.mkdir(parents=True, exist_ok=True)
    encode_video(path, np.concatenate(parts), fps)
    return path
