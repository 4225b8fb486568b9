"""Cached context is the block-causal forward: same numbers, fewer forwards."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from engine.backbone.loading import Backbone
from engine.backbone.positions import PositionRule
from engine.context.assemble import assemble
from engine.context.blocks import place
from engine.context.cache import ContextCache
from engine.context.packing import Packing
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


@pytest.mark.parametrize(("recent", "expected"), [((), 16.0), ((3,), 19.0), ((1, 2), 19.0)])
def test_a_continuation_stands_right_behind_what_it_continues(recent: tuple[int, ...], expected: float) -> None:
    placement = place(PositionRule(stride=8, gap=1), [5, 5], [], 4, recent)
    assert placement.target_start == expected


@pytest.mark.parametrize("tier", ["by layer", "from the host"])
def test_a_context_read_by_layer_is_the_same_to_the_last_bit(tiny: Backbone, tier: str) -> None:
    blocks = _blocks(tiny, 3)
    whole = assemble(blocks, 3, tiny, ContextCache(torch.device("cpu"))).placed
    saving = ContextCache(torch.device("cpu"), device_bytes=0, by_layer=True, host_tier=tier == "from the host")
    streamed = assemble(blocks, 3, tiny, saving).placed
    assert whole is not None and streamed is not None
    for one, other in zip(whole.layers, streamed.layers, strict=True):
        assert torch.equal(one[0], other[0]) and torch.equal(one[1], other[1])


@pytest.mark.parametrize(("packing", "bound"), [("int8", 0.02), ("fp8", 0.04)])
def test_eight_bit_context_changes_a_velocity_by_a_few_percent_at_most(
    tiny: Backbone, packing: Packing, bound: float
) -> None:
    from engine.backbone.transformer import ShotInput

    latents = torch.randn(1, *tiny.latent_shape(3, tiny.profile.size), generator=torch.Generator().manual_seed(0))
    made = []
    for kept in (None, packing):
        context = assemble(_blocks(tiny, 3), 3, tiny, ContextCache(torch.device("cpu"), packing=kept))
        shot = ShotInput(latents, torch.tensor([700.0]), tiny.embed("x"), context.target_start)
        with torch.no_grad():
            made.append(tiny.transformer.forward_scene([shot], context.placed)[0])
    error = float((made[1] - made[0]).norm() / made[0].norm())
    assert 0 < error < bound


def test_a_block_seen_in_some_frames_has_their_keys_and_places_and_a_key_of_its_own(tiny: Backbone) -> None:
    (whole,) = _blocks(tiny, 1)
    some = replace(whole, frames=(0, 4))
    cache = ContextCache(torch.device("cpu"))
    full, part = (assemble([b], 3, tiny, cache) for b in (whole, some))
    assert full.keys != part.keys and full.target_start == part.target_start
    assert full.placed is not None and part.placed is not None
    a_frame = full.placed.tokens // 5
    rows = torch.cat([torch.arange(a_frame), torch.arange(4 * a_frame, 5 * a_frame)])
    for (key, value), (own_key, own_value) in zip(full.placed.layers, part.placed.layers, strict=True):
        assert torch.equal(key[:, rows], own_key) and torch.equal(value[:, rows], own_value)
