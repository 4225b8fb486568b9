"""Where tokens stand: rotary angles for shots placed anywhere on the time axis.

Every shot of a scene has its own stretch of the time axis ("interleaved 3D positions" of Long Context Tuning, arXiv
2503.10589 section 3, with Wan's text in cross-attention): shot in slot s starts at `s * stride + s * phase`. With
stride 0 positions the result equals diffusers' `WanRotaryPosEmbed` bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from diffusers.models.embeddings import get_1d_rotary_pos_embed
from torch import Tensor


@dataclass(frozen=True, slots=True)
class PositionRule:
    """How shots are laid on the time axis, in latent frames. `stride`: from one shot's start to the next's at least;
    a longer shot pushes the next one on by its own length plus `gap`. `phase`: extra fractional offset a shot."""

    stride: float = 8.0
    gap: float = 1.0
    phase: float = 0.0

    def starts(self, lengths: list[int]) -> list[float]:
        """Time position of the first latent frame of each of the shots with `lengths` latent frames, in order."""
        starts, at = [], 0.0
        for length in lengths:
            starts.append(at)
            at += max(self.stride, length + self.gap) + self.phase
        return starts


@dataclass(frozen=True, slots=True)
class Rotary:
    """cos and sin (1, N, 1, D) of N tokens, fp32, laid out as diffusers' Wan rope."""

    cos: Tensor
    sin: Tensor

    def cat(self, other: Rotary) -> Rotary:
        """Tokens of self, then of other."""
        return Rotary(torch.cat([self.cos, other.cos], 1), torch.cat([self.sin, other.sin], 1))


def rotary(head_dim: int, start: float, grid: tuple[int, int, int], device: torch.device | str = "cpu") -> Rotary:
    """Angles for a (T, h, w) grid of tokens whose first frame stands at time `start`. Computed in fp64."""
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
