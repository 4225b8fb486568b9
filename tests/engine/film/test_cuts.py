"""Finding where shots begin, in tiny short clips and in real ones."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from engine.film.cuts import detect_cuts
from engine.film.encode import encode_video
from engine.world.render import render_scene
from engine.world.scene import sample_scene
from tests.engine.film.footage import CLIPS, moving_shot

Method = Literal["own", "scenedetect"]
_PYSCENEDETECT = pytest.mark.skipif(
    importlib.util.find_spec("scenedetect") is None, reason="PySceneDetect (extra `evaluation`) is not installed"
)
METHODS = pytest.mark.parametrize("method", ["own", pytest.param("scenedetect", marks=_PYSCENEDETECT)])


@METHODS
def test_cuts_between_tiny_moving_shots_are_found_to_the_frame(tmp_path: Path, method: Method) -> None:
    shots = [moving_shot(length, seed, (112, 64)) for seed, length in enumerate([8, 17, 9, 13])]
    encode_video(tmp_path / "film.mp4", np.concatenate(shots), 8.0)
    assert detect_cuts(tmp_path / "film.mp4", method) == [8, 25, 34]


@METHODS
def test_a_single_shot_has_no_cut_however_still_or_short(tmp_path: Path, method: Method) -> None:
    for name, frames in (
        ("moving", moving_shot(17)),
        ("still", np.repeat(moving_shot(1), 12, axis=0)),
        ("one", moving_shot(1)),
        ("fading in", (moving_shot(17) * np.linspace(0, 1, 17)[:, None, None, None]).astype(np.uint8)),
    ):
        encode_video(tmp_path / f"{name}.mp4", frames, 8.0)
        assert detect_cuts(tmp_path / f"{name}.mp4", method) == [], name


@METHODS
def test_cuts_of_paper_theatre_scenes_are_found(tmp_path: Path, method: Method) -> None:
    found_all = true_all = right = 0
    for seed in range(100, 106):  # not the scenes that the thresholds were chosen on
        scene = sample_scene(seed, 4)
        shots = render_scene(scene)
        starts = np.cumsum([0, *(len(shot) for shot in shots[:-1])])
        truth = {int(at) for at, shot in zip(starts, scene.shots, strict=True) if at and not shot.continues}
        encode_video(tmp_path / "scene.mp4", np.concatenate(shots), 8.0)
        found = set(detect_cuts(tmp_path / "scene.mp4", method))
        found_all, true_all, right = found_all + len(found), true_all + len(truth), right + len(found & truth)
    assert true_all > 10
    assert right >= 0.9 * true_all and right >= 0.9 * found_all


@METHODS
@pytest.mark.skipif(not CLIPS.is_dir(), reason=f"real clips are not here: {CLIPS}")
def test_the_three_cuts_of_big_buck_bunny_are_found(method: Method) -> None:
    # Seen by eye: the meadow ends before frame 285, the path before 378, the bird before 553.
    assert detect_cuts(CLIPS / "big-buck-bunny-four-shots.mp4", method) == [285, 378, 553]
