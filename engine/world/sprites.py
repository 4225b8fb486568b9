"""The cut-outs: emoji heads from `assets/sprites/`, and drawn coats, limbs, hats and balloons, with mip maps.

A sprite's own plane is measured in figure heights, y down, with its joint (the point it turns about) at the origin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import cos, pi, sin
from pathlib import Path

from PIL import Image, ImageDraw

from .affine import Affine
from .vocabulary import COLOURS, RGB

FOLDER = Path(__file__).resolve().parent.parent.parent / "assets" / "sprites"
_DENSITY = 256.0  # pixels per figure height in the largest mip
_STEPS = 3  # mips per octave
_OVERSAMPLE = 3
_MARGIN = 2  # transparent pixels round a mip, so that bilinear sampling fades out

HEAD_WIDTH = 0.485  # figure heights that 121 pixels of an exported head take
PAW: dict[str, RGB] = {
    "fox": (236, 96, 24),
    "frog": (160, 196, 24),
    "pig": (252, 196, 164),
    "panda": (70, 70, 74),
    "rabbit": (206, 206, 210),
    "lion": (240, 180, 30),
    "koala": (164, 164, 170),
    "monkey": (176, 126, 84),
}
_HEAD_SCALE = {"rabbit": 1.04, "lion": 1.0, "koala": 1.06, "monkey": 1.04}
# Where the hat's brim sits, as a share of the head's height from its top; and the hat's width in figure heights.
_HAT_SEAT = {"fox": 0.34, "frog": 0.17, "pig": 0.24, "panda": 0.25, "rabbit": 0.46, "lion": 0.25, "koala": 0.23}
_HAT_WIDTH = {"frog": 0.22, "rabbit": 0.25}


@dataclass(frozen=True)
class Mip:
    """A premultiplied RGBa image and the map from its pixels to the sprite's plane."""

    image: Image.Image
    to_sprite: Affine


@dataclass(frozen=True)
class Sprite:
    """An RGBA image, its pixels per figure height, and the joint in pixels."""

    image: Image.Image
    density: float
    joint: tuple[float, float]


@lru_cache(maxsize=64)
def load(name: str) -> Image.Image:
    """Return an exported picture as RGBA."""
    with Image.open(FOLDER / f"{name}.png") as file:
        picture: Image.Image = file.convert("RGBA")
    return picture


def mip(name: str, pixels_per_unit: float) -> Mip:
    """Return the sprite at the smallest stored density that is not below `pixels_per_unit`.

    Names: "head/<species>/<colour or ->/<awake or asleep>", "coat/<colour>", "arm/<colour>/<species>", "leg",
    "balloon" and "snore".
    """
    step = 0
    while step < 5 * _STEPS and _DENSITY * 2.0 ** (-(step + 1) / _STEPS) >= pixels_per_unit:
        step += 1
    return _mip(name, step)


@lru_cache(maxsize=768)
def _mip(name: str, step: int) -> Mip:
    sprite = _sprite(name)
    factor = 2.0 ** (-step / _STEPS) * _DENSITY / sprite.density
    width, height = (max(1, round(side * factor)) for side in sprite.image.size)
    fx, fy = width / sprite.image.width, height / sprite.image.height
    kernel = Image.Resampling.BOX if step else Image.Resampling.BICUBIC
    small = sprite.image.convert("RGBa").resize((width, height), kernel)
    padded = Image.new("RGBa", (width + 2 * _MARGIN, height + 2 * _MARGIN))
    padded.paste(small, (_MARGIN, _MARGIN))
    ux, uy = 1.0 / (fx * sprite.density), 1.0 / (fy * sprite.density)
    jx, jy = sprite.joint[0] * fx + _MARGIN, sprite.joint[1] * fy + _MARGIN
    return Mip(padded, (ux, 0.0, -jx * ux, 0.0, uy, -jy * uy))


@lru_cache(maxsize=192)
def _sprite(name: str) -> Sprite:
    kind, *rest = name.split("/")
    return _MAKERS[kind](*rest)


def shade(colour: RGB, gain: float) -> RGB:
    """Return the colour darkened by `gain` below 1, or mixed towards white above it."""
    if gain <= 1.0:
        return (round(colour[0] * gain), round(colour[1] * gain), round(colour[2] * gain))
    mix = gain - 1.0
    return (
        round(colour[0] + (255 - colour[0]) * mix),
        round(colour[1] + (255 - colour[1]) * mix),
        round(colour[2] + (255 - colour[2]) * mix),
    )


def trim(colour: str) -> RGB:
    """Return the coat colour's companion for sleeves and hems: darker, or lighter for black."""
    return shade(COLOURS[colour], 1.16 if colour == "black" else 0.84)


class _Sheet:
    """A transparent canvas in figure heights, drawn oversampled; (left, top) is its corner."""

    def __init__(self, left: float, top: float, right: float, bottom: float) -> None:
        self.left, self.top = left, top
        self.k = _DENSITY * _OVERSAMPLE
        self.image = Image.new("RGBA", (round((right - left) * self.k), round((bottom - top) * self.k)))
        self.draw = ImageDraw.Draw(self.image)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return (x - self.left) * self.k, (y - self.top) * self.k

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: RGB) -> None:
        self.draw.ellipse((*self._at(x - rx, y - ry), *self._at(x + rx, y + ry)), fill=fill)

    def polygon(self, points: list[tuple[float, float]], fill: RGB) -> None:
        self.draw.polygon([self._at(x, y) for x, y in points], fill=fill)

    def capsule(self, x0: float, y0: float, x1: float, y1: float, radius: float, fill: RGB) -> None:
        self.draw.line((*self._at(x0, y0), *self._at(x1, y1)), fill=fill, width=round(2 * radius * self.k))
        self.ellipse(x0, y0, radius, radius, fill)
        self.ellipse(x1, y1, radius, radius, fill)

    def sprite(self) -> Sprite:
        return Sprite(self.image.reduce(_OVERSAMPLE), _DENSITY, (-self.left * _DENSITY, -self.top * _DENSITY))


