"""MagCache skips whole steps by measured magnitudes: as diffusers' own does, and at an error that has a bound."""

from __future__ import annotations

import math

import pytest
import torch
from diffusers import WanTransformer3DModel
from diffusers.hooks import MagCacheConfig, apply_mag_cache
from torch import Tensor

from engine.backbone.step_cache import MagCache, MagCaching, StepCache, StepCaches
from engine.backbone.transformer import ShotInput
from engine.catalogue.calibration import Calibration, Magnitudes
from tests.engine.conftest import TINY, tiny_transformer

STEPS = 12
TIMES = tuple(1000.0 - 80.0 * n for n in range(STEPS))
RATIOS = (1.0, 1.2, 1.1, 1.02, 0.99, 1.01, 1.0, 0.98, 0.97, 1.01, 0.9, 0.8)


def magnitudes(ratios: tuple[float, ...] = RATIOS) -> Magnitudes:
    return Magnitudes(0, True, False, TIMES, ratios)


def caches(threshold: float, ratios: tuple[float, ...] = RATIOS) -> StepCaches:
    return StepCaches(MagCaching(threshold, Calibration("tiny", "", STEPS, (magnitudes(ratios),))), STEPS)


def inputs() -> tuple[list[Tensor], Tensor]:
    """Latents of a shot that is denoised a little at every step, and a text."""
    generator = torch.Generator().manual_seed(0)
    noise, clean = (torch.randn(1, 8, 3, 4, 8, generator=generator) for _ in range(2))
    walk = [t / 1000 * noise + (1 - t / 1000) * clean for t in TIMES]
    return walk, torch.randn(1, 16, 384, generator=generator)


def velocities(found: StepCaches | None) -> tuple[list[Tensor], StepCache | None]:
    model, (walk, text) = tiny_transformer(), inputs()
    made, cache = [], None
    with torch.no_grad():
        for latents, timestep in zip(walk, TIMES, strict=True):
            cache = found.of(timestep, 0, True, False) if found else None
            shot = ShotInput(latents, torch.tensor([timestep]), text)
            made.append(model.forward_scene([shot], steps=cache)[0])
    return made, cache


def error(threshold: float) -> tuple[float, int]:
    (made, cache), (exact, _) = velocities(caches(threshold)), velocities(None)
    assert cache is not None and cache.skipped + cache.computed == STEPS
    distance = sum(float((a - b).norm()) for a, b in zip(made, exact, strict=True))
    return distance / sum(float(b.norm()) for b in exact), cache.skipped


def test_a_skipped_step_runs_no_block_at_all() -> None:
    model, (walk, text) = tiny_transformer(), inputs()
    ran: list[int] = []
    model.blocks[0].register_forward_hook(lambda *_: ran.append(1))
    found = caches(0.1)
    with torch.no_grad():
        for latents, timestep in zip(walk, TIMES, strict=True):
            shot = ShotInput(latents, torch.tensor([timestep]), text)
            model.forward_scene([shot], steps=found.of(timestep, 0, True, False))
    cache = found.of(TIMES[-1], 0, True, False)
    assert cache is not None and cache.skipped > 2
    assert len(ran) == cache.computed == STEPS - cache.skipped


def test_with_threshold_zero_nothing_is_skipped_and_nothing_changes() -> None:
    flat = caches(0.0, (1.0,) * STEPS)  # not even where the magnitude does not move at all
    (made, cache), (exact, _) = velocities(flat), velocities(None)
    assert all(torch.equal(a, b) for a, b in zip(made, exact, strict=True))
    assert cache is not None and cache.skipped == 0


def test_the_error_grows_with_the_threshold_and_is_bounded() -> None:
    found = [error(threshold) for threshold in (0.0, 0.03, 0.1, 0.5)]
    errors, skipped = zip(*found, strict=True)
    assert errors[0] == 0 and list(errors) == sorted(errors) and list(skipped) == sorted(skipped)
    assert skipped[1] < skipped[-1]
    assert errors[1] > 0 and errors[-1] < 0.25


def test_the_first_fifth_is_never_skipped_and_never_more_than_three_in_a_row() -> None:
    cache, x = MagCache(1.0, magnitudes((1.0,) * STEPS)), torch.randn(1, 4, 8)
    computed = []
    for step, timestep in enumerate(TIMES):
        cache.arrive(timestep, step, STEPS)
        if cache.begin(x) is None:
            computed.append(step)
            cache.end(2 * x)
    assert computed == [0, 1, 5, 9]


@pytest.mark.parametrize("threshold", [0.025, 0.06, 0.3])
def test_it_does_what_diffusers_mag_cache_does_on_the_stock_model(threshold: float) -> None:
    stock = WanTransformer3DModel(**TINY).eval()
    stock.load_state_dict(tiny_transformer().state_dict())
    config = MagCacheConfig(threshold=threshold, num_inference_steps=STEPS, mag_ratios=list(RATIOS))
    apply_mag_cache(stock, config)
    walk, text = inputs()
    with torch.no_grad():
        theirs = [
            stock(latents, torch.tensor([timestep]), text, return_dict=False)[0]
            for latents, timestep in zip(walk, TIMES, strict=True)
        ]
    ours, cache = velocities(caches(threshold))
    assert cache is not None and cache.skipped > 0
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(ours, theirs, strict=True))


def test_magnitudes_between_two_steps_are_the_product_of_the_ratios_on_the_way() -> None:
    curve = magnitudes()
    assert curve.between(TIMES[2], TIMES[5]) == pytest.approx(math.prod(RATIOS[3:6]))
    assert curve.between(TIMES[5], TIMES[5]) == 1
    middle = (TIMES[9] + TIMES[10]) / 2  # with other steps than were measured
    assert curve.between(TIMES[9], middle) == pytest.approx(0.9**0.5)
    assert curve.between(2000.0, TIMES[0]) == 1 and curve.between(TIMES[-1], 0.0) == 1


def test_a_branch_that_was_not_measured_takes_the_most_similar_one() -> None:
    seen, blind = Magnitudes(0, True, True, TIMES, RATIOS), Magnitudes(0, False, False, TIMES, (1.0,) * STEPS)
    found = Calibration("tiny", "", STEPS, (seen, blind))
    assert found.of(0, False, False) is blind and found.of(0, True, True) is seen
    with pytest.raises(KeyError):
        found.of(1, True, True)
