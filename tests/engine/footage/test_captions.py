"""Three sidecar formats, and errors that name the file and the reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.footage.captions import Sidecar, find_sidecar, sidecar_key
from engine.footage.errors import FootageError


def sidecar(folder: Path, ending: str, text: str) -> Sidecar:
    (folder / f"clip{ending}").write_text(text, encoding="utf-8")
    found = find_sidecar(folder / "clip.mp4")
    assert found is not None
    return found


def test_a_clip_without_a_sidecar_has_none(tmp_path: Path) -> None:
    assert find_sidecar(tmp_path / "clip.mp4") is None
    assert sidecar_key(tmp_path / "clip.mp4") == "none"


def test_one_line_of_text_is_told_of_every_shot(tmp_path: Path) -> None:
    found = sidecar(tmp_path, ".txt", "[Character] Character 1: a fox.\n\nA fox  walks.\n")
    assert found.global_text == "[Character] Character 1: a fox."
    assert [found.tell(n, 0, 1).caption for n in (0, 3)] == ["A fox walks."] * 2


def test_several_lines_are_a_caption_a_shot(tmp_path: Path) -> None:
    found = sidecar(tmp_path, ".txt", "First.\nSecond.\n")
    assert [found.tell(n, 0, 1).caption for n in range(3)] == ["First.", "Second.", ""]


def test_a_cue_is_told_of_the_shots_that_it_covers(tmp_path: Path) -> None:
    text = "1\n00:00:00,500 --> 00:00:02,000\nA fox\nwalks.\n\n2\n00:00:02,000 --> 00:00:06,000\nAn owl.\n"
    found = sidecar(tmp_path, ".srt", text)
    assert found.tell(0, 0.0, 1.9).caption == "A fox walks."
    assert found.tell(1, 1.9, 4.5).caption == "An owl."
    assert found.tell(2, 6.0, 8.0).caption == ""


def test_json_lists_shots_with_times_scenes_and_continuations(tmp_path: Path) -> None:
    shots = [
        {"start": 0, "end": 2, "caption": "A fox.", "full": "A fox in a red coat."},
        {"start": 2, "end": 4, "caption": "It goes on.", "continues": True, "scene": "other"},
    ]
    found = sidecar(tmp_path, ".json", json.dumps({"global": "G", "scene": "wood", "shots": shots}))
    assert found.listed and found.global_text == "G"
    first, second = found.shots
    assert (first.scene, first.continues, first.start, first.end) == ("wood", False, 0, 2)
    assert (second.scene, second.continues, second.start, second.end) == ("other", True, 2, 4)
    assert found.shots[0].full == "A fox in a red coat."


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Expecting"),
        ("[]", "no object"),
        ('{"shots": 3}', "not a list"),
        ('{"shots": [{"start": 1}]}', "not the other"),
        ('{"shots": [{"start": 2, "end": 1}]}', "lasts from 2 to 1"),
        ('{"shots": [{"start": 0, "end": 2}, {"caption": "x"}]}', "every shot"),
        ('{"shots": [{"start": 0, "end": 2}, {"start": 1, "end": 3}]}', "overlap"),
        ('{"shots": [{"caption": 5}]}', "not a text"),
    ],
)
def test_a_damaged_sidecar_says_what_is_wrong(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(FootageError, match=r"clip\.json") as raised:
        sidecar(tmp_path, ".json", text)
    assert why in raised.value.message


def test_the_key_follows_the_text(tmp_path: Path) -> None:
    sidecar(tmp_path, ".txt", "One.")
    before = sidecar_key(tmp_path / "clip.mp4")
    sidecar(tmp_path, ".txt", "Two.")
    assert sidecar_key(tmp_path / "clip.mp4") != before
