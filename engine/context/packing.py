"""Keys and values in eight bits: half the memory of bf16, a quarter of fp32, at a small and measured error.

Keys are packed un-rotated (rotation spreads a channel's outliers over two), with each channel's mean over the tokens
taken off first: key channels have large means that all tokens share (KIVI, Quant VideoGen; `long-context-tuning.md`
D14). Keys have one scale a channel, values one a token and head.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

LayerKV = tuple[Tensor, Tensor]  # keys, values (B, N, H, D)
LEVELS = 127


@dataclass(frozen=True, slots=True)
class PackedKV:
    """One layer. keys, values int8 (B, N, H, D); mean, key_scale (B, 1, H, D) and value_scale (B, N, H, 1) fp16."""

    keys: Tensor
    values: Tensor
    mean: Tensor
    key_scale: Tensor
    value_scale: Tensor
    dtype: torch.dtype  # of what was packed

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """All of it."""
        return self.keys, self.values, self.mean, self.key_scale, self.value_scale


def pack(layer: LayerKV) -> PackedKV:
    """Un-rotated keys and values to eight bits."""
    keys, values = (x.float() for x in layer)
    mean = keys.mean(dim=1, keepdim=True).half().float()
    centred = keys - mean
    key_scale = _scale(centred.abs().amax(dim=1, keepdim=True))
    value_scale = _scale(values.abs().amax(dim=3, keepdim=True))
    return PackedKV(
        _rounded(centred / key_scale),
        _rounded(values / value_scale),
        mean.half(),
        key_scale.half(),
        value_scale.half(),
        layer[0].dtype,
    )


def unpack(packed: PackedKV) -> LayerKV:
    """Keys and values in the dtype that they had."""
    keys = packed.keys.float() * packed.key_scale.float() + packed.mean.float()
    values = packed.values.float() * packed.value_scale.float()
    return keys.to(packed.dtype), values.to(packed.dtype)


def _scale(largest: Tensor) -> Tensor:
    """What one level stands for, rounded up to fp16 so that the largest number still fits."""
    return (largest / LEVELS * 1.001).clamp_min(1e-6).half().float()


def _rounded(x: Tensor) -> Tensor:
    return x.round().clamp(-LEVELS, LEVELS).to(torch.int8)
