"""Cached context is the block-causal forward: same numbers, fewer forwards."""

from __future__ import annotations

import pytest
import torch

from engine.backbone.loading import Backbone
from engine.backbone.positions import PositionRule
from engine.context.assemble import assemble
from engine.context.blocks import place
from engine.context.cache import ContextCache
from engine.evaluation.bench import _blocks, cached_against_uncached, seeds_share_context


def test_cached_equals_uncached_in_both_encodings(tiny: Backbone) -> None:
    assert all(value <= 1e-4 for value in cached_against_uncached(tiny, 3).values())


def test_context_really_changes_what_the_target_becomes(tiny: Backbone) -> None:
    """The equality above would hold for a context that nobody reads."""
    cache = ContextCache(torch.device("cpu"))
    context = assemble(_blocks(tiny, 2), 3, tiny, cache)
    from engine.backbone.transformer import ShotInput

    latents = torch.randn(1, *tiny.latent_shape(3, tiny.profile.size), generator=torch.Generator().manual_seed(0))
    shot = ShotInput(latents, torch.tensor([700.0]), tiny.embed("x"), context.target_start)
    with torch.no_grad():
        seen = tiny.transformer.forward_scene([shot], context.placed)[0]
        blind = tiny.transformer.forward_scene([shot])[0]
    assert float((seen - blind).abs().max()) > 1e-3


def test_moving_and_inserting_shots_invalidates_nothing(tiny: Backbone) -> None:
    cache = ContextCache(torch.device("cpu"))
    blocks = _blocks(tiny, 3)
    assemble(blocks, 3, tiny, cache)
    assemble([blocks[2], blocks[0]], 3, tiny, cache)
    assert cache.statistics.misses == 3


def test_seeds_of_one_shot_hold_the_context_once(tiny: Backbone) -> None:
    report = seeds_share_context(tiny, seeds=4, contexts=3)
    assert report["forwards"] == 3
    assert report["hits"] == 9


@pytest.mark.parametrize(("recent", "expected"), [(None, 16.0), (3, 19.0)])
def test_a_continuation_stands_right_behind_what_it_continues(recent: int | None, expected: float) -> None:
    placement = place(PositionRule(stride=8, gap=1), [5, 5], [], 4, recent)
    assert placement.target_start == expected
