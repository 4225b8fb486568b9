"""Verbs on models: list them, look at their world, measure them, show what they do."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from commands.demo import fresh_folder
from engine.backbone.loading import model_fingerprint
from engine.catalogue.profile import load_profile
from engine.evaluation.judge import Judge
from engine.film.decode import probe
from tests.commands.conftest import CommandLine


@pytest.fixture(scope="session")
def judge_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A judge that has learnt nothing."""
    folder = tmp_path_factory.mktemp("judge")
    torch.manual_seed(0)
    save_file(
        {name: value.half().contiguous() for name, value in Judge().state_dict().items()}, folder / "model.safetensors"
    )
    return folder


def test_models_are_listed_with_what_they_are(matchcut: CommandLine, tiny_model: Path) -> None:
    found = matchcut.ok("models", tiny_model)["models"][-1]
    assert found["name"] == "tiny" and not found["built_in"] and found["problem"] == ""
    assert found["licence"] == "Apache-2.0" and found["profile"]["steps"] == 2
    assert found["fingerprint"] == model_fingerprint(tiny_model)
    assert found["bytes"] == sum(path.stat().st_size for path in tiny_model.rglob("*") if path.is_file())
    assert "tiny" in matchcut("models", tiny_model).out


def test_an_incomplete_model_is_listed_with_what_it_lacks(matchcut: CommandLine, tiny_model: Path) -> None:
    folder = Path("half")
    folder.mkdir()
    (folder / "profile.json").write_bytes((tiny_model / "profile.json").read_bytes())
    assert "lacks transformer, vae" in matchcut.ok("models", "half")["models"][-1]["problem"]
    (folder / "profile.json").write_text('{"colour": 1}', encoding="utf-8")
    assert "colour" in matchcut.ok("models", "half")["models"][-1]["problem"]


def test_the_world_can_be_looked_at(matchcut: CommandLine) -> None:
    made = matchcut.ok("world", "--sheet", "out/world.png", "--scenes", 1, "--shots", 2, "--split", "heldout")
    with Image.open(made["sheet"]) as sheet:
        assert sheet.width > 2 * 3 * 112


def test_the_vae_is_measured(matchcut: CommandLine, tiny_model: Path) -> None:
    found = matchcut.ok("evaluate", "vae", "--clips", 2, "--model", tiny_model)
    assert found["clips"] == 2 and found["frames"] == 17 and found["size"] == [64, 32]
    assert all(math.isfinite(found[name]) and found[name] > 0 for name in ("psnr_db", "encode_ms", "decode_ms"))
    assert found["disturbed_db"] <= found["psnr_db"] and found["motion"]["footage"]["inside"] > 0


@pytest.mark.timeout(240)
def test_consistency_is_measured_and_recorded(matchcut: CommandLine, theatre_model: Path, judge_folder: Path) -> None:
    words = ("evaluate", "consistency", "--scenes", 1, "--steps", 1, "--model", theatre_model, "--judge", judge_folder)
    found = matchcut.ok(*words, "--sheets", "sheets", "--record", "first")
    asked = {"scenes", "judge_accuracy", "chance", "without_context", "with_context", "two_sided", "one_sided"}
    assert asked | {"prompt", "by_gap", "stages", "joint", "kept", "judge_reconstructions"} <= set(found)
    assert found["chance"] == 0.125 and {"species", "place", "action"} <= set(found["prompt"])
    assert set(found["by_gap"]) == {"1", "2", "3"}
    assert found["stages"]["first"]["with_context"] == found["with_context"]
    assert len(found["sheets"]) == 1 and Path(found["sheets"][0]).is_file()
    quick = matchcut.ok(*words, "--quick")
    assert quick["stages"] == json.loads((theatre_model / "stages.json").read_text(encoding="utf-8"))
    assert quick["joint"] is None and quick["with_context"] == found["with_context"]


def test_without_a_judge_it_says_how_to_train_one(matchcut: CommandLine, tiny_model: Path) -> None:
    answer = matchcut("evaluate", "consistency", "--model", tiny_model, "--judge", "nowhere")
    assert answer.code == 1 and "main.py train judge" in answer.err


@pytest.mark.timeout(240)
def test_the_context_cache_is_timed_and_exact(matchcut: CommandLine, tiny_model: Path) -> None:
    found = matchcut.ok("bench", "context", "--steps", 1, "--contexts", "0,2", "--model", tiny_model)
    assert found["max_abs_diff"] < 1e-4 and [row["context"] for row in found["rows"]] == [0, 2]
    assert {"joint_over_warm", "warm_over_none", "seeds"} <= set(found)
    wrong = matchcut("bench", "context", "--contexts", "1", "--model", tiny_model)
    assert wrong.code == 1 and "Begin --contexts with 0" in wrong.err


def test_regenerating_leaves_every_other_file_as_it_was(matchcut: CommandLine, tiny_model: Path) -> None:
    found = matchcut.ok("bench", "regenerate", "--steps", 1, "--model", tiny_model)
    assert found["holds"] and found["takes"] == 6 and found["changed"] == []
    assert found["new"] == ["shot 2 take 2"] and found["stale_after"] == [3, 4, 5, 6]
    assert found["stale_after_going_back"] == [] and len(found["hashes"]["shot 1 take 1"]) == 5


@pytest.mark.timeout(240)
def test_the_demo_makes_a_film_and_a_sheet_and_overwrites_nobodys_work(matchcut: CommandLine, tiny_model: Path) -> None:
    words = ("demo", "--model", tiny_model, "--steps", 1)
    first = matchcut.ok(*words)
    film = probe(first["film"])
    assert film.frames == sum((17, 13, 13, 17, 13, 17)) and len(first["takes"]) == 6
    assert film.width >= 640 > film.width - load_profile(tiny_model / "profile.json").size[0], "large enough to watch"
    with Image.open(first["contact_sheet"]) as sheet:
        assert sheet.height > 6 * 2 * 32
    assert Path(first["film"]).parent == matchcut.cwd / "out" / "demo" and first["seconds"] > 0
    said = matchcut(*words)
    assert said.code == 0 and first["film"] in said.out and first["contact_sheet"] in said.out
    assert [path.name for path in (matchcut.cwd / "out").iterdir()] == ["demo"], "an untouched demo is replaced"
    matchcut.ok("regenerate", "out/demo/fox-at-sunset.matchcut", 1, "--steps", 1)
    assert fresh_folder(Path("out/demo")).name == "demo-2", "a demo that someone worked on stays"
    assert len(matchcut.ok("show", "out/demo/fox-at-sunset.matchcut", 1)["takes"]) == 2
