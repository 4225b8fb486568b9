"""The words of the world, and which combinations of them are never trained on."""

from __future__ import annotations

RGB = tuple[int, int, int]

SPECIES: tuple[str, ...] = ("fox", "frog", "pig", "panda", "rabbit", "lion", "koala", "monkey")
COLOURS: dict[str, RGB] = {
    "red": (216, 36, 48),
    "orange": (255, 134, 14),
    "yellow": (255, 218, 52),
    "green": (28, 156, 74),
    "blue": (34, 98, 228),
    "purple": (138, 60, 196),
    "white": (250, 250, 250),
    "black": (40, 40, 48),
}
PLACES: tuple[str, ...] = ("forest", "beach", "desert", "snow", "city", "meadow", "room", "moon")
TIMES: tuple[str, ...] = ("day", "sunset", "night")
ACTIONS: tuple[str, ...] = ("walks", "jumps", "waves", "sleeps", "dances", "floats")
FRAMINGS: tuple[str, ...] = ("wide", "medium", "close")
CAMERAS: tuple[str, ...] = ("still", "pan", "push")

_COLOUR_NAMES = tuple(COLOURS)


def is_held_out(species: str, colour: str, place: str) -> bool:
    """Say whether this combination is kept out of training.

    A Latin square: every pair of values is trained with seven of the eight values of the third attribute, and held out
    with the eighth, so a held-out scene is new only as a combination.
    """
    i, j, k = SPECIES.index(species), _COLOUR_NAMES.index(colour), PLACES.index(place)
    return (i + 3 * j + 5 * k) % 8 == 0
