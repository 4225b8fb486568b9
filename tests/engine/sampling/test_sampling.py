"""Samplers integrate, guidance combines, callbacks stop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor

from engine.backbone.backbone import Backbone
from engine.contract import Failed, SamplingSettings, Saved
from engine.engine import Engine
from engine.sampling.generate import resolve, sample_shot
from engine.sampling.guidance import Guidance, guided
from engine.sampling.noise import shot_noise, take_seed
from engine.sampling.samplers import SamplingCancelled, Schedule, StepState, denoise, renoise_sigmas
from tests.engine.conftest import request, shot_task

CLEAN = torch.full((1, 2, 3, 4, 4), 0.5)


def straight(x: Sequence[Tensor], timestep: Tensor) -> Sequence[Tensor]:
    """The velocity of a straight path to CLEAN: any sampler must arrive."""
    return [(part - CLEAN) / (float(timestep) / 1000) for part in x]


@pytest.mark.parametrize("sampler", ["euler", "unipc", "renoise"])
@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_a_straight_path_is_followed_to_its_end(sampler: str, shift: float) -> None:
    (end,) = denoise(straight, [torch.randn_like(CLEAN)], Schedule(sampler, 5, shift), lambda _: None)  # type: ignore[arg-type]
    assert torch.allclose(end, CLEAN, atol=3e-3)  # UniPC's timesteps are whole numbers


def test_the_callback_hears_every_step_with_the_clean_estimate() -> None:
    heard: list[StepState] = []
    denoise(straight, [torch.randn_like(CLEAN)], Schedule("euler", 4, 1.0), heard.append)
    assert [s.index for s in heard] == [0, 1, 2, 3]
    assert all(torch.allclose(s.clean[0], CLEAN, atol=1e-4) for s in heard)


def test_a_callback_that_raises_stops_between_steps() -> None:
    calls = 0

    def stop(state: StepState) -> None:
        nonlocal calls
        calls += 1
        raise SamplingCancelled

    with pytest.raises(SamplingCancelled):
        denoise(straight, [torch.randn_like(CLEAN)], Schedule("euler", 4, 1.0), stop)
    assert calls == 1


def test_a_distilled_model_walks_its_own_list_bent_by_its_shift() -> None:
    """Self-Forcing: 1000, 750, 500, 250 at shift 5 are 1000, 937.5, 833.3 and 625."""
    own = (1000.0, 750.0, 500.0, 250.0)
    assert renoise_sigmas(Schedule("renoise", 4, 5.0, own)) == pytest.approx([1, 0.9375, 0.83333, 0.625], abs=1e-4)
    assert len(renoise_sigmas(Schedule("renoise", 2, 5.0, own))) == 2


def test_fresh_noise_of_a_distilled_model_follows_from_its_start_noise() -> None:
    def unsure(x: Sequence[Tensor], timestep: Tensor) -> Sequence[Tensor]:
        return [part * 0.5 for part in x]

    start = torch.randn(CLEAN.shape, generator=torch.Generator().manual_seed(1))
    schedule = Schedule("renoise", 3, 5.0)
    first, again = (denoise(unsure, [start], schedule, lambda _: None)[0] for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, denoise(unsure, [start + 1e-3], schedule, lambda _: None)[0])


BRANCHES = {(True, True): 7.0, (False, True): 3.0, (False, False): 1.0, (True, False): 5.0}


@pytest.mark.parametrize(
    ("text", "context", "expected", "forwards"),
    [
        (1.0, 1.0, 7.0, 1),
        (3.0, 3.0, 1 + 3 * (7 - 1), 2),
        (2.0, 1.0, 3 + 2 * (7 - 3), 2),
        (2.0, 4.0, 1 + 4 * (3 - 1) + 2 * (7 - 3), 3),
    ],
)
def test_text_and_context_guide_separately(text: float, context: float, expected: float, forwards: int) -> None:
    asked: list[tuple[bool, bool]] = []

    def branch(with_text: bool, with_context: bool) -> Sequence[Tensor]:
        asked.append((with_text, with_context))
        return [torch.tensor(BRANCHES[with_text, with_context])]

    guidance = Guidance(text, context)
    (value,) = guided(branch, guidance, has_context=True)
    assert float(value) == pytest.approx(expected)
    assert len(asked) == forwards == guidance.forwards(True)


def test_without_context_nothing_with_context_is_asked() -> None:
    def branch(with_text: bool, with_context: bool) -> Sequence[Tensor]:
        assert not with_context
        return [torch.tensor(BRANCHES[with_text, with_context])]

    assert float(guided(branch, Guidance(2.0, 5.0), has_context=False)[0]) == pytest.approx(1 + 2 * (5 - 1))


@pytest.mark.parametrize(("level", "forwards"), [(0.0, 20), (0.5, 15), (1.0, 11)])
def test_below_a_noise_level_one_forward_a_step_does(tiny: Backbone, level: float, forwards: int) -> None:
    settings = resolve(SamplingSettings(steps=10, guidance_from=level), tiny)
    counted: list[object] = []
    hook = tiny.transformer.register_forward_pre_hook(lambda *_: counted.append(1))
    noise = shot_noise(1, tiny.latent_shape(3, tiny.profile.size))
    made = sample_shot(tiny, "a fox", noise, None, settings, lambda _: None)
    hook.remove()
    assert len(counted) == forwards and bool(torch.isfinite(made).all())


def test_a_take_says_from_which_noise_it_was_guided(engine: Engine, tiny_model: Path, tmp_path: Path) -> None:
    said = {}
    for level in (None, 0.0, 0.5, 2.0):
        settings = SamplingSettings(steps=2, guidance_from=level)
        last = list(engine.run(request(tiny_model, shot_task(tmp_path / str(level)), settings=settings)))
        said[level] = next((e.take.settings.get("guidance_from") for e in last if isinstance(e, Saved)), last[-1])
    assert said[None] is None and said[0.0] is None and said[0.5] == 0.5
    failed = said[2.0]
    assert isinstance(failed, Failed) and "must be 0 to 1" in failed.message


def test_seeds_count_up_from_an_explicit_one() -> None:
    shot = shot_task(Path("/x"), number=4, seed=100)
    assert [take_seed(1, shot, n) for n in (4, 5, 6)] == [100, 101, 102]


def test_noise_is_a_function_of_its_name() -> None:
    assert torch.equal(shot_noise(5, (2, 3)), shot_noise(5, (2, 3)))
    assert not torch.equal(shot_noise(5, (2, 3)), shot_noise(6, (2, 3)))
    assert not torch.equal(shot_noise(5, (2, 3)), shot_noise(5, (2, 3), at=4))
