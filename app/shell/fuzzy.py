"""How well some typed letters fit a name: the letters in order, better at the starts of words and side by side."""

from __future__ import annotations

from functools import lru_cache


def match(query: str, text: str) -> int | None:
    """Return a score, higher is better, or None when the letters are not all there in their order.

    The words of a query may stand in any order in the text: "shot dup" finds "Duplicate shot".
    """
    folded = text.casefold()
    total = 0
    for word in query.casefold().split():
        score = _word(word, folded)
        if score is None:
            return None
        total += score
    return total - len(folded) // 8


@lru_cache(maxsize=4096)
def _word(word: str, text: str) -> int | None:
    at = text.find(word)
    if at >= 0:
        return 100 + 10 * len(word) + (40 if at == 0 or not text[at - 1].isalnum() else 0)
    score, place, before = 0, 0, -2
    for letter in word:
        place = text.find(letter, place)
        if place < 0:
            return None
        score += 1 + (8 if place == before + 1 else 0) + (6 if place == 0 or not text[place - 1].isalnum() else 0)
        before, place = place, place + 1
    return score
