"""Shots are found where the picture changes; black and title cards are no shots; what looks alike is a scene."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.footage.grouping import WINDOW, group, overlap
from engine.footage.rules import Rules
from engine.footage.shots import Numbers, Span, find_spans, look_at
from tests.engine.footage.reels import black, reel, shot, still

RULES = Rules((64, 32), 8.0, 4, 5, 4)


def spans(*parts: np.ndarray, folder: Path) -> list[tuple[int, int]]:
    path = reel(folder / "reel.mp4", *parts)
    return [(span.start, span.stop) for span in find_spans(path, look_at(path))]


def test_a_cut_ends_a_shot(tmp_path: Path) -> None:
    assert spans(shot(12, 0), shot(10, 1), shot(9, 2), folder=tmp_path) == [(0, 12), (12, 22), (22, 31)]


def test_black_between_shots_belongs_to_none(tmp_path: Path) -> None:
    assert spans(black(6), shot(12, 0), black(8), shot(10, 1), folder=tmp_path) == [(6, 18), (26, 36)]


def test_the_dark_ends_of_a_fade_are_cut_off(tmp_path: Path) -> None:
    fading = shot(20, 0)
    light = np.clip(np.arange(20) / 8, 0, 1)[:, None, None, None]
    assert spans((fading * light).astype(np.uint8), folder=tmp_path) == [(3, 20)]


def test_a_still_picture_is_told_from_a_moving_one(tmp_path: Path) -> None:
    path = reel(tmp_path / "reel.mp4", shot(12, 0), still(12))
    seen = look_at(path)
    moving, title = find_spans(path, seen)
    assert not seen.stands_still(moving) and seen.stands_still(title)


def look(*bins: int) -> Numbers:
    """Three equal pictures whose colours fill these bins alike."""
    row = np.zeros(10, np.float32)
    row[list(bins)] = 1 / len(bins)
    return np.stack([row] * 3)


def scenes(*looks: Numbers, gap: int = 0) -> list[int]:
    """Sizes of the scenes of shots of ten frames at ten frames a second."""
    placed = [Span(n * (10 + gap), n * (10 + gap) + 10, seen) for n, seen in enumerate(looks)]
    return [len(scene) for scene in group(placed, 10.0)]


def test_shots_that_look_alike_are_a_scene_even_when_cut_back_and_forth() -> None:
    a, b, c = look(0, 1), look(4, 5), look(8, 9)
    assert scenes(a, b, a, b, c, c) == [4, 2]
    assert scenes(a, b, c) == [1, 1, 1]


def test_a_long_gap_or_a_full_window_ends_a_scene() -> None:
    a = look(0, 1)
    assert scenes(a, a, a, gap=25) == [1, 1, 1]
    assert scenes(*[a] * (WINDOW + 2)) == [WINDOW, 2]


def test_the_overlap_of_pictures_is_between_nothing_and_one() -> None:
    assert overlap(look(0, 1), look(0, 1)) == pytest.approx(1.0)
    assert overlap(look(0, 1), look(1, 2)) == pytest.approx(0.5)
    assert overlap(look(0), look(1)) == 0.0


def test_a_long_shot_becomes_a_shot_and_continuations() -> None:
    assert RULES.split(5, continues=False) == [5]
    assert RULES.split(12, continues=False) == [5, 4, 3]
    assert RULES.split(10, continues=False) == [5, 4]  # a rest of one latent frame is left out
    assert RULES.split(6, continues=True) == [4, 2]
    assert len(RULES.split(1000, continues=False)) == 6


def test_latent_frames_are_one_and_then_four_pixel_frames() -> None:
    assert [RULES.latents(n) for n in (0, 1, 4, 5, 16, 17)] == [0, 1, 1, 2, 4, 5]
    assert [RULES.frames(n) for n in (1, 2, 5)] == [1, 5, 17]
