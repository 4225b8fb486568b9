"""A take's own noise: a function of (scene seed, shot id, take number) and of nothing else."""

from __future__ import annotations

import hashlib

from torch import Tensor

from engine.context.blocks import seeded_noise
from engine.contract import ShotTask


def take_seed(scene_seed: int, shot: ShotTask, take_number: int) -> int:
    """A 31-bit number that a person can copy. Given back as the shot's explicit seed it makes the same noise.

    With an explicit seed the takes of one request count up from it, so that "n more seeds" differ.
    """
    if shot.seed is not None:
        return shot.seed + take_number - shot.takes[0].take_number
    name = f"scene/{scene_seed}/{shot.shot_id}/{take_number}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") >> 1


def shot_noise(seed: int, shape: tuple[int, ...], at: int = 0) -> Tensor:
    """Standard normal start noise (C, T, h, w) of a take, the same on every machine. `at`: latent frames before it."""
    return seeded_noise(f"take/{seed}/{at}", shape)
