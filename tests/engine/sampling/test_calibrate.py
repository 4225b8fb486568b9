"""A model is measured once for MagCache; without that it is refused, by a sentence that names the command."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.backbone.loading import Backbone
from engine.backbone.step_cache import StepCaching
from engine.catalogue.calibration import NotCalibrated, calibration_path, load_calibration, save_calibration
from engine.contract import Failed, SamplingSettings, Saved
from engine.engine import Engine
from engine.evaluation.bench_steps import bench_steps
from engine.sampling.calibrate import CannotCalibrate, calibrate
from engine.sampling.generate import resolve, sample_joint, sample_shot
from engine.sampling.noise import shot_noise
from tests.engine.conftest import request, shot_task

STEPS = 10


@pytest.fixture(autouse=True)
def data_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def mag(threshold: float) -> SamplingSettings:
    return SamplingSettings(steps=STEPS, step_cache=threshold, step_cache_kind="magcache")


def test_every_branch_is_measured_at_every_step_and_read_back_as_it_was(tiny: Backbone) -> None:
    found = calibrate(tiny, STEPS)
    assert {(m.text, m.context) for m in found.branches} == {
        (True, False), (False, False), (True, True), (False, True)
    }  # fmt: skip
    for branch in found.branches:
        assert len(branch.timesteps) == STEPS and branch.timesteps[0] == 1000
        assert branch.ratios[0] == 1 and all(0.5 < ratio < 2 for ratio in branch.ratios)
    assert save_calibration(found) == calibration_path(tiny.fingerprint)
    assert load_calibration("tiny", tiny.fingerprint) == found


def test_measuring_changes_nothing_of_what_is_made(tiny: Backbone) -> None:
    assert calibrate(tiny, STEPS) == calibrate(tiny, STEPS)


def test_an_uncalibrated_model_is_refused_by_the_command_that_calibrates_it(
    tiny_model: Path, tmp_path: Path, engine: Engine
) -> None:
    events = list(engine.run(request(tiny_model, shot_task(tmp_path), settings=mag(0.1))))
    failed = events[-1]
    assert isinstance(failed, Failed) and failed.code == "bad_request"
    assert f"main.py models calibrate {tiny_model}" in failed.hint


def test_a_damaged_calibration_is_told_and_not_used(tiny: Backbone) -> None:
    path = save_calibration(calibrate(tiny, STEPS))
    path.write_text(path.read_text().replace('"ratios": [1.0', '"ratios": [-1.0'))
    with pytest.raises(NotCalibrated, match="cannot be read"):
        load_calibration("tiny", tiny.fingerprint)


def test_a_calibrated_model_skips_steps_and_the_take_says_so(tiny_model: Path, tmp_path: Path, engine: Engine) -> None:
    save_calibration(calibrate(engine.backbone(str(tiny_model)), STEPS))
    settings = {"none": SamplingSettings(steps=STEPS), "zero": mag(0.0), "some": mag(0.5)}
    takes: dict[str, Saved] = {}
    for name, one in settings.items():
        (takes[name],) = (
            event
            for event in engine.run(request(tiny_model, shot_task(tmp_path, name), settings=one))
            if isinstance(event, Saved)
        )
    hashes = {name: event.take.latents_hash for name, event in takes.items()}
    assert hashes["zero"] == hashes["none"] != hashes["some"]
    assert takes["some"].take.settings["step_cache_kind"] == "magcache"
    assert "step_cache" not in takes["zero"].take.settings


def test_a_few_step_model_is_neither_calibrated_nor_cached(
    tiny: Backbone, tiny_model: Path, tmp_path: Path, engine: Engine
) -> None:
    with pytest.raises(CannotCalibrate, match="4 steps"):
        calibrate(replace(tiny, profile=replace(tiny.profile, sampler="renoise", steps=4)))
    few = SamplingSettings(steps=4, sampler="renoise", step_cache=0.05)
    failed = list(engine.run(request(tiny_model, shot_task(tmp_path), settings=few)))[-1]
    assert isinstance(failed, Failed) and "4 steps" in failed.message


def test_other_steps_than_were_measured_skip_alike(tiny: Backbone) -> None:
    save_calibration(calibrate(tiny, STEPS))
    noise = shot_noise(1, tiny.latent_shape(3, tiny.profile.size))
    settings = resolve(replace(mag(0.5), steps=16), tiny)
    exact = sample_shot(tiny, "x", noise, None, replace(settings, step_cache=None), lambda _: None)
    made = sample_shot(tiny, "x", noise, None, settings, lambda _: None)
    assert 0 < float((made - exact).norm() / exact.norm()) < 0.2
    assert torch.isfinite(made).all()


@pytest.mark.parametrize("kind", ["first-block", "magcache"])
def test_shots_made_together_skip_steps_too(tiny: Backbone, kind: str) -> None:
    save_calibration(calibrate(tiny, STEPS))
    noises = [shot_noise(seed, tiny.latent_shape(2 + seed, tiny.profile.size)) for seed in (0, 1)]
    settings = resolve(replace(mag(0.5), step_cache_kind=kind), tiny)

    def made(step_caching: StepCaching | None) -> list[torch.Tensor]:
        asked = replace(settings, step_cache=step_caching)
        return sample_joint(tiny, ["x", "y"], noises, asked, lambda _: None)

    for exact, skipped in zip(made(None), made(settings.step_cache), strict=True):
        assert 0 < float((skipped - exact).norm() / exact.norm()) < 0.2
    never = resolve(replace(mag(1e-9), step_cache_kind=kind), tiny).step_cache
    for exact, same in zip(made(None), made(never), strict=True):
        assert torch.equal(exact, same)


def test_the_benchmark_tells_what_is_skipped_and_what_that_does(tiny: Backbone) -> None:
    found = bench_steps(tiny, STEPS, 2, first_block=(0.0, 0.5), magcache=(0.0, 0.5))
    rows = {(row["kind"], row["threshold"]): row for row in found["rows"]}
    for kind in ("first-block", "magcache"):
        none, some = rows[kind, 0.0], rows[kind, 0.5]
        assert none["skipped"] == 0 and none["psnr_db"] is None  # the same frames
        assert some["skipped"] > 0 and some["psnr_db"] > 20
        assert none["forwards"] == some["forwards"] == 2 * 2 * STEPS
    assert rows["magcache", 0.5]["blocks_saved"] == rows["magcache", 0.5]["skipped"] / (4 * STEPS)
    assert [row["steps"] for row in found["fewer_steps"]] == [8, 5]
