"""The cache holds what it was given, within its budget, and never throws out what is in use."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.context.cache import ContextCache, LayerKV

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
