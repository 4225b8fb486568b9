"""Keys and values in eight bits: a known size and a small error, whatever their channels' means."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.context.packing import Packing, pack, unpack

BOUNDS: dict[Packing, float] = {"int8": 0.02, "fp8": 0.04}  # of the spread, rounding of bf16 itself aside
both = pytest.mark.parametrize("packing", list(BOUNDS))
Layer = tuple[torch.Tensor, torch.Tensor]


def layer(seed: int, offset: float, dtype: torch.dtype = torch.bfloat16) -> Layer:
    generator = torch.Generator().manual_seed(seed)
    keys = torch.randn(1, 40, 3, 16, generator=generator) + offset * torch.randn(1, 1, 3, 16, generator=generator)
    return keys.to(dtype), torch.randn(1, 40, 3, 16, generator=generator).to(dtype)


def errors(original: Layer, packing: Packing) -> list[float]:
    """Relative to the spread about the channels' means, of keys and of values."""
    found = []
    for before, after in zip(original, unpack(pack(original, packing)), strict=True):
        assert after.dtype == before.dtype and after.shape == before.shape
        spread = before.float() - before.float().mean(1, keepdim=True)
        found.append(float((after.float() - before.float()).norm() / spread.norm()))
    return found


@both
@given(seed=st.integers(0, 1000), offset=st.floats(0, 20))
def test_the_error_is_small_even_with_large_channel_means(packing: Packing, seed: int, offset: float) -> None:
    original = layer(seed, offset)
    for before, error in zip(original, errors(original, packing), strict=True):
        rounding = 0.01 * float(before.float().abs().amax())  # bf16 itself rounds large numbers
        assert error < BOUNDS[packing] + rounding


def test_int8_is_closer_where_numbers_are_alike_and_fp8_below_an_outlier() -> None:
    keys, values = layer(3, 5.0, torch.float32)
    assert errors((keys, values), "int8") < errors((keys, values), "fp8")
    values[..., 0] = 300.0  # one channel of every token far above the others
    small = values[..., 1:]
    (_, whole), (_, floating) = (unpack(pack((keys, values), packing)) for packing in ("int8", "fp8"))
    assert float((floating[..., 1:] - small).norm()) < 0.2 * float((whole[..., 1:] - small).norm())


@both
def test_the_largest_numbers_stay_finite(packing: Packing) -> None:
    original = torch.full((1, 4, 1, 8), 3e4), torch.linspace(-3e4, 3e4, 32).reshape(1, 4, 1, 8)
    assert all(bool(torch.isfinite(x).all()) for x in unpack(pack(original, packing)))


@both
def test_it_takes_about_half_of_bf16(packing: Packing) -> None:
    original = torch.randn(1, 400, 4, 128).bfloat16(), torch.randn(1, 400, 4, 128).bfloat16()
    assert sum(t.nbytes for t in pack(original, packing).tensors) < 0.53 * sum(t.nbytes for t in original)
