"""Keys and values in eight bits: a known size and a small error, whatever their channels' means."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.context.packing import pack, unpack


def layer(seed: int, offset: float, dtype: torch.dtype = torch.bfloat16) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    keys = torch.randn(1, 40, 3, 16, generator=generator) + offset * torch.randn(1, 1, 3, 16, generator=generator)
    return keys.to(dtype), torch.randn(1, 40, 3, 16, generator=generator).to(dtype)


@given(st.integers(0, 1000), st.floats(0, 20))
def test_the_error_is_small_even_with_large_channel_means(seed: int, offset: float) -> None:
    original = layer(seed, offset)
    for before, after in zip(original, unpack(pack(original)), strict=True):
        assert after.dtype == before.dtype and after.shape == before.shape
        spread = before.float() - before.float().mean(1, keepdim=True)
        rounding = 0.01 * float(before.float().abs().amax())  # bf16 itself rounds large numbers
        assert float((after.float() - before.float()).norm() / spread.norm()) < 0.02 + rounding


def test_it_takes_about_half_of_bf16() -> None:
    original = torch.randn(1, 400, 4, 128).bfloat16(), torch.randn(1, 400, 4, 128).bfloat16()
    assert sum(t.nbytes for t in pack(original).tensors) < 0.53 * sum(t.nbytes for t in original)
