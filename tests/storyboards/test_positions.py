from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyboards.positions import key_between, keys_between


@given(st.lists(st.integers(0, 10**6), max_size=120))
def test_keys_stay_in_order_wherever_they_are_inserted(places: list[int]) -> None:
    keys: list[str] = []
    for place in places:
        at = place % (len(keys) + 1)
        keys.insert(at, key_between(keys[at - 1] if at else None, keys[at] if at < len(keys) else None))
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


def test_appending_and_prepending_a_thousand_times_keeps_keys_short() -> None:
    assert max(map(len, keys_between(None, None, 1000))) <= 3
    low = key_between(None, None)
    for _ in range(1000):
        low, old = key_between(None, low), low
        assert low < old
    assert len(low) <= 4


def test_no_key_fits_between_equal_or_swapped_ones() -> None:
    with pytest.raises(ValueError, match="no key fits"):
        key_between("a1", "a1")
    with pytest.raises(ValueError, match="not a position"):
        key_between("?", None)
