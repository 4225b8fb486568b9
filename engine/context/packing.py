"""Keys and values in eight bits: half the memory of bf16, a quarter of fp32, at a small and measured error.

Keys are packed un-rotated (rotation spreads a channel's outliers over two), with each channel's mean over the tokens
taken off first: key channels have large means that all tokens share (KIVI, Quant VideoGen; `long-context-tuning.md`
D14). Keys have one scale a channel, values one a token and head.

The eight bits are whole numbers ("int8", even steps up to the largest number that a scale is for) or a floating-point
number ("fp8", e4m3: three bits of every number's own size, so small ones are as exact as large ones). On the same
scales int8 is the closer one where numbers are of like size, as keys and values are; fp8 keeps what lies far below an
outlier.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

LayerKV = tuple[Tensor, Tensor]  # keys, values (B, N, H, D)
Packing = Literal["int8", "fp8"]

_LARGEST: dict[Packing, float] = {"int8": 127.0, "fp8": torch.finfo(torch.float8_e4m3fn).max}


@dataclass(frozen=True, slots=True)
class PackedKV:
    """One layer. keys, values int8 or float8_e4m3fn (B, N, H, D); mean, key_scale (B, 1, H, D) and value_scale
    (B, N, H, 1) fp16."""

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

    def with_tensors(self, tensors: tuple[Tensor, ...]) -> PackedKV:
        """The same somewhere else: `tensors` in the order of `tensors`."""
        keys, values, mean, key_scale, value_scale = tensors
        return replace(self, keys=keys, values=values, mean=mean, key_scale=key_scale, value_scale=value_scale)


def pack(layer: LayerKV, packing: Packing = "int8") -> PackedKV:
    """Un-rotated keys and values to eight bits."""
    keys, values = (x.float() for x in layer)
    mean = keys.mean(dim=1, keepdim=True).half().float()
    centred = keys - mean
    key_scale = _scale(centred.abs().amax(dim=1, keepdim=True), packing)
    value_scale = _scale(values.abs().amax(dim=3, keepdim=True), packing)
    return PackedKV(
        _rounded(centred / key_scale, packing),
        _rounded(values / value_scale, packing),
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


def _scale(largest: Tensor, packing: Packing) -> Tensor:
    """What one level stands for, rounded up to fp16 so that the largest number still fits."""
    return (largest / _LARGEST[packing] * 1.001).clamp_min(1e-6).half().float()


def _rounded(x: Tensor, packing: Packing) -> Tensor:
    """Clamped first: what is over the largest e4m3 number would become NaN."""
    x = x.clamp(-_LARGEST[packing], _LARGEST[packing])
    return x.round().to(torch.int8) if packing == "int8" else x.to(torch.float8_e4m3fn)
