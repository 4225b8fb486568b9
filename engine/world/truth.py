"""The truth about a shot, computed from the same maps that draw it: attributes, boxes, optical flow."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from .affine import Affine, compose, inverse
from .camera import view_at
from .drawing import (
    backdrop_patch,
    layer_to_frame,
    outline_radius,
    part_patch,
    shot_layers,
)
from .figure import Figure, figure_at
from .scene import SceneSpec

Attributes = dict[str, str | bool | int]


@dataclass(frozen=True)
class ShotTruth:
    """What is so in a shot of T frames of H x W pixels.

    attributes: the names of the vocabulary, and "cut": whether the shot begins with one.
    head_boxes, figure_boxes: (T, 4) float32, x0, y0, x1, y1 in pixels within the frame; the figure's box holds the
    balloon but not the sticker's rim.
    flow: (T - 1, H, W, 2) float32, (dx, dy) in pixels from frame t to frame t + 1.
    """

    attributes: Attributes
    head_boxes: NDArray[np.float32]
    figure_boxes: NDArray[np.float32]
    flow: NDArray[np.float32]


@dataclass(frozen=True)
class _Instant:
    """One frame's maps, scenery first, then the figure's parts; what each pixel shows (an index of the maps)."""

    maps: tuple[Affine, ...]
    owner: NDArray[np.intp]
    head_box: tuple[float, float, float, float]
    figure_box: tuple[float, float, float, float]


def attributes_of(scene: SceneSpec, index: int) -> Attributes:
    """Return what shot `index` shows, in the words of the vocabulary."""
    shot = scene.shots[index]
    return {
        "species": scene.species,
        "colour": scene.colour,
        "hat": scene.hat,
        "place": scene.place,
        "time": scene.time,
        "action": shot.action,
        "framing": shot.framing,
        "camera": shot.camera,
        "mirrored": shot.mirrored,
        "cut": not shot.continues,
    }


def ground_truth(scene: SceneSpec, index: int, size: tuple[int, int] = (112, 64)) -> ShotTruth:
    """Return the truth about shot `index` drawn at `size` (width, height)."""
    instants = [_instant(scene, index, n, size) for n in range(scene.shots[index].frames)]
    flow = np.zeros((max(0, len(instants) - 1), size[1], size[0], 2), np.float32)
    for n, (now, after) in enumerate(pairwise(instants)):
        flow[n] = _flow(now, after)
    return ShotTruth(
        attributes_of(scene, index),
        np.array([i.head_box for i in instants], np.float32),
        np.array([i.figure_box for i in instants], np.float32),
        flow,
    )


def figure_boxes(scene: SceneSpec, index: int, size: tuple[int, int] = (112, 64)) -> NDArray[np.float32]:
    """Return `ground_truth(...).figure_boxes` alone, (T, 4): a twentieth of the work."""
    boxes = []
    for n in range(scene.shots[index].frames):
        frame = scene.shots[index].start_frame + n
        figure = figure_at(scene, index, frame, view_at(scene, index, frame, size[0] / size[1]), size[1])
        whole = Image.new("L", size)
        for part in figure.parts:
            if part.name != "snore":
                whole.paste(255, (0, 0), _cover(part_patch(part, size), size))
        boxes.append(_box(whole))
    return np.array(boxes, np.float32)


def _instant(scene: SceneSpec, index: int, n: int, size: tuple[int, int]) -> _Instant:
    shot = scene.shots[index]
    frame = shot.start_frame + n
    view = view_at(scene, index, frame, size[0] / size[1])
    figure = figure_at(scene, index, frame, view, size[1])
    layers = shot_layers(scene, index, size)
    # Unrolled: the wrap of a strip's start must not look like a jump.
    maps = [layer_to_frame(layer, shot.framing, view, size, wrap=False) for layer in layers]
    owner = np.zeros((size[1], size[0]), np.intp)
    for rank, layer in enumerate(layers):
        patch, top = backdrop_patch(layer, layer_to_frame(layer, shot.framing, view, size), size)
        if rank:
            owner[top:][np.asarray(patch.getchannel("a")) > 127] = rank
    head_box, figure_box = _claim(owner, figure, size, outline_radius(view, size[1]), len(layers))
    return _Instant((*maps, *(part.to_frame for part in figure.parts)), owner, head_box, figure_box)


def _claim(
    owner: NDArray[np.intp], figure: Figure, size: tuple[int, int], radius: float, first: int
) -> tuple[tuple[float, float, float, float], tuple[float, float, float, float]]:
    """Give the figure's pixels, and its rim's, to its parts; return the boxes of the head and of all parts."""
    covers = [_cover(part_patch(part, size), size) for part in figure.parts]
    for rank, cover in enumerate(covers):
        rim = cover.filter(ImageFilter.MaxFilter(2 * ceil(radius) + 1))
        owner[np.asarray(rim) > 127] = first + rank
    whole = Image.new("L", size)
    for rank, cover in enumerate(covers):
        owner[np.asarray(cover) > 127] = first + rank
        if figure.parts[rank].name != "snore":
            whole.paste(255, (0, 0), cover)
    return _box(covers[figure.head]), _box(whole)


def _cover(patch: tuple[Image.Image, int, int] | None, size: tuple[int, int]) -> Image.Image:
    cover = Image.new("L", size)
    if patch:
        image, left, top = patch
        cover.paste(image.getchannel("A"), (left, top))
    return cover


def _box(cover: Image.Image) -> tuple[float, float, float, float]:
    box = cover.point([255 if v > 100 else 0 for v in range(256)]).getbbox()
    return (0.0, 0.0, 0.0, 0.0) if box is None else (float(box[0]), float(box[1]), float(box[2]), float(box[3]))


def _flow(now: _Instant, after: _Instant) -> NDArray[np.float32]:
    """Return (H, W, 2): where each pixel's owner carries it, less where it is."""
    height, width = now.owner.shape
    moves = np.array([compose(b, inverse(a)) for a, b in zip(now.maps, after.maps, strict=True)])
    a, b, c, d, e, f = np.moveaxis(moves[now.owner], -1, 0)
    y, x = np.mgrid[0:height, 0:width] + 0.5
    return np.stack((a * x + b * y + c - x, d * x + e * y + f - y), axis=-1).astype(np.float32)
