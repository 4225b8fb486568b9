"""Pictures: the same each time, joined without a seam where a shot continues, and true to the ground truth."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.world.places import strips_of
from engine.world.render import ground_truth, render_scene, render_shot
from engine.world.scene import SceneSpec, ShotSpec, sample_scene
from engine.world.scenery import prepare
from engine.world.sheet import write_sheet
from engine.world.vocabulary import ACTIONS, COLOURS, FRAMINGS, PLACES, SPECIES

SHOT = ShotSpec("waves", "medium", "still", False, 9, False, 0, 0.1)
SCENE = SceneSpec(1, "fox", "red", True, "forest", "day", (SHOT,))


def scene_with(**changes: object) -> SceneSpec:
    """Return a one-shot scene with some of the shot's fields changed."""
    return replace(SCENE, shots=(replace(SHOT, **changes),))  # type: ignore[arg-type]


def change(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Return the mean absolute difference of two frames, in levels."""
    return float(np.abs(a.astype(np.float32) - b).mean())


def test_frames_have_the_shape_asked_for() -> None:
    scene = sample_scene(3, 3)
    for film, shot in zip(render_scene(scene), scene.shots, strict=True):
        assert film.shape == (shot.frames, 64, 112, 3) and film.dtype == np.uint8


def test_the_same_scene_is_drawn_the_same_also_with_cold_caches() -> None:
    scene = sample_scene(11, 2)
    first = render_scene(scene)
    strips_of.cache_clear()
    prepare.cache_clear()
    assert all(np.array_equal(a, b) for a, b in zip(first, render_scene(scene), strict=True))


@pytest.mark.parametrize("place", PLACES)
def test_a_larger_picture_is_the_same_picture_in_more_detail(place: str) -> None:
    scene = replace(scene_with(frames=1), place=place)
    large = Image.fromarray(render_shot(scene, 0, (224, 128))[0])
    assert change(np.asarray(large.reduce(2)), render_shot(scene, 0)[0]) < 5.0


@pytest.mark.parametrize("camera", ["still", "pan", "push"])
@pytest.mark.parametrize("action", ACTIONS)
def test_a_continuation_has_no_seam(action: str, camera: str) -> None:
    whole = scene_with(action=action, camera=camera, frames=17)
    first = replace(whole.shots[0], frames=9)
    rest = replace(first, frames=8, continues=True, start_frame=9)
    joined = np.concatenate(render_scene(replace(whole, shots=(first, rest))))
    assert np.array_equal(joined, render_shot(whole, 0))


def test_a_cut_shows() -> None:
    for seed in range(6):
        scene = sample_scene(seed, 4, continuation_rate=0.0, frames=(9,))
        films = render_scene(scene)
        for before, after in pairwise(films):
            assert change(before[-1], after[0]) > 10.0


@pytest.mark.parametrize("colour", COLOURS)
def test_the_coat_shows_its_colour_at_any_time_of_day(colour: str) -> None:
    for time in ("day", "sunset", "night"):
        scene = replace(scene_with(action="floats", frames=1), colour=colour, time=time, hat=False)
        picture = render_shot(scene, 0)[0].astype(np.float32)
        near = np.linalg.norm(picture - np.array(COLOURS[colour], np.float32), axis=-1) < 24
        x0, y0, x1, y1 = ground_truth(scene, 0).figure_boxes[0].astype(int)
        assert near[y0:y1, x0:x1].sum() > 90


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("action", ACTIONS)
def test_the_boxes_hold_the_figure_and_the_head_stays_in_the_frame(action: str, framing: str) -> None:
    scene = scene_with(action=action, framing=framing, frames=5)
    truth = ground_truth(scene, 0)
    bare = render_shot(scene, 0).astype(np.int16)
    other = render_shot(replace(scene, species="koala", colour="white"), 0).astype(np.int16)
    for n, (x0, y0, x1, y1) in enumerate(truth.figure_boxes.astype(int)):
        # Another figure in the same pose changes nothing beyond the box but the rim.
        changed = np.abs(bare[n] - other[n]).max(axis=-1) > 60
        changed[max(0, y0 - 4) : y1 + 4, max(0, x0 - 4) : x1 + 4] = False
        assert not changed.any()
        hx0, hy0, hx1, hy1 = truth.head_boxes[n]
        assert x0 <= hx0 and y0 <= hy0 and hx1 <= x1 and hy1 <= y1
        assert hx0 > 0 and hx1 < 112 and hy0 >= 0 and hy1 < 64
        assert (hx1 - hx0) * (hy1 - hy0) > 100


@pytest.mark.parametrize("species", SPECIES)
def test_heads_differ_between_species(species: str) -> None:
    scene = replace(scene_with(framing="close", frames=1), hat=False)
    x0, y0, x1, y1 = ground_truth(scene, 0).head_boxes[0].astype(int)
    mine = render_shot(replace(scene, species=species), 0)[0][y0:y1, x0:x1]
    for other in SPECIES:
        theirs = render_shot(replace(scene, species=other), 0)[0][y0:y1, x0:x1]
        assert other == species or change(mine, theirs) > 15.0


@pytest.mark.parametrize("camera", ["still", "pan", "push"])
@pytest.mark.parametrize("action", ACTIONS)
def test_the_flow_carries_each_pixel_to_the_next_frame(action: str, camera: str) -> None:
    scene = scene_with(action=action, camera=camera, frames=5)
    film = render_shot(scene, 0).astype(np.float32)
    flow = ground_truth(scene, 0).flow
    assert flow.shape == (4, 64, 112, 2) and flow.dtype == np.float32
    for n in range(4):
        error = np.abs(warp(film[n + 1], flow[n]) - film[n]).mean(axis=-1)
        # What is uncovered has no origin, and rims mix two motions: nine pixels in ten must agree.
        assert np.median(error) < 2.0
        assert (error < 16).mean() > 0.88


def warp(picture: NDArray[np.float32], flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sample (H, W, 3) bilinearly at each pixel's place plus its flow (H, W, 2), clamped to the frame."""
    height, width, _ = picture.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = np.clip(x + flow[..., 0], 0, width - 1.001), np.clip(y + flow[..., 1], 0, height - 1.001)
    left, top = x.astype(int), y.astype(int)
    u, v = (x - left)[..., None], (y - top)[..., None]
    above = picture[top, left] * (1 - u) + picture[top, left + 1] * u
    below = picture[top + 1, left] * (1 - u) + picture[top + 1, left + 1] * u
    sampled: NDArray[np.float32] = above * (1 - v) + below * v
    return sampled


def test_the_attributes_tell_the_scene_and_the_cut() -> None:
    scene = sample_scene(5, 2, continuation_rate=1.0)
    assert [ground_truth(scene, i).attributes["cut"] for i in range(2)] == [True, False]
    assert ground_truth(scene, 0).attributes["species"] == scene.species


def test_a_sheet_is_written(tmp_path: object) -> None:
    path = write_sheet(f"{tmp_path}/sheet.png", scenes=1, shots=2)
    with Image.open(path) as sheet:
        assert sheet.width > 600 and sheet.height > 100
