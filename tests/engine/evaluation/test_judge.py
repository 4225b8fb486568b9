"""The judge may only be believed as far as it reads real renders."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.evaluation.consistency import evaluation_scene
from engine.evaluation.judge import judge_accuracy, load_judge
from engine.training.footage import render_footage
from engine.world.render import render_shot
from engine.world.vocabulary import COLOURS, is_held_out


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("footage")
    render_footage(folder, 1, 12, (112, 64), "heldout")
    return folder


def test_it_reads_held_out_renders(footage: Path) -> None:
    accuracy = judge_accuracy(load_judge(), footage)
    assert min(accuracy.values()) >= 0.97


def test_it_says_the_words_of_the_world() -> None:
    scene, _ = evaluation_scene(0)
    (answer,) = load_judge().read([render_shot(scene, 0)])
    assert answer["colour"] == scene.colour and answer["place"] == scene.place


def test_evaluation_scenes_are_held_out_and_their_later_prompts_are_silent() -> None:
    for number in range(40):
        scene, texts = evaluation_scene(number)
        assert is_held_out(scene.species, scene.colour, scene.place)
        assert scene.colour in texts[0]
        for text in texts[1:]:
            words = text.lower().replace(",", " ").replace(".", " ").split()
            assert not set(words) & set(COLOURS)
            assert scene.place not in words
