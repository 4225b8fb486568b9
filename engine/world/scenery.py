"""Backdrops as three painted strips that repeat sideways, and the strips made ready for a shot size.

A strip's plane is measured in frame heights: x runs round a period of `PERIOD`, y from `TOP` to `BOTTOM` where the wide
framing shows 0 to 1.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import floor, pi, sin

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .camera import FOCUS, FRAMINGS, HORIZON, MAX_ZOOM, View
from .sprites import load
from .vocabulary import RGB

PERIOD = 3.5
TOP, BOTTOM = -0.14, 1.10
_OVERSAMPLE = 2
_RESOLUTION = 1.75  # painted pixels per pixel of a wide frame

# Per strip, far to near: the share of the camera's travel and of the framing's zoom that it follows.
PARALLAX = (0.25, 0.6, 1.0)
_ZOOM_SHARE = (0.5, 0.8, 1.0)


class Strip:
    """One painted layer that repeats every `PERIOD`; draw in frame heights. The far one is opaque."""

    def __init__(self, density: float) -> None:
        self.k = density * _OVERSAMPLE
        size = (round(PERIOD * self.k), round((BOTTOM - TOP) * self.k))
        self.image = Image.new("RGBA", size)
        self.draw = ImageDraw.Draw(self.image)

    def _points(self, points: Sequence[tuple[float, float]], shift: float) -> list[tuple[float, float]]:
        return [((x + shift) * self.k, (y - TOP) * self.k) for x, y in points]

    def polygon(self, points: Sequence[tuple[float, float]], fill: RGB) -> None:
        """Fill a polygon, again a period to each side where it reaches over the seam."""
        left, right = min(x for x, _ in points), max(x for x, _ in points)
        for shift in (-PERIOD, 0.0, PERIOD):
            if right + shift > 0 and left + shift < PERIOD:
                self.draw.polygon(self._points(points, shift), fill=fill)

    def rectangle(self, x0: float, y0: float, x1: float, y1: float, fill: RGB) -> None:
        """Fill an upright rectangle."""
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], fill)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: RGB) -> None:
        """Fill an ellipse about (x, y)."""
        for shift in (-PERIOD, 0.0, PERIOD):
            if x + rx + shift > 0 and x - rx + shift < PERIOD:
                (x0, y0), (x1, y1) = self._points([(x - rx, y - ry), (x + rx, y + ry)], shift)
                self.draw.ellipse((x0, y0, x1, y1), fill=fill)

    def _wash(self, top: RGB, bottom: RGB, y0: float, y1: float, first: int) -> Image.Image:
        """Return a vertical gradient from `y0` to `y1` for the rows from `first` down."""
        rows = np.arange(first, self.image.height)[:, None] / self.k + TOP
        share = np.clip((rows - y0) / (y1 - y0), 0.0, 1.0)
        column = np.array(top) * (1 - share) + np.array(bottom) * share
        paint = Image.fromarray(column.round().astype(np.uint8)[:, None, :])
        return paint.resize((self.image.width, len(rows)), Image.Resampling.NEAREST)

    def gradient(self, top: RGB, bottom: RGB, y0: float = TOP, y1: float = BOTTOM) -> None:
        """Cover everything from `y0` down with a vertical gradient that ends at `y1`."""
        first = max(0, round((y0 - TOP) * self.k))
        self.image.paste(self._wash(top, bottom, y0, y1, first), (0, first))

    def land(self, base: float, waves: Sequence[tuple[int, float, float]], top: RGB, bottom: RGB) -> None:
        """Fill the ground below a rolling edge: `waves` are (cycles a period, height, phase in turns)."""
        peak = base - sum(abs(a) for _, a, _ in waves)
        first = max(0, floor((peak - TOP) * self.k))
        mask = Image.new("L", (self.image.width, self.image.height - first))
        xs = [PERIOD * n / 160 for n in range(161)]
        edge = [(x, base + sum(a * sin(2 * pi * (n * x / PERIOD + p)) for n, a, p in waves)) for x in xs]
        outline = self._points([*edge, (PERIOD, BOTTOM + 0.1), (0.0, BOTTOM + 0.1)], 0.0)
        ImageDraw.Draw(mask).polygon([(x, y - first) for x, y in outline], fill=255)
        self.image.paste(self._wash(top, bottom, peak, min(BOTTOM, peak + 0.5), first), (0, first), mask)

    def sprite(self, name: str, x: float, foot: float, height: float, *, flip: bool = False, turn: float = 0) -> None:
        """Stand an exported picture, `height` tall, with the middle of its foot at (x, foot)."""
        picture = _stand_in(name, max(1, round(height * self.k)), flip, turn)
        left, top = round(x * self.k - picture.width / 2), round((foot - TOP) * self.k) - picture.height
        for shift in (-round(PERIOD * self.k), 0, round(PERIOD * self.k)):
            if left + shift < self.image.width and left + shift + picture.width > 0:
                self.image.paste(picture, (left + shift, top), picture)


@lru_cache(maxsize=96)
def _stand_in(name: str, tall: int, flip: bool, turn: float) -> Image.Image:
    """Return an exported picture `tall` pixels tall, mirrored, then turned counter-clockwise by `turn` degrees."""
    picture = load(name)
    wide = max(1, round(tall * picture.width / picture.height))
    picture = picture.resize((wide, tall), Image.Resampling.BILINEAR)
    if flip:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return picture.rotate(turn, Image.Resampling.BICUBIC, expand=True) if turn else picture


# The light of each time on the scenery: gains out of 255, then lifts.
_LIGHT: dict[str, tuple[RGB, RGB]] = {
    "day": ((255, 255, 255), (0, 0, 0)),
    "sunset": ((232, 178, 158), (22, 4, 14)),
    "night": ((98, 114, 158), (8, 14, 38)),
}
_LAMPLIGHT = ((158, 122, 118), (4, 4, 22))


def light(place: str, time: str) -> tuple[RGB, RGB]:
    """Return the gains (out of 255) and lifts of the light; at night a room is lit by a lamp."""
    return _LAMPLIGHT if (place, time) == ("room", "night") else _LIGHT[time]


@dataclass
class Backdrop:
    """The three strips of a place while it is painted, the dice, and the time of day."""

    far: Strip
    mid: Strip
    near: Strip
    rng: random.Random
    place: str
    time: str
    mid_is_lit: bool = False  # its painter lit the mid strip itself, to keep bright windows bright

    def lit(self, colour: RGB) -> RGB:
        """Return a daylight colour in the light of this time and place."""
        gains, lift = light(self.place, self.time)
        r, g, b = (min(255, round(c * k / 255 + a)) for c, k, a in zip(colour, gains, lift, strict=True))
        return r, g, b


@dataclass(frozen=True)
class Layer:
    """A strip made ready for a shot size: premultiplied RGBa (opaque: RGB) pixels at `density` per frame height.

    The image holds the period and as much again as a frame is wide; `first` is its first row with paint.
    """

    image: Image.Image
    density: float
    period: float
    first: int
    share: int


def finish_far(strip: Strip) -> Image.Image:
    """Reduce the opaque strip to its resolution, as RGB; its painter has lit it."""
    return strip.image.convert("RGB").reduce(_OVERSAMPLE)


def finish(strip: Strip, gains: RGB, lift: RGB) -> Image.Image:
    """Reduce a strip to its resolution, tint it (per channel: c * gain / 255 + lift), and give it a paper shadow."""
    image = strip.image.convert("RGBa").reduce(_OVERSAMPLE).convert("RGBA")
    alpha = image.getchannel("A")
    if gains != (255, 255, 255):
        tinted = [
            band.point([min(255, round(v * g / 255 + a)) for v in range(256)])
            for band, g, a in zip(image.split(), gains, lift, strict=False)
        ]
        image = Image.merge("RGBA", (*tinted, alpha))
    # What lies behind a sheet of paper is a little darker near its edge.
    soft = alpha.filter(ImageFilter.BoxBlur(strip.k / _OVERSAMPLE * 0.022)).point([round(v * 0.30) for v in range(256)])
    under = Image.new("RGBA", image.size, (24, 22, 48, 0))
    under.putalpha(soft)
    under.alpha_composite(image)
    return under


@lru_cache(maxsize=6)
def prepare(strips: StripSet, framing: str, width: int, height: int) -> tuple[Layer, Layer, Layer]:
    """Return the strips at the sharpness and softness of a shot size, for frames of width x height pixels."""
    made = [_prepare(image, share, framing, width, height) for share, image in enumerate(strips.images)]
    return made[0], made[1], made[2]


class StripSet:
    """Three finished strips, far to near; compared by identity, so that it can key a cache."""

    def __init__(self, images: tuple[Image.Image, Image.Image, Image.Image]) -> None:
        self.images = images


def density_of(height: int) -> float:
    """Return the painted pixels per frame height for frames of this height."""
    return _RESOLUTION * height


def _prepare(image: Image.Image, share: int, framing: str, width: int, height: int) -> Layer:
    shot = FRAMINGS[framing]
    # A blurred strip needs fewer pixels.
    wanted = (shot.zoom * MAX_ZOOM) ** _ZOOM_SHARE[share] * height * (0.6 if shot.blur else 1.0)
    period = round(PERIOD * wanted)
    density = period / PERIOD
    tall = round((BOTTOM - TOP) * density)
    plain = image.convert("RGBa" if share else "RGB")
    small = plain.resize((period, tall), Image.Resampling.BILINEAR, reducing_gap=2.0)
    wide = Image.new(small.mode, (period + round(width / height * density * 1.3) + 4, tall))
    for left in range(0, wide.width, period):
        wide.paste(small, (left, 0))
    if shot.blur:
        wide = wide.filter(ImageFilter.BoxBlur(0.6 * shot.blur * height * (1.4 if share < 2 else 0.7)))
    box = wide.getchannel("a").getbbox() if share else None
    return Layer(wide, density, PERIOD, box[1] if box else 0, share)


def placement(share: int, framing: str, view: View, aspect: float) -> tuple[float, float, float]:
    """Return (zoom, x, y): a strip's point (u, v) shows at (zoom u + x, zoom v + y), in frame heights."""
    shot = FRAMINGS[framing]
    push = view.zoom ** _ZOOM_SHARE[share]
    zoom = shot.zoom ** _ZOOM_SHARE[share]
    x = 0.5 * aspect - zoom * (view.travel * PARALLAX[share] / shot.zoom + 0.5 * PERIOD)
    y = shot.horizon - zoom * HORIZON
    fx, fy = FOCUS[0] * aspect, FOCUS[1]
    return zoom * push, fx + (x - fx) * push, fy + (y - fy) * push
