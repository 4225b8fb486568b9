"""Step caching skips what hardly changes, and changes nothing while it skips nothing."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.backbone.step_cache import FirstBlockCache, FirstBlockCaching, StepCache, StepCaches
from engine.backbone.transformer import PreparedText, ShotInput
from tests.engine.conftest import tiny_transformer


def velocities(cache: StepCache | None, levels: list[float], text: Tensor | PreparedText | None = None) -> list[Tensor]:
    model = tiny_transformer()
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(1, 8, 3, 4, 8, generator=generator)
    states = torch.randn(1, 16, 384, generator=generator) if text is None else text
    with torch.no_grad():
        return [
            model.forward_scene([ShotInput(latents, torch.tensor([level]), states)], steps=cache)[0] for level in levels
        ]


def test_with_threshold_zero_nothing_is_skipped_and_nothing_changes() -> None:
    cache = FirstBlockCache(0.0)
    levels = [900.0, 600.0, 300.0]
    assert all(torch.equal(a, b) for a, b in zip(velocities(cache, levels), velocities(None, levels), strict=True))
    assert (cache.computed, cache.skipped) == (3, 0)


def test_steps_that_are_alike_are_skipped_at_a_small_error() -> None:
    cache = FirstBlockCache(0.05)
    levels = [500.0, 499.0, 498.0, 20.0]
    kept, exact = velocities(cache, levels), velocities(None, levels)
    assert cache.skipped >= 2
    errors = [float((a - b).norm() / b.norm()) for a, b in zip(kept, exact, strict=True)]
    assert errors[0] == 0 and max(errors[1:3]) < 0.05


def test_every_branch_has_a_cache_of_its_own_and_none_without_caching() -> None:
    caches = StepCaches(FirstBlockCaching(0.1), 4)
    assert caches.of(900.0, 0, True, False) is caches.of(700.0, 0, True, False)
    assert caches.of(700.0, 0, True, False) is not caches.of(700.0, 0, False, False)
    assert StepCaches(None, 4).of(900.0, 0, True, False) is None


def test_a_prepared_text_gives_the_same_bits_and_is_worked_on_once() -> None:
    model = tiny_transformer()
    states = torch.randn(1, 16, 384, generator=torch.Generator().manual_seed(1))
    latents = torch.randn(1, 8, 3, 4, 8, generator=torch.Generator().manual_seed(2))
    asked: list[int] = []
    hook = model.blocks[1].attn2.to_k.register_forward_hook(lambda *_: asked.append(1))
    prepared = model.prepare_text(states)
    with torch.no_grad():
        for level in (900.0, 400.0):
            plain = model.forward_scene([ShotInput(latents, torch.tensor([level]), states)])[0]
            kept = model.forward_scene([ShotInput(latents, torch.tensor([level]), prepared)])[0]
            assert torch.equal(plain, kept)
    hook.remove()
    assert len(asked) == 3  # twice for the plain text, once for the prepared one


def test_a_time_embedding_is_shared_by_branches_and_made_anew_for_the_next_step() -> None:
    model = tiny_transformer()
    asked: list[int] = []
    model.condition_embedder.time_proj.register_forward_hook(lambda *_: asked.append(1))
    states, latents = torch.zeros(1, 16, 384), torch.randn(1, 8, 1, 4, 8)
    level = torch.tensor([700.0])
    with torch.no_grad():
        first = [model.forward_scene([ShotInput(latents, level, states)])[0] for _ in range(3)]
        assert len(asked) == 1 and torch.equal(first[0], first[2])
        level.fill_(100.0)
        assert not torch.equal(model.forward_scene([ShotInput(latents, level, states)])[0], first[0])
    assert len(asked) == 2
