"""LoRAs of scenes and shots: kept, replaced, undone, written into stories, and found again in takes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from engine.contract import Finished, GenerateRequest, LoraUse, Saved
from storyboards.errors import InvalidValue, WrongState
from storyboards.films import film_metadata
from storyboards.loras import lora_word, read_lora, settings_again
from storyboards.requests import apply_event, plan_shot, start_next
from storyboards.story_text import parse_story, write_story

from .conftest import Scene
from .studio import make_take


@pytest.fixture
def look(tmp_path: Path) -> str:
    path = tmp_path / "look, warm (2).safetensors"
    path.write_bytes(b"weights")
    return str(path)


@pytest.fixture
def rain(tmp_path: Path) -> str:
    path = tmp_path / "rain.safetensors"
    path.write_bytes(b"weights")
    return str(path)


def lora(path: str, strength: float = 1.0, expert: str = "both") -> dict[str, Any]:
    return {"path": path, "strength": strength, "expert": expert}


def test_a_shots_list_replaces_its_scenes(scene: Scene, look: str, rain: str) -> None:
    board, (first, second, third, _) = scene.board, scene.shots
    board.edit_scene(scene.id, settings={"loras": [lora(look, 0.5)]})
    board.edit_shot(second, settings={"loras": [lora(rain)]})
    board.edit_shot(third, settings={"loras": []})
    asked = [plan_shot(board, shot).settings.loras for shot in (first, second, third)]
    assert asked == [(LoraUse(look, 0.5),), (LoraUse(rain),), ()]


def test_choosing_loras_is_undone_and_done_again(scene: Scene, look: str, rain: str) -> None:
    board, shot = scene.board, scene.shots[0]
    board.edit_shot(shot, settings={"loras": [lora(look)]})
    changed = board.edit_shot(shot, settings={"loras": [lora(look, 0.3), lora(rain)]})
    back = board.revert(changed)
    assert scene.view(1).settings == {"loras": [lora(look)]}
    board.revert(back)
    assert scene.view(1).settings == {"loras": [lora(look, 0.3), lora(rain)]}


@pytest.mark.parametrize(
    ("loras", "said"),
    [
        ("x", "do not work"),
        ([{"strength": 1.0}], "do not work"),
        ([{"path": "/a", "expert": "third"}], "do not work"),
        ([{"path": "a.safetensors"}], "whole path"),
        ([{"path": "/a", "strength": 11.0}], "-10 to 10"),
        ([{"path": "/a"}, {"path": "/a", "strength": 0.5}], "twice"),
    ],
)
def test_loras_that_make_no_sense_are_refused_in_words(scene: Scene, loras: object, said: str) -> None:
    with pytest.raises(InvalidValue, match=said):
        scene.board.edit_scene(scene.id, settings={"loras": loras})


def test_one_lora_may_be_worn_by_both_experts_with_different_strength(scene: Scene, look: str) -> None:
    both = [lora(look, 0.5, "high"), lora(look, 0.9, "low")]
    scene.board.edit_scene(scene.id, settings={"loras": both})
    assert scene.board.scene(scene.id).settings == {"loras": both}


def test_a_lora_that_is_gone_fails_its_own_job_and_says_which(scene: Scene, look: str) -> None:
    board, (first, second, *_) = scene.board, scene.shots
    board.edit_shot(first, settings={"loras": [lora(look)]})
    Path(look).unlink()
    with pytest.raises(WrongState, match="look, warm"):
        plan_shot(board, first)
    for shot in (first, second):
        board.queue_render(shot)
    begun = start_next(board)
    assert begun is not None and begun.request is None
    job = board.job(begun.job_id)
    assert (job.state, job.code) == ("failed", "missing_file") and look in job.message and "Put it back" in job.hint
    assert start_next(board).request is not None, "the queue goes on"  # type: ignore[union-attr]


def test_a_story_carries_the_loras_of_its_shots(scene: Scene, look: str, rain: str) -> None:
    board = scene.board
    worn = [lora(look, 0.5, "high"), lora(rain)]
    board.edit_shot(scene.shots[0], settings={"steps": 8, "loras": worn})
    board.edit_shot(scene.shots[1], settings={"loras": []})
    text = write_story(board.export_story(scene.id))
    assert "steps 8, lora " in text and "@high, lora " in text and "(cut, 17 frames, no loras)" in text
    copy = board.import_story(parse_story(text)).ids("inserted", "scene")[0]
    assert [shot.settings for shot in board.shots(copy)[:3]] == [{"steps": 8, "loras": worn}, {"loras": []}, {}]


@pytest.mark.parametrize(
    "word", ["/a/look.safetensors:0.8", "/a:b/look.safetensors:-1@low", "/look.safetensors:1@high"]
)
def test_a_lora_in_one_word_is_read_as_it_is_written(word: str) -> None:
    assert lora_word(read_lora(word)) == word


def test_a_strength_that_is_not_said_is_one() -> None:
    assert read_lora("look.safetensors") == lora("look.safetensors")
    assert read_lora("look.safetensors@low") == lora("look.safetensors", 1.0, "low")


def worn_as_the_engine_tells(request: GenerateRequest) -> dict[str, Any]:
    """The engine writes names and hashes, and leaves out what has no strength."""
    uses = [use for use in request.settings.loras or () if use.strength]
    told = [
        {"name": Path(use.path).name, "hash": "0" * 64, "strength": use.strength, "expert": use.expert} for use in uses
    ]
    return {"steps": 4, **({"loras": told} if told else {})}


def test_a_take_can_be_made_again_from_what_it_recorded(scene: Scene, look: str, rain: str) -> None:
    board, shot = scene.board, scene.shots[0]
    board.edit_scene(scene.id, settings={"loras": [lora(look, 0.0), lora(rain, 0.7)]})
    board.queue_render(shot)
    begun = start_next(board)
    assert begun is not None and isinstance(begun.request, GenerateRequest)
    task = begun.request.shots[0]
    result = make_take(begun.request, task, task.takes[0])
    result = dataclasses.replace(result, settings=worn_as_the_engine_tells(begun.request))
    for event in (Saved(begun.request.id, result), Finished(begun.request.id, 0.1)):
        apply_event(board, begun.job_id, event)
    (take,) = board.takes(shot)
    assert take.settings["loras"][0]["hash"] == "0" * 64
    again, lost = settings_again(take.settings)
    assert again["loras"] == [lora(rain, 0.7)] and lost == []
    told = film_metadata(board, [(board.scene(scene.id), board.shot(shot))])["shots"][0]["settings"]
    assert told["loras"][0]["name"] == "rain.safetensors" and str(Path(rain).parent) not in str(told)


def test_of_an_older_take_only_the_name_is_known() -> None:
    told = [{"name": "rain.safetensors", "hash": "0" * 64, "strength": 1.0, "expert": "both"}]
    assert settings_again({"steps": 4, "loras": told}) == ({"steps": 4, "loras": []}, ["rain.safetensors"])
