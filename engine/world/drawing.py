"""Draw one frame: backdrop strips, a contact shadow, the sticker outline, and the puppet's cut-outs over it."""

from __future__ import annotations

from math import ceil, floor

import numpy as np
from PIL import Image, ImageFilter

from .affine import Affine, apply, compose, inverse, translation
from .camera import View
from .figure import Figure, Part
from .places import strips_of
from .scene import SceneSpec
from .scenery import TOP, Layer, placement, prepare
from .sprites import mip

_OUTLINE = (255, 252, 244)
_SHADE = (22, 20, 44)
_BILINEAR = Image.Resampling.BILINEAR


def shot_layers(scene: SceneSpec, index: int, size: tuple[int, int]) -> tuple[Layer, Layer, Layer]:
    """Return the scene's painted strips, ready for the shot's framing."""
    strips = strips_of(scene.place, scene.time, scene.seed, size[1])
    return prepare(strips, scene.shots[index].framing, *size)


def layer_to_frame(layer: Layer, framing: str, view: View, size: tuple[int, int], *, wrap: bool = True) -> Affine:
    """Return the map from a layer's pixels to the frame's; unwrapped, it moves on steadily for ever."""
    width, height = size
    zoom, x, y = placement(layer.share, framing, view, width / height)
    scale = zoom * height / layer.density
    # Of all the equal places to begin, take the one in the strip's first period.
    start = (-x / zoom) % layer.period if wrap else -x / zoom
    return (scale, 0.0, -start * zoom * height, 0.0, scale, (y + zoom * TOP) * height)


def backdrop(layers: tuple[Layer, Layer, Layer], framing: str, view: View, size: tuple[int, int]) -> Image.Image:
    """Return the scenery without the figure, as an RGB image."""
    picture, _ = backdrop_patch(layers[0], layer_to_frame(layers[0], framing, view, size), size)
    for layer in layers[1:]:
        patch, top = backdrop_patch(layer, layer_to_frame(layer, framing, view, size), size)
        patch = patch.convert("RGBA")
        picture.paste(patch, (0, top), patch)
    return picture


def backdrop_patch(layer: Layer, to_frame: Affine, size: tuple[int, int]) -> tuple[Image.Image, int]:
    """Return the rows of a frame that the layer paints, in the layer's mode, and the first row."""
    width, height = size
    top = min(height - 1, max(0, floor(to_frame[4] * layer.first + to_frame[5]) - 1))
    from_frame = compose(inverse(to_frame), translation(0.0, top))
    return layer.image.transform((width, height - top), Image.Transform.AFFINE, from_frame, _BILINEAR), top


def draw(picture: Image.Image, figure: Figure, view: View) -> Image.Image:
    """Draw the figure onto the picture, in place, and return it."""
    _shadow(picture, figure.shadow)
    patches = [part_patch(part, picture.size) for part in figure.parts]
    cover = Image.new("L", picture.size)
    for patch in patches:
        if patch:
            image, left, top = patch
            cover.paste(255, (left, top), image.getchannel("A"))
    _paste_outline(picture, cover, outline_radius(view, picture.height))
    for patch in patches:
        if patch:
            image, left, top = patch
            picture.paste(image, (left, top), image)
    return picture


def outline_radius(view: View, height: int) -> float:
    """Return the width of the sticker's rim in pixels, for a frame of this height."""
    return max(0.0125, 0.0165 * view.height) * height


def part_patch(part: Part, size: tuple[int, int]) -> tuple[Image.Image, int, int] | None:
    """Return a part's pixels within the frame as RGBA, with their left and top; None where it is out of sight."""
    m = part.to_frame
    density = (abs(m[0] * m[4] - m[1] * m[3])) ** 0.5
    picture = mip(part.name, density)
    to_frame = compose(m, picture.to_sprite)
    w, h = picture.image.size
    corners = [apply(to_frame, x, y) for x, y in ((0, 0), (w, 0), (0, h), (w, h))]
    left, top = max(0, floor(min(x for x, _ in corners))), max(0, floor(min(y for _, y in corners)))
    right = min(size[0], ceil(max(x for x, _ in corners)))
    bottom = min(size[1], ceil(max(y for _, y in corners)))
    if right <= left or bottom <= top:
        return None
    from_patch = compose(inverse(to_frame), translation(left, top))
    image = picture.image.transform((right - left, bottom - top), Image.Transform.AFFINE, from_patch, _BILINEAR)
    return image.convert("RGBA"), left, top


def _paste_outline(picture: Image.Image, cover: Image.Image, radius: float) -> None:
    """Lay a soft paper shadow and the light rim of a sticker round the covered shape."""
    box = cover.getbbox()
    if box is None:
        return
    reach = ceil(radius * 4) + 2
    box = (
        max(0, box[0] - reach), max(0, box[1] - reach),
        min(cover.width, box[2] + reach), min(cover.height, box[3] + reach),
    )  # fmt: skip
    shape = cover.crop(box)
    halo = Image.fromarray(_HALO[np.asarray(shape.filter(ImageFilter.BoxBlur(radius * 1.6)))])
    rim = Image.fromarray(_RIM[np.asarray(shape.filter(ImageFilter.BoxBlur(radius)))])
    offset = round(radius * 0.6)
    picture.paste(_SHADE, (box[0], box[1] + offset), halo)
    picture.paste(_OUTLINE, (box[0], box[1]), rim)


# From blurred cover to opacity, 256 steps each (looking up an array is faster than Image.point).
_HALO = np.array([round(min(1.0, v / 255 * 1.5) * 0.34 * 255) for v in range(256)], np.uint8)
_RIM = np.array([round(min(1.0, max(0.0, (v / 255 - 0.06) / 0.26)) * 255) for v in range(256)], np.uint8)


def _shadow(picture: Image.Image, shadow: tuple[float, float, float, float, float]) -> None:
    """Darken the ground under the figure with a soft ellipse."""
    x, y, rx, ry, strength = shadow
    left, top = floor(x - rx) - 1, floor(y - ry) - 1
    right, bottom = ceil(x + rx) + 1, ceil(y + ry) + 1
    if top >= picture.height or left >= picture.width or right <= 0 or bottom <= 0:
        return
    xs = (np.arange(left, right) + 0.5 - x) / rx
    ys = (np.arange(top, bottom) + 0.5 - y) / ry
    inside = np.clip(1.35 * (1.0 - xs[None, :] ** 2 - ys[:, None] ** 2), 0.0, 1.0) * (255 * strength)
    picture.paste(_SHADE, (left, top), Image.fromarray(inside.astype(np.uint8)))
