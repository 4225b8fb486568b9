"""The cache holds what it was given, within its budget, and never throws out what is in use."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.context.cache import ContextCache, LayerKV
from engine.context.packing import Packing

ENTRY_BYTES = 2 * 4 * 8


def entry(number: int) -> list[LayerKV]:
    return [(torch.full((8,), float(number)), torch.full((8,), -float(number)))]


def cache_for(entries: int) -> ContextCache:
    return ContextCache(torch.device("cpu"), device_bytes=entries * ENTRY_BYTES)


def test_the_second_ask_builds_nothing() -> None:
    cache = cache_for(4)
    cache.get("a", lambda: entry(1))
    again = cache.get("a", lambda: pytest.fail("built twice"))
    assert torch.equal(again[0][0], entry(1)[0][0])
    assert (cache.statistics.hits, cache.statistics.misses) == (1, 1)


def test_the_least_recently_used_goes_first() -> None:
    cache = cache_for(2)
    for name in ("a", "b"):
        cache.get(name, lambda: entry(1))
    cache.get("a", lambda: entry(1))
    cache.get("c", lambda: entry(1))
    assert "b" not in cache
    assert "a" in cache and "c" in cache


def test_what_is_pinned_stays_even_over_budget() -> None:
    cache = cache_for(1)
    cache.get("a", lambda: entry(1))
    with cache.pinned(["a"]):
        cache.get("b", lambda: entry(2))
        assert "a" in cache
    assert cache.used(on_device=True) <= ENTRY_BYTES


def test_a_failed_build_leaves_no_entry() -> None:
    cache = cache_for(2)

    def fail() -> list[LayerKV]:
        raise MemoryError

    with pytest.raises(MemoryError):
        cache.get("a", fail)
    assert "a" not in cache


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=60), st.integers(1, 5))
def test_every_answer_is_right_and_the_budget_holds(asks: list[tuple[int, bool]], room: int) -> None:
    cache = cache_for(room)
    for number, pin in asks:
        with cache.pinned([str(number)] if pin else []):
            layers = cache.get(str(number), lambda n=number: entry(n))  # type: ignore[misc]
            assert float(layers[0][0][0]) == number
        assert cache.used(on_device=True) <= room * ENTRY_BYTES
    assert cache.statistics.hits + cache.statistics.misses == len(asks)
    assert cache.statistics.misses - cache.statistics.dropped == len(cache)


def host_cache(entries: int, hosted: int = 9, **changes: bool) -> ContextCache:
    """A cache with a host tier. The device is the CPU, so only the bookkeeping differs from an accelerator's."""
    return ContextCache(
        torch.device("cpu"),
        device_bytes=entries * ENTRY_BYTES,
        host_bytes=hosted * ENTRY_BYTES,
        host_tier=True,
        **changes,
    )


def test_what_does_not_fit_on_the_device_goes_to_the_host_and_comes_back() -> None:
    cache = host_cache(1)
    for number, name in enumerate("ab"):
        cache.get(name, lambda n=number: entry(n))  # type: ignore[misc]
    assert (cache.statistics.moved_to_host, cache.statistics.dropped) == (1, 0)
    assert float(cache.get("a", lambda: pytest.fail("built twice"))[0][0][0]) == 0
    assert cache.statistics.moved_to_device == 1


def test_with_no_room_on_the_device_layers_are_read_from_the_host() -> None:
    cache = host_cache(0)
    layers = [(torch.full((8,), float(n)), torch.full((8,), -float(n))) for n in range(3)]
    held = cache.get("a", lambda: layers)
    assert cache.used(on_device=True) == 0
    assert [float(key[0]) for key, _ in held] == [0, 1, 2]
    assert cache.statistics.layers_streamed == 3


def test_in_use_means_not_dropped_though_it_may_go_to_the_host() -> None:
    cache = host_cache(1, hosted=1)
    cache.get("a", lambda: entry(1))
    with cache.pinned(["a"]):
        for name in "bcd":
            cache.get(name, lambda: entry(2))
        assert "a" in cache
        assert float(cache.get("a", lambda: pytest.fail("dropped"))[0][0][0]) == 1


@pytest.mark.parametrize("packing", ["int8", "fp8"])
def test_packed_entries_read_the_same_before_and_after_they_were_moved(packing: Packing) -> None:
    generator = torch.Generator().manual_seed(0)
    layers = [tuple(torch.randn(1, 6, 2, 8, generator=generator) for _ in "kv") for _ in range(2)]
    cache = ContextCache(torch.device("cpu"), device_bytes=1 << 20, host_bytes=1 << 20, packing=packing, host_tier=True)
    held = cache.get("a", lambda: layers)  # type: ignore[arg-type, return-value]
    before = [(k.clone(), v.clone()) for k, v in held]
    cache.set_budgets(0, by_layer=True)
    assert cache.used(on_device=True) == 0
    after = list(cache.get("a", lambda: pytest.fail("built twice")))
    assert all(torch.equal(x, y) for a, b in zip(before, after, strict=True) for x, y in zip(a, b, strict=True))
    plain = sum(t.nbytes for pair in layers for t in pair)
    assert cache.used(on_device=False) < plain / 2
