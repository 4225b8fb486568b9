"""Scenes: sampled from a seed, cut where they say so, and never a combination of the other split."""

from __future__ import annotations

from itertools import product

import pytest

from engine.world.scene import SceneSpec, sample_scene
from engine.world.vocabulary import COLOURS, PLACES, SPECIES, is_held_out

SCENES = [sample_scene(seed, 1 + seed % 9) for seed in range(300)]


def test_the_same_seed_gives_the_same_scene() -> None:
    assert sample_scene(7, 5) == sample_scene(7, 5)
    assert sample_scene(7, 5) != sample_scene(8, 5)


def test_training_never_sees_a_held_out_combination() -> None:
    assert not any(is_held_out(s.species, s.colour, s.place) for s in SCENES)


def test_the_held_out_split_holds_nothing_else() -> None:
    scenes = [sample_scene(seed, 2, "heldout") for seed in range(100)]
    assert all(is_held_out(s.species, s.colour, s.place) for s in scenes)


def test_one_combination_in_eight_is_held_out_and_every_pair_is_trained() -> None:
    everything = list(product(SPECIES, COLOURS, PLACES))
    trained = [c for c in everything if not is_held_out(*c)]
    assert len(trained) * 8 == len(everything) * 7
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert len({(c[first], c[second]) for c in trained}) == 64


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(ValueError, match="heldout"):
        sample_scene(0, 2, "test")


def test_a_first_segment_is_4n_plus_1_frames_and_a_continuation_4n() -> None:
    shots = [shot for scene in SCENES for shot in scene.shots]
    assert {s.frames for s in shots if not s.continues} == {9, 13, 17}
    assert {s.frames for s in shots if s.continues} == {8, 12, 16}


def test_a_continuation_goes_on_where_the_shot_before_it_ended() -> None:
    for scene in SCENES:
        assert not scene.shots[0].continues
        for before, shot in zip(scene.shots, scene.shots[1:], strict=False):
            if shot.continues:
                assert shot.start_frame == before.start_frame + before.frames
                kept = ("action", "framing", "camera", "mirrored", "phase")
                assert all(getattr(shot, name) == getattr(before, name) for name in kept)


def test_about_one_later_shot_in_seven_is_a_continuation() -> None:
    later = [shot.continues for scene in SCENES for shot in scene.shots[1:]]
    assert 0.11 < sum(later) / len(later) < 0.19


def test_a_cut_changes_the_framing_or_the_action_and_the_side() -> None:
    for scene in SCENES:
        for before, shot in zip(scene.shots, scene.shots[1:], strict=False):
            if not shot.continues and shot.framing == before.framing:
                assert shot.action != before.action and shot.mirrored != before.mirrored


def test_lengths_can_be_fixed() -> None:
    scene: SceneSpec = sample_scene(1, 9, continuation_rate=0.0, frames=(17,))
    assert [shot.frames for shot in scene.shots] == [17] * 9
