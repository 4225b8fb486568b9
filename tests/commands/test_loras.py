"""`loras`: the LoRAs of a scene and its shots, chosen from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.commands.conftest import CommandLine


@pytest.fixture
def look(tmp_path: Path) -> Path:
    """A LoRA for the tiny model."""
    path, generator = tmp_path / "look.safetensors", torch.Generator().manual_seed(0)
    pair = {"lora_A": torch.randn(2, 48, generator=generator), "lora_B": torch.randn(48, 2, generator=generator)}
    stem = "transformer.blocks.0.attn1.to_q"
    save_file({f"{stem}.{name}.weight": tensor for name, tensor in pair.items()}, path)
    return path


@pytest.fixture
def tale(matchcut: CommandLine, story_file: Path) -> Path:
    """A project with three shots and no takes."""
    return Path(matchcut.ok("new", "tale", "--story", story_file)["project"])


def test_they_are_chosen_shown_and_cleared(matchcut: CommandLine, tale: Path, look: Path) -> None:
    of_scene = matchcut.ok("loras", "tale", "--set", f"{look}:0.8")
    assert of_scene["loras"] == [{"path": str(look), "strength": 0.8, "expert": "both"}]
    matchcut.ok("loras", "tale", "--shot", "2", "--set", f"{look}:0.5@high")
    matchcut.ok("loras", "tale", "--shot", "3", "--none")
    said = matchcut("loras", "tale").out
    assert "look.safetensors:0.8" in said and "look.safetensors:0.5@high" in said
    assert "in place of the scene's" in said and "shot 1" not in said
    own = {shot["number"]: shot["own"] for shot in matchcut.ok("loras", "tale")["shots"]}
    assert own[1] is None and own[2][0]["expert"] == "high" and own[3] == []
    matchcut.ok("loras", "tale", "--shot", "2", "--clear")
    assert "as the scene" in matchcut("loras", "tale", "--shot", "2").out
    assert matchcut.ok("loras", "tale", "--clear")["loras"] == []


def test_a_take_is_made_with_those_of_its_scene(matchcut: CommandLine, rendered: Path, look: Path) -> None:
    matchcut.ok("loras", "tale", "--set", f"{look}:0.5")
    made = matchcut.ok("regenerate", "1", "--steps", "1")
    manifest = json.loads((Path(made["takes"][0]["folder"]) / "manifest.json").read_text())
    assert [(worn["name"], worn["strength"]) for worn in manifest["settings"]["loras"]] == [("look.safetensors", 0.5)]


def test_a_file_that_is_gone_is_said_and_fails_only_its_shot(matchcut: CommandLine, tale: Path, look: Path) -> None:
    matchcut.ok("loras", "tale", "--shot", "1", "--set", look)
    look.unlink()
    assert "(not there)" in matchcut("loras", "tale").out
    answer = matchcut("regenerate", "1", "--steps", "1")
    assert answer.code == 1 and "is not there" in answer.err and "Traceback" not in answer.err


def test_what_makes_no_sense_is_refused(matchcut: CommandLine, tale: Path, look: Path) -> None:
    for words, said in (
        (("--set", "nowhere.safetensors"), "There is no LoRA at nowhere.safetensors"),
        (("--set", f"{look}:99"), "cannot have the strength 99"),
        (("--set", look, f"{look}:0.5"), "twice"),
        (("--none",), "--clear"),
        (("--shot", "9", "--clear"), "no shot 9"),
    ):
        answer = matchcut("loras", "tale", *words)
        assert answer.code == 1 and said in answer.err, answer.err
