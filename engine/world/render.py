"""Render shots and scenes of the paper theatre to frames, and tell the truth about them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .camera import view_at
from .drawing import backdrop, draw, shot_layers
from .figure import figure_at
from .scene import SceneSpec
from .truth import ShotTruth, ground_truth

__all__ = ["Frames", "ShotTruth", "ground_truth", "render_scene", "render_shot"]

Frames = NDArray[np.uint8]
_SIZE = (112, 64)


def render_scene(scene: SceneSpec, size: tuple[int, int] = _SIZE) -> list[Frames]:
    """Return every shot of the scene as (T, H, W, 3) uint8 RGB; `size` is (width, height)."""
    return [render_shot(scene, index, size) for index in range(len(scene.shots))]


def render_shot(scene: SceneSpec, index: int, size: tuple[int, int] = _SIZE) -> Frames:
    """Return shot `index` as (T, H, W, 3) uint8 RGB; `size` is (width, height)."""
    shot = scene.shots[index]
    width, height = size
    frames = np.empty((shot.frames, height, width, 3), np.uint8)
    layers = shot_layers(scene, index, size)
    behind: Image.Image | None = None
    previous: tuple[float, float] | None = None
    for n in range(shot.frames):
        view = view_at(scene, index, shot.start_frame + n, width / height)
        if behind is None or previous != (view.travel, view.zoom):
            behind = backdrop(layers, shot.framing, view, size)
            previous = (view.travel, view.zoom)
        figure = figure_at(scene, index, shot.start_frame + n, view, height)
        frames[n] = np.asarray(draw(behind.copy(), figure, view))
    return frames
