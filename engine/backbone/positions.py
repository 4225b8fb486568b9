"""Where tokens stand: rotary angles for shots placed anywhere on the time axis.

Every shot of a scene has its own stretch of the time axis ("interleaved 3D positions" of Long Context Tuning, arXiv
2503.10589 section 3, with Wan's text in cross-attention): shot in slot s starts at `s * stride + s * phase`. With
stride 0 positions the result equals diffusers' `WanRotaryPosEmbed` bit for bit.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import cast

import torch
from diffusers.models.embeddings import get_1d_rotary_pos_embed
from torch import Tensor

from engine.catalogue.profile import PositionRule

__all__ = ["PositionRule", "Rotary", "rotary", "rotate"]


@dataclass(frozen=True, slots=True)
class Rotary:
    """cos and sin (1, N, 1, D) of N tokens, fp32, laid out as diffusers' Wan rope."""

    cos: Tensor
    sin: Tensor

    def cat(self, other: Rotary) -> Rotary:
        """Tokens of self, then of other."""
        return Rotary(torch.cat([self.cos, other.cos], 1), torch.cat([self.sin, other.sin], 1))


@functools.lru_cache(maxsize=8)  # every step and branch of a shot asks for the same ones
def rotary(
    head_dim: int,
    start: float,
    grid: tuple[int, int, int],
    device: torch.device | str = "cpu",
    turn: float = 0.0,
) -> Rotary:
    """Angles for a (T, h, w) grid of tokens whose first frame stands at time `start`. Computed in fp64.

    `turn`: radians on top, the same for every temporal frequency.
    """
    side = 2 * (head_dim // 6)
    dims = (head_dim - 2 * side, side, side)
    frames, height, width = grid
    axes = (
        torch.arange(frames, dtype=torch.float64) + start,
        torch.arange(height, dtype=torch.float64),
        torch.arange(width, dtype=torch.float64),
    )
    shapes = ((frames, 1, 1, -1), (1, height, 1, -1), (1, 1, width, -1))
    cos, sin = [], []
    for dim, axis, shape in zip(dims, axes, shapes, strict=True):
        c, s = get_1d_rotary_pos_embed(
            dim, cast("int", axis), use_real=True, repeat_interleave_real=True, freqs_dtype=torch.float64
        )
        if turn and axis is axes[0]:
            c, s = c * math.cos(turn) - s * math.sin(turn), s * math.cos(turn) + c * math.sin(turn)
        cos.append(c.view(shape).expand(frames, height, width, -1))
        sin.append(s.view(shape).expand(frames, height, width, -1))
    count = frames * height * width
    return Rotary(
        torch.cat(cos, -1).reshape(1, count, 1, -1).to(device), torch.cat(sin, -1).reshape(1, count, 1, -1).to(device)
    )


def rotate(x: Tensor, at: Rotary) -> Tensor:
    """x (B, N, H, D) un-rotated -> rotated, in fp32, back in x's dtype. Same arithmetic as diffusers' Wan."""
    x1, x2 = x.unflatten(-1, (-1, 2)).unbind(-1)
    cos, sin = at.cos[..., 0::2], at.sin[..., 1::2]
    return torch.stack((x1 * cos - x2 * sin, x1 * sin + x2 * cos), dim=-1).flatten(-2).type_as(x)
