"""Order as sortable strings: a key between any two keys, so an insert or a move touches one row.

A key is a whole number followed by a fraction, both in base 62 in ASCII order. The first letter tells the sign and
the number of digits (`a` = 1 digit, `b` = 2, ...; `Z` = 1 digit below zero, `Y` = 2, ...), so that appending counts up
and stays short; only inserting between neighbours adds fraction digits. Keys compare like bytes, which is SQLite's
default order. The scheme is the one of David Greenspan's "Implementing fractional indexing".
"""

from __future__ import annotations

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FIRST = "a0"
_SMALLEST = "A" + "0" * 26


def key_between(low: str | None, high: str | None) -> str:
    """Return a key above `low` and below `high`; None stands for an open end. Raises ValueError if low >= high."""
    if low is not None and high is not None and low >= high:
        raise ValueError(f"no key fits between {low!r} and {high!r}")
    if low is None:
        return _FIRST if high is None else _before(high)
    whole, fraction = _split(low)
    if high is None:
        following = _increment(whole)
        return whole + _midpoint(fraction, "") if following is None else following
    high_whole, high_fraction = _split(high)
    if whole == high_whole:
        return whole + _midpoint(fraction, high_fraction)
    following = _increment(whole)
    if following is not None and following < high:
        return following
    return whole + _midpoint(fraction, "")


def keys_between(low: str | None, high: str | None, count: int) -> list[str]:
    """Return `count` ascending keys between `low` and `high`."""
    keys: list[str] = []
    for _ in range(count):
        low = key_between(low, high)
        keys.append(low)
    return keys


def _before(high: str) -> str:
    whole, fraction = _split(high)
    if whole == _SMALLEST:
        return whole + _midpoint("", fraction)
    if whole < high:
        return whole
    preceding = _decrement(whole)
    return _SMALLEST + _midpoint("", "") if preceding == _SMALLEST else preceding


def _split(key: str) -> tuple[str, str]:
    head = key[:1]
    if "a" <= head <= "z":
        length = ord(head) - ord("a") + 2
    elif "A" <= head <= "Z":
        length = ord("Z") - ord(head) + 2
    else:
        raise ValueError(f"not a position key: {key!r}")
    if len(key) < length or (len(key) > length and key.endswith("0")) or key == _SMALLEST:
        raise ValueError(f"not a position key: {key!r}")
    return key[:length], key[length:]


def _increment(whole: str) -> str | None:
    """Return the next whole number, None after the last."""
    head, digits = whole[0], whole[1:]
    stripped = digits.rstrip("z")
    if stripped:
        raised = stripped[:-1] + DIGITS[DIGITS.index(stripped[-1]) + 1]
        return head + raised + "0" * (len(digits) - len(stripped))
    if head == "Z":
        return _FIRST
    if head == "z":
        return None
    return chr(ord(head) + 1) + "0" * (len(digits) + (1 if head >= "a" else -1))


def _decrement(whole: str) -> str:
    """Return the preceding whole number; the smallest one is never passed in."""
    head, digits = whole[0], whole[1:]
    stripped = digits.rstrip("0")
    if stripped:
        lowered = stripped[:-1] + DIGITS[DIGITS.index(stripped[-1]) - 1]
        return head + lowered + "z" * (len(digits) - len(stripped))
    if head == "a":
        return "Zz"
    return chr(ord(head) - 1) + "z" * (len(digits) + (-1 if head > "a" else 1))


def _midpoint(low: str, high: str) -> str:
    """Return a fraction strictly between two; `high` "" means one. Never ends in "0"."""
    if high:
        shared = 0
        while shared < len(high) and (low[shared] if shared < len(low) else "0") == high[shared]:
            shared += 1
        if shared:
            return high[:shared] + _midpoint(low[shared:], high[shared:])
    low_digit = DIGITS.index(low[0]) if low else 0
    high_digit = DIGITS.index(high[0]) if high else len(DIGITS)
    if high_digit - low_digit > 1:
        return DIGITS[(low_digit + high_digit) // 2]
    if len(high) > 1:
        return high[0]
    return DIGITS[low_digit] + _midpoint(low[1:], "")
