"""The eight places. Each painter fills a backdrop's far, mid and near strips in daylight colours; time tints them."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import lru_cache

from .scenery import (
    PERIOD,
    TOP,
    Backdrop,
    Strip,
    StripSet,
    density_of,
    finish,
    finish_far,
    light,
)
from .vocabulary import RGB

_SKY: dict[str, tuple[RGB, RGB]] = {
    "day": ((104, 186, 244), (208, 236, 250)),
    "sunset": ((124, 88, 168), (255, 176, 104)),
    "night": ((16, 20, 58), (54, 66, 124)),
}


@lru_cache(maxsize=6)
def strips_of(place: str, time: str, seed: int, height: int) -> StripSet:
    """Paint a place at a time of day for frames of this height; the seed lays it out."""
    density = density_of(height)
    backdrop = Backdrop(Strip(density), Strip(density), Strip(density), random.Random(f"{place}/{seed}"), place, time)
    _PAINTERS[place](backdrop)
    gains, lift = light(place, time)
    mid = ((255, 255, 255), (0, 0, 0)) if backdrop.mid_is_lit else (gains, lift)
    return StripSet(
        (
            finish_far(backdrop.far),
            finish(backdrop.mid, *mid),
            finish(backdrop.near, gains, lift),
        )
    )


def _slots(rng: random.Random, count: int, jitter: float = 0.2) -> list[float]:
    """Return `count` places round the period, evenly spread and shaken by a share of their distance."""
    step = PERIOD / count
    start = rng.random() * step
    return [(start + (n + (rng.random() - 0.5) * 2 * jitter) * step) % PERIOD for n in range(count)]


def _aloft(rng: random.Random) -> float:
    """Return where the one thing in the sky hangs: to one side of the middle, where every shot size shows it."""
    return PERIOD / 2 + rng.choice((-1, 1)) * rng.uniform(0.22, 0.55)


def _sky(b: Backdrop, day: tuple[RGB, RGB] | None = None, *, clouds: bool = True) -> None:
    """Paint the sky with a sun, a low sun, or a moon and stars, and soft big clouds."""
    top, bottom = day if day and b.time == "day" else _SKY[b.time]
    b.far.gradient(top, bottom, TOP, 0.68)
    x = _aloft(b.rng)
    if b.time == "day":
        b.far.ellipse(x, 0.17, 0.085, 0.085, (255, 236, 130))
    elif b.time == "sunset":
        b.far.ellipse(x, 0.40, 0.15, 0.15, (255, 214, 128))
        b.far.ellipse(x, 0.40, 0.115, 0.115, (255, 240, 186))
    else:
        b.far.ellipse(x, 0.17, 0.085, 0.085, (244, 240, 214))
        b.far.ellipse(x + 0.035, 0.15, 0.07, 0.07, (28, 34, 78))
    if b.time == "night":
        for x in _slots(b.rng, 14, 0.4):
            b.far.ellipse(x, b.rng.uniform(-0.05, 0.45), 0.012, 0.012, (222, 226, 250))
    elif clouds:
        white = (250, 252, 255) if b.time == "day" else (248, 176, 150)
        for x in _slots(b.rng, 4):
            _cloud(b.far, x, b.rng.uniform(0.08, 0.34), b.rng.uniform(0.10, 0.15), white)


def _cloud(strip: Strip, x: float, y: float, size: float, fill: RGB) -> None:
    strip.ellipse(x, y, size * 1.5, size * 0.42, fill)
    strip.ellipse(x - 0.35 * size, y - 0.3 * size, size * 0.62, size * 0.5, fill)
    strip.ellipse(x + 0.45 * size, y - 0.2 * size, size * 0.5, size * 0.42, fill)


def _forest(b: Backdrop) -> None:
    _sky(b, ((150, 214, 220), (216, 240, 206)), clouds=False)
    hills = [(2, 0.03, b.rng.random()), (5, 0.035, b.rng.random())]
    b.far.land(0.42, hills, b.lit((112, 176, 136)), b.lit((84, 150, 112)))
    for n, x in enumerate(_slots(b.rng, 9)):
        _fir(b.mid, x, 0.70, b.rng.uniform(0.48, 0.64), (34, 104, 74) if n % 2 else (46, 122, 80))
    b.mid.land(0.66, [(3, 0.012, b.rng.random())], (50, 112, 66), (40, 96, 58))
    b.near.land(0.71, [(2, 0.016, b.rng.random())], (92, 140, 70), (60, 102, 54))
    for n, x in enumerate(_slots(b.rng, 5)):
        if n % 2:
            b.near.sprite("mushroom", x, 0.79, 0.14)
        else:
            b.near.sprite("tree", x, 0.77, b.rng.choice((0.52, 0.56, 0.6)))


def _fir(strip: Strip, x: float, foot: float, height: float, fill: RGB) -> None:
    half = height * 0.27
    strip.rectangle(x - 0.02, foot - 0.1, x + 0.02, foot, (96, 72, 56))
    for n in range(3):
        top, low = foot - height + n * height * 0.22, foot - height * (0.52 - n * 0.2)
        spread = half * (0.55 + 0.22 * n)
        strip.polygon([(x, top), (x + spread, low), (x - spread, low)], fill)


def _beach(b: Backdrop) -> None:
    _sky(b)
    sea = {"day": ((30, 150, 206), (84, 214, 214)), "sunset": ((150, 92, 150), (250, 160, 120))}
    top, low = sea.get(b.time, ((22, 48, 104), (40, 92, 140)))
    b.far.gradient(top, low, 0.50, 0.72)
    for x in _slots(b.rng, 2):
        b.far.sprite("sailboat", x, 0.54, 0.16)
    b.mid.land(0.655, [(2, 0.012, b.rng.random())], (236, 250, 248), (236, 250, 248))
    b.mid.land(0.685, [(2, 0.012, b.rng.random())], (240, 214, 152), (236, 204, 140))
    b.near.land(0.72, [(2, 0.012, b.rng.random())], (252, 228, 168), (240, 200, 130))
    for n, x in enumerate(_slots(b.rng, 4)):
        if n % 2:
            _parasol(b.near, x, 0.79, (240, 84, 96) if n % 4 == 1 else (70, 150, 220))
        else:
            b.near.sprite("palm", x, 0.76, b.rng.choice((0.54, 0.58, 0.62)), flip=b.rng.random() < 0.5)


def _parasol(strip: Strip, x: float, foot: float, fill: RGB) -> None:
    strip.rectangle(x - 0.008, foot - 0.34, x + 0.008, foot, (236, 236, 240))
    for n in range(5):
        wedge = [(x, foot - 0.40), (x - 0.2 + 0.08 * n, foot - 0.24), (x - 0.12 + 0.08 * n, foot - 0.24)]
        strip.polygon(wedge, (250, 250, 250) if n % 2 else fill)


def _desert(b: Backdrop) -> None:
    _sky(b, ((250, 206, 130), (255, 238, 196)), clouds=False)
    rock = b.lit((206, 122, 84))
    for x in _slots(b.rng, 3):
        w, h = b.rng.uniform(0.2, 0.28), b.rng.uniform(0.18, 0.28)
        b.far.polygon([(x - w, 0.66), (x - w * 0.7, 0.62 - h), (x + w * 0.6, 0.62 - h), (x + w * 1.1, 0.66)], rock)
    b.mid.land(0.62, [(2, 0.045, b.rng.random()), (3, 0.02, b.rng.random())], (240, 168, 92), (214, 128, 66))
    b.near.land(0.72, [(2, 0.03, b.rng.random())], (250, 190, 112), (226, 146, 76))
    for n, x in enumerate(_slots(b.rng, 4)):
        if n % 2:
            b.near.ellipse(x, 0.77, 0.12, 0.05, (186, 108, 76))
            b.near.ellipse(x + 0.09, 0.775, 0.07, 0.032, (166, 94, 70))
        else:
            b.near.sprite("cactus", x, 0.78, b.rng.choice((0.36, 0.40, 0.44)))


def _snow(b: Backdrop) -> None:
    _sky(b, ((150, 190, 226), (220, 234, 246)), clouds=False)
    peak, snow = b.lit((138, 162, 200)), b.lit((240, 246, 252))
    for x in _slots(b.rng, 4, 0.15):
        h = b.rng.uniform(0.32, 0.42)
        b.far.polygon([(x - 0.5, 0.68), (x, 0.66 - h), (x + 0.5, 0.68)], peak)
        b.far.polygon([(x - 0.17, 0.77 - h), (x, 0.66 - h), (x + 0.17, 0.77 - h), (x, 0.74 - h)], snow)
    for x in _slots(b.rng, 6):
        height = b.rng.uniform(0.26, 0.34)
        _fir(b.mid, x, 0.68, height, (84, 132, 142))
        b.mid.polygon([(x, 0.68 - height), (x + 0.05, 0.75 - height), (x - 0.05, 0.75 - height)], (240, 246, 252))
    b.mid.land(0.65, [(3, 0.014, b.rng.random())], (214, 228, 244), (196, 214, 238))
    b.near.land(0.72, [(2, 0.02, b.rng.random())], (236, 243, 252), (190, 208, 236))
    for n, x in enumerate(_slots(b.rng, 4)):
        if n % 2:
            b.near.ellipse(x, 0.78, 0.17, 0.055, (222, 233, 248))
        else:
            b.near.sprite("snowman", x, 0.79, 0.32)


def _city(b: Backdrop) -> None:
    _sky(b, ((146, 176, 206), (214, 220, 228)), clouds=False)
    b.mid_is_lit = True
    for n, x in enumerate(_slots(b.rng, 9, 0.1)):
        h = b.rng.uniform(0.38, 0.58)
        b.far.rectangle(x - 0.18, 0.7 - h, x + 0.18, 0.72, b.lit((134, 148, 172) if n % 2 else (152, 164, 186)))
    for n, x in enumerate(_slots(b.rng, 6, 0.08)):
        _house(b, x, b.rng.uniform(0.34, 0.46), ((176, 100, 92), (198, 158, 126), (112, 128, 156))[n % 3])
    b.mid.rectangle(0.0, 0.69, PERIOD, 0.76, b.lit((150, 154, 164)))
    b.near.gradient((182, 184, 192), (164, 166, 176), 0.735, 0.79)
    b.near.gradient((100, 104, 118), (82, 86, 100), 0.79, 1.1)
    b.near.rectangle(0.0, 0.785, PERIOD, 0.80, (206, 208, 214))
    for n, x in enumerate(_slots(b.rng, 4)):
        if n % 2:
            b.near.sprite("taxi", x, 0.845, 0.22, flip=b.rng.random() < 0.5)
        else:
            _lamp(b, x)


def _house(b: Backdrop, x: float, height: float, fill: RGB) -> None:
    top = 0.72 - height
    window = (206, 226, 240) if b.time == "day" else (255, 216, 120)
    b.mid.rectangle(x - 0.24, top, x + 0.24, 0.72, b.lit(fill))
    b.mid.rectangle(x - 0.255, top - 0.02, x + 0.255, top + 0.02, b.lit((92, 84, 92)))
    for column in (-0.13, 0.0, 0.13):
        for y in (top + 0.07, top + 0.20):
            b.mid.rectangle(x + column - 0.038, y, x + column + 0.038, y + 0.075, window)


def _lamp(b: Backdrop, x: float) -> None:
    b.mid.rectangle(x - 0.012, 0.24, x + 0.012, 0.76, b.lit((62, 70, 84)))
    b.mid.ellipse(x, 0.22, 0.055, 0.055, (240, 242, 244) if b.time == "day" else (255, 240, 186))


def _meadow(b: Backdrop) -> None:
    _sky(b, ((92, 184, 250), (196, 234, 255)))
    hills = [(2, 0.05, b.rng.random()), (3, 0.03, b.rng.random())]
    b.far.land(0.56, hills, b.lit((150, 206, 112)), b.lit((126, 190, 96)))
    b.mid.land(0.64, [(2, 0.03, b.rng.random()), (3, 0.02, b.rng.random())], (176, 220, 92), (140, 196, 74))
    for x in _slots(b.rng, 9, 0.4):
        b.mid.ellipse(x, b.rng.uniform(0.70, 0.74), 0.035, 0.02, b.rng.choice([(255, 236, 250), (255, 150, 190)]))
    b.near.land(0.735, [(2, 0.016, b.rng.random())], (150, 208, 80), (104, 172, 62))
    for x in _slots(b.rng, 14, 0.4):
        y = b.rng.uniform(0.82, 1.05)
        b.near.ellipse(x, y, 0.032, 0.018, b.rng.choice([(255, 250, 250), (255, 170, 206), (255, 232, 120)]))
    for n, x in enumerate(_slots(b.rng, 6)):
        b.near.sprite("sunflower" if n % 2 else "tulip", x, 0.79, 0.34 if n % 2 else 0.25)


def _window(b: Backdrop, x: float) -> None:
    """Paint a curtained window onto the far strip, with the time of day behind it."""
    sky, low = _SKY[b.time]
    frame, curtain = b.lit((252, 246, 236)), b.lit((206, 88, 92))
    b.far.rectangle(x - 0.19, 0.10, x + 0.19, 0.46, frame)
    b.far.rectangle(x - 0.155, 0.135, x + 0.155, 0.28, sky)
    b.far.rectangle(x - 0.155, 0.28, x + 0.155, 0.425, low)
    if b.time == "night":
        b.far.ellipse(x + 0.06, 0.22, 0.04, 0.04, (244, 240, 214))
    b.far.rectangle(x - 0.012, 0.13, x + 0.012, 0.43, frame)
    for side in (-1, 1):
        edge = x + side * 0.2
        hang = [(edge, 0.07), (edge + side * 0.08, 0.07), (edge + side * 0.1, 0.5), (edge - side * 0.01, 0.5)]
        b.far.polygon(hang, curtain)


def _room(b: Backdrop) -> None:
    wall = b.lit((244, 206, 176))
    b.far.gradient(wall, b.lit((232, 186, 156)), TOP, 0.72)
    for x in _slots(b.rng, 4, 0.06):
        _window(b, x)
    b.far.gradient(b.lit((190, 136, 100)), b.lit((176, 122, 90)), 0.66, 0.72)
    for n, x in enumerate(_slots(b.rng, 4)):
        if n % 2:
            b.mid.sprite("plant", x, 0.76, 0.36)
        else:
            _shelf(b.mid, x)
    b.near.gradient((198, 140, 92), (166, 108, 68), 0.74, 1.1)
    for x in _slots(b.rng, 2, 0.05):
        b.near.ellipse(x, 0.93, 0.62, 0.10, (122, 164, 176))
        b.near.ellipse(x, 0.93, 0.52, 0.078, (168, 204, 206))


def _shelf(strip: Strip, x: float) -> None:
    strip.rectangle(x - 0.2, 0.28, x + 0.2, 0.76, (140, 92, 62))
    books = ((84, 150, 160), (222, 160, 74), (196, 92, 84), (120, 150, 96))
    for row in range(3):
        y = 0.31 + 0.15 * row
        strip.rectangle(x - 0.17, y, x + 0.17, y + 0.12, (98, 62, 44))
        for n in range(4):
            left = x - 0.165 + 0.083 * n
            strip.rectangle(left, y + 0.02 + 0.015 * ((n + row) % 2), left + 0.07, y + 0.12, books[(n + row) % 4])


def _moon(b: Backdrop) -> None:
    skies: dict[str, tuple[RGB, RGB]] = {
        "day": ((58, 52, 122), (150, 130, 206)),
        "sunset": ((84, 34, 92), (232, 118, 128)),
        "night": ((8, 8, 28), (34, 34, 78)),
    }
    b.far.gradient(*skies[b.time], TOP, 0.68)
    for x in _slots(b.rng, 16, 0.4):
        b.far.ellipse(x, b.rng.uniform(-0.08, 0.5), 0.012, 0.012, (236, 236, 252))
    b.far.sprite("earth", _aloft(b.rng), 0.36, 0.26)
    b.mid.land(0.63, [(2, 0.03, b.rng.random()), (5, 0.02, b.rng.random())], (166, 160, 188), (140, 134, 166))
    b.near.land(0.72, [(2, 0.018, b.rng.random())], (206, 202, 220), (160, 156, 186))
    for x in _slots(b.rng, 6, 0.3):
        y, size = b.rng.uniform(0.80, 1.02), b.rng.uniform(0.09, 0.16)
        b.near.ellipse(x, y, size, size * 0.3, (150, 146, 176))
        b.near.ellipse(x, y + 0.008, size * 0.86, size * 0.22, (178, 174, 198))
    for n, x in enumerate(_slots(b.rng, 4)):
        if n % 2:
            b.near.ellipse(x, 0.765, 0.11, 0.05, (140, 136, 166))
        else:
            b.near.sprite("rocket", x, 0.78, 0.42, turn=45)


_PAINTERS: dict[str, Callable[[Backdrop], None]] = {
    "forest": _forest,
    "beach": _beach,
    "desert": _desert,
    "snow": _snow,
    "city": _city,
    "meadow": _meadow,
    "room": _room,
    "moon": _moon,
}
