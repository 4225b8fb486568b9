"""Rates are compared by what is generated, each in a folder of its own."""

from __future__ import annotations

from pathlib import Path

from engine.backbone.transformer import SceneTransformer3DModel
from engine.evaluation.rates import PARTS, READ, RateRun, measure_rate, train_rate
from engine.training.footage import render_footage


def test_a_rate_is_trained_then_measured_on_held_out_shots(tmp_path: Path) -> None:
    footage, held_out = tmp_path / "train", tmp_path / "heldout"
    render_footage(footage, 1, 6, (112, 64))
    render_footage(held_out, 1, 2, (112, 64), "heldout")
    run = RateRun(footage, held_out, tmp_path / "24", 24, 0.02, 0.01, 0.01, width=48, layers=1)
    train_rate(run)
    transformer = SceneTransformer3DModel.from_pretrained(run.model("fine") / "transformer")
    assert transformer.config.in_channels == 24
    assert tuple(transformer.config.patch_size) == (1, 1, 1)
    found = measure_rate(run, 1, steps=2)
    assert found["channels"] == 24
    assert found["psnr_db"] > 20.0  # the PCA start alone gives that
    assert set(found["reconstructed"]) >= set(READ)
    for part in PARTS:
        assert set(found[part]) == {*READ, "shots_seen"} and found[part]["shots_seen"] > 0
        assert (run.out / f"{part}.jpg").stat().st_size > 1000
