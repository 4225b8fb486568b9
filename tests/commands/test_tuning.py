"""`data build` and `train lct` as a user types them, on small real clips with the tiny model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.conftest import CommandLine
from tests.engine.footage.reels import reel, shot


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    """Two reels of three shots; one is told by a sidecar."""
    folder = tmp_path / "footage"
    for number in range(2):
        reel(folder / f"{number}.mp4", *(shot(12, 3 * number + n) for n in range(3)))
    told = [{"start": 1.5 * n, "end": 1.5 * (n + 1), "caption": f"A fox {n}."} for n in range(3)]
    (folder / "0.json").write_text(json.dumps({"global": "[Character] a fox.", "shots": told}), encoding="utf-8")
    return folder


def test_from_footage_to_a_model_that_renders(matchcut: CommandLine, footage: Path, tiny_model: Path) -> None:
    built = matchcut.ok("data", "build", footage, "--out", "fox-data", "--model", tiny_model, "--sheet")
    assert (built["clips"], built["shots"], built["captioned"]) == (2, 6, 3)
    assert Path(built["sheet"]).is_file()
    again = matchcut("data", "build", footage, "--out", "fox-data", "--model", tiny_model)
    assert again.code == 0 and "2 unchanged" in again.out and "3 of 6 shots have no caption" in again.out
    words = ["train", "lct", "--base", tiny_model, "--data", "fox-data", "--out", "fox", "--mode", "full", "--shots", 3]
    tuned = matchcut.ok(*words, "--stage", "causal", "--steps", 2)
    assert tuned["lora"] is None and tuned["stages"]["causal"]["step"] == 2
    refused = matchcut(*words, "--stage", "causal", "--steps", 2)
    assert refused.code == 1 and "holds a run already. Add --resume" in refused.err
    shown = matchcut.ok("models", tuned["model"])
    assert any(model["name"] == "model" and not model["problem"] for model in shown["models"])


def test_a_wrong_source_of_captions_says_what_there_is(matchcut: CommandLine, footage: Path) -> None:
    answer = matchcut("data", "build", footage, "--out", "data", "--captions", "gpt")
    assert answer.code == 1 and "--captions vlm:FOLDER" in answer.err
    answer = matchcut("data", "build", footage, "--out", "data", "--captions", "vlm:nowhere")
    assert answer.code == 1 and "no vision-language model in nowhere" in answer.err


def test_footage_and_data_that_are_not_there_are_named(matchcut: CommandLine, tiny_model: Path) -> None:
    answer = matchcut("data", "build", "nowhere", "--out", "data", "--model", tiny_model)
    assert answer.code == 1 and "There is no folder nowhere." in answer.err
    answer = matchcut("train", "lct", "--base", tiny_model, "--data", "nowhere", "--out", "fox")
    assert answer.code == 1 and "owhere is no data set. Build it" in answer.err


def test_an_accelerate_config_that_is_not_there_is_named(matchcut: CommandLine) -> None:
    answer = matchcut("train", "lct", "--data", "d", "--out", "o", "--accelerate-config", "none.yaml")
    assert answer.code == 1 and "There is no accelerate config none.yaml." in answer.err
