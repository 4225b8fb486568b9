"""The model that comes with Matchcut: whole, small, safe, and it makes a shot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from engine import contract as c
from engine.backbone.loading import BUILT_IN, Backbone, load_backbone
from engine.engine import Engine
from engine.evaluation.bench import cached_against_uncached, packed_against_exact
from engine.evaluation.vae import evaluate_vae
from engine.film.decode import probe

MODEL = BUILT_IN / "paper-theatre"
MIB = 1 << 20


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone("paper-theatre", torch.device("cpu"))


def test_the_folder_is_small_and_holds_no_pickles() -> None:
    files = [p for p in MODEL.rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in files) <= 44 * MIB
    assert sum(p.stat().st_size for p in (MODEL / "text_encoder").iterdir()) <= 14 * MIB
    assert {p.suffix for p in files} <= {".json", ".safetensors"}


def test_every_stage_of_the_curriculum_was_measured() -> None:
    stages = json.loads((MODEL / "stages.json").read_text())
    assert list(stages) == ["shot", "lct", "causal"]
    assert all(0 <= stage["with_context"] <= 1 for stage in stages.values())


def test_cached_context_is_exact_on_the_real_weights(backbone: Backbone) -> None:
    assert all(value <= 1e-4 for value in cached_against_uncached(backbone, 2).values())


def test_context_in_eight_bits_costs_half_and_hardly_shows(backbone: Backbone) -> None:
    plain, int8, fp8 = packed_against_exact(backbone, 2)
    assert plain["error"] == 0 < int8["error"] < fp8["error"] < 0.02
    assert int8["kv_bytes"] == fp8["kv_bytes"] < 0.55 * plain["kv_bytes"]


def test_the_vae_keeps_held_out_clips(backbone: Backbone) -> None:
    assert evaluate_vae(backbone, 6, lambda _: None)["psnr_db"] >= 24


def test_it_makes_a_shot(tmp_path: Path) -> None:
    task = c.TakeTask("t", 1, str(tmp_path / "t"))
    shot = c.ShotTask("s", "shot 1", 0, "[SHOT CUT] A fox in a red coat jumps on the beach.", 9, (task,))
    settings = c.SamplingSettings(steps=2)
    asked = c.GenerateRequest("r", "paper-theatre", "scene", 1, (shot,), settings=settings)
    events = list(Engine(torch.device("cpu")).run(asked))
    (take,) = [e.take for e in events if isinstance(e, c.Saved)]
    video = probe(take.video)
    assert (video.width, video.height, video.frames) == (112, 64, 9)