def _coat(colour: str) -> Sprite:
    """Draw a bell-shaped poncho; the joint is at the feet, the neck at -.60 and the hem at -.13."""
    sheet = _Sheet(-0.30, -0.64, 0.30, -0.08)

    def bell(top: float, bottom: float) -> list[tuple[float, float]]:
        right = []
        for n in range(25):
            y = top + (bottom - top) * n / 24
            s = (y + 0.60) / 0.45
            right.append((0.115 + 0.145 * s**0.8, y))
        hem = [(0.26 * cos(a * pi / 24), bottom + 0.028 * sin(a * pi / 24)) for a in range(25)]
        return [*right, *hem, *[(-x, y) for x, y in reversed(right)]]

    sheet.polygon(bell(-0.60, -0.15), trim(colour))
    sheet.polygon([(x * 0.985, y - 0.045) for x, y in bell(-0.555, -0.15)], COLOURS[colour])
    return sheet.sprite()


def _arm(colour: str, species: str) -> Sprite:
    """Draw a sleeve and a paw that hang down from the shoulder, .29 long."""
    sheet = _Sheet(-0.09, -0.09, 0.09, 0.34)
    sheet.ellipse(0.0, 0.245, 0.05, 0.05, PAW[species])
    sheet.capsule(0.0, 0.0, 0.0, 0.165, 0.054, trim(colour))
    return sheet.sprite()


def _leg() -> Sprite:
    """Draw a short leg with a boot, hanging .17 down from the hip."""
    sheet = _Sheet(-0.10, -0.08, 0.10, 0.22)
    sheet.capsule(0.0, 0.0, 0.0, 0.12, 0.042, (98, 84, 104))
    sheet.ellipse(0.0, 0.14, 0.062, 0.034, (84, 58, 48))
    return sheet.sprite()


def _balloon() -> Sprite:
    """Draw a big pink balloon (no coat has its colour) on a string; the joint is where the string is held."""
    sheet = _Sheet(-0.24, -0.62, 0.24, 0.05)
    sheet.capsule(0.0, 0.02, 0.0, -0.16, 0.007, (250, 250, 250))
    sheet.polygon([(-0.03, -0.125), (0.03, -0.125), (0.0, -0.17)], (226, 84, 140))
    sheet.ellipse(0.0, -0.355, 0.19, 0.215, (255, 122, 172))
    sheet.ellipse(-0.075, -0.43, 0.045, 0.06, (255, 186, 214))
    return sheet.sprite()


def _snore() -> Sprite:
    """Draw the letter Z of a sleeper, .13 tall."""
    sheet = _Sheet(-0.10, -0.10, 0.10, 0.10)
    z = [(-0.05, -0.065), (0.055, -0.065), (0.055, -0.03), (-0.005, 0.032), (0.055, 0.032), (0.055, 0.065),
         (-0.055, 0.065), (-0.055, 0.03), (0.005, -0.032), (-0.05, -0.032)]  # fmt: skip
    sheet.polygon(z, (96, 120, 214))
    return sheet.sprite()


def _head(species: str, hat: str, eyes: str) -> Sprite:
    """Return the head with the chin's middle at the joint, wearing a hat of the colour `hat` unless it is "-"."""
    face = load(species if eyes == "awake" else f"{species}_asleep")
    density = 121.0 / (HEAD_WIDTH * _HEAD_SCALE.get(species, 1.0))
    above = 44
    canvas = Image.new("RGBA", (face.width, face.height + above))
    canvas.alpha_composite(face, (0, above))
    if hat != "-":
        cap = _cap(hat)
        width = round(_HAT_WIDTH.get(species, 0.27) * density)
        cap = cap.resize((width, round(cap.height * width / cap.width)), Image.Resampling.LANCZOS)
        seat = above + round(_HAT_SEAT.get(species, 0.22) * face.height)
        canvas.alpha_composite(cap, ((canvas.width - width) // 2, max(0, seat - cap.height)))
    return Sprite(canvas, density, (canvas.width / 2, canvas.height - 2.0))


def _cap(colour: str) -> Image.Image:
    """Draw a bobble hat, 160 x 112 pixels, its brim at the bottom."""
    big = Image.new("RGBA", (640, 448))
    draw = ImageDraw.Draw(big)
    draw.pieslice((60, 90, 580, 680), 180, 360, fill=COLOURS[colour])
    draw.rounded_rectangle((20, 330, 620, 444), radius=56, fill=trim(colour))
    draw.ellipse((240, 4, 400, 164), fill=shade(trim(colour), 1.35))
    return big.reduce(4)


_MAKERS: dict[str, Callable[..., Sprite]] = {
    "head": _head,
    "coat": _coat,
    "arm": _arm,
    "leg": _leg,
    "balloon": _balloon,
    "snore": _snore,
}
