"""The benchmark's own code at a tiny size: what it compares is the same thing on both sides."""

from __future__ import annotations

import pytest
import torch

from engine.evaluation.bench_backbone import Structure, bench_backbone, compiled_ratio, context_row, peaks, stage_of

CPU = torch.device("cpu")
TINY = Structure.reduced(layers=2, heads=1, text_dim=32)


def test_our_shot_and_diffusers_pipeline_make_the_same_latents_from_the_same_weights() -> None:
    stage = stage_of(TINY, CPU, torch.float32, steps=2)
    assert torch.equal(stage.shot(), stage.pipeline()())


def test_a_row_says_what_the_cache_holds() -> None:
    stage = stage_of(TINY, CPU, torch.float32, steps=1)
    row = context_row(stage, 2, repeats=1)
    tokens = stage.backbone.tokens(TINY.latents, TINY.profile.size)
    assert row["kv_bytes"] == 2 * TINY.architecture.layers * 2 * tokens * TINY.architecture.dim * 4
    assert row["joint_s"] > 0 and row["warm_s"] > 0


def test_making_all_together_holds_more_than_reading_the_cache() -> None:
    found = peaks(stage_of(TINY, CPU, torch.float32, steps=1), 4)
    assert found["joint_5"] > found["single"] > 0
    assert found["diffusers_single"] > 0


def test_the_published_sizes_are_built_from_their_profiles() -> None:
    for name, layers in (("wan2.1-t2v-1.3b", 30), ("wan2.2-ti2v-5b", 30), ("wan2.1-t2v-14b", 40)):
        structure = Structure.full(name)
        stage = stage_of(structure, torch.device("meta"), torch.bfloat16, steps=1)
        assert len(stage.backbone.transformer.blocks) == layers
        assert stage.backbone.dtype == torch.bfloat16


@pytest.mark.slow
def test_the_whole_report_has_the_keys_that_scripts_read() -> None:
    found = bench_backbone(CPU, (0, 1), steps=1, pairs=1, structure=TINY)
    assert {"single_ratio", "rows", "peak_bytes", "anyflow"} <= set(found)
    assert [row["context"] for row in found["rows"]] == [0, 1]
    assert found["single"]["max_abs_diff"] == 0
    assert [row["context"] for row in found["anyflow"]] == [1, 2]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*torch.jit.script_method:DeprecationWarning")  # of torch, about torch
def test_the_compiled_shot_is_timed_beside_the_plain_one() -> None:
    found = compiled_ratio(stage_of(TINY, CPU, torch.float32, steps=1), pairs=1)
    assert found["ratio"] > 0 and found["compile_s"] > 0
