"""Context blocks: one thing that a shot sees, and the address of its keys and values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from engine.backbone.positions import PositionRule
from engine.contract import ContextCandidate, Side


@dataclass(frozen=True, slots=True)
class ContextBlock:
    """A chosen candidate with its clean latents (C, T, h, w), ready to be captured.

    `content_hash` names the pixels or latents; `start` is where its first latent frame stands for this target,
    `turn` the angle of its shot (radians; 0 unless the model tells shots apart so).
    """

    candidate: ContextCandidate
    side: Side
    latents: Tensor
    content_hash: str
    noise: float
    start: float
    tokens: int
    turn: float = 0.0
    frames: tuple[int, ...] = ()  # latent frames whose keys and values are kept; () = all
    taken: str = ""  # how `latents` were taken out of what `content_hash` names, if they are not all of it

    @property
    def is_blank(self) -> bool:
        """Whether it stands for "nothing seen", and is no item of the scene."""
        return not self.candidate.id and self.candidate.role == "shot"


@dataclass(frozen=True, slots=True)
class Namespace:
    """What every key of one backbone shares: weights, dtype, encoding mode."""

    fingerprint: str
    dtype: str
    encoding: str


def block_key(space: Namespace, block: ContextBlock, seen: list[str]) -> str:
    """Content address of a block's K/V: sha256 over everything its numbers depend on, and nothing else.

    Not in it: where the block will stand (keys are stored un-rotated), the target, its seed. `seen`: keys of the
    blocks it saw itself when it was encoded ("chained"); empty when isolated.
    """
    facts: dict[str, Any] = {
        "space": [space.fingerprint, space.dtype, space.encoding],
        "latents": block.content_hash,
        "shape": list(block.latents.shape),
        "noise": round(block.noise, 6),
        "text": block.candidate.text,
        "role": block.candidate.role,
        "seen": seen,
    }
    if block.frames:
        facts["frames"] = list(block.frames)
    if block.taken:
        facts["taken"] = block.taken
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def latents_hash(latents: Tensor) -> str:
    """sha256 of latents as fp32 numbers with their shape."""
    data = latents.detach().to("cpu", torch.float32).contiguous()
    digest = hashlib.sha256(json.dumps(list(data.shape)).encode())
    digest.update(data.numpy().tobytes())
    return digest.hexdigest()


def seeded_noise(name: str, shape: tuple[int, ...] | torch.Size) -> Tensor:
    """Standard normal numbers that depend on `name` alone, on every machine's CPU."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def noised(block: ContextBlock) -> Tensor:
    """(1 - s) z + s eps with eps seeded by the block's content: the same take is always perturbed the same way."""
    if block.noise == 0:
        return block.latents
    eps = seeded_noise(f"context/{block.content_hash}", block.latents.shape).to(block.latents)
    return (1 - block.noise) * block.latents + block.noise * eps


@dataclass(frozen=True, slots=True)
class Placement:
    """Where blocks and target stand on the time axis."""

    block_starts: list[float]
    target_start: float
    block_turns: list[float]
    target_turn: float


def place(
    rule: PositionRule, before: list[int], after: list[int], target: int, recent: Sequence[int] = ()
) -> Placement:
    """Lay `before`, then what the target continues (`recent` pieces, joined to it), the target, `after`.

    Lengths in latent frames; the returned block starts are in the order before, recent, after.
    """
    own = target + sum(recent)
    starts = rule.starts([*before, own, *after])
    turns = [number * rule.angle for number in range(len(starts))]
    here = len(before)

    joined = [starts[here] + sum(recent[:n]) for n in range(len(recent))]
    return Placement(
        [*starts[:here], *joined, *starts[here + 1 :]],
        starts[here] + sum(recent),
        [*turns[:here], *[turns[here]] * len(recent), *turns[here + 1 :]],
        turns[here],
    )
