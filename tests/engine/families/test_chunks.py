"""Distilled models make a shot chunk by chunk, as they were trained: causal between chunks, whole inside one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from engine.backbone.loading import Backbone, load_backbone
from engine.backbone.transformer import ShotInput
from engine.catalogue.profile import family
from engine.context.assemble import assemble
from engine.context.cache import ContextCache
from engine.contract import ContextCandidate, SamplingSettings
from engine.evaluation.bench import _blocks
from engine.sampling.generate import LongShot, _tail, chunk_lengths, resolve, sample_long

SIZE = (64, 48)
OWN = ContextCandidate("", "recent", "", "this shot", "", "", "A fox walks.", 0)


@pytest.fixture(params=["self-forcing-1.3b", "shotstream-1.3b"])
def student(request: pytest.FixtureRequest, wan21: Path) -> Backbone:
    backbone = load_backbone(str(wan21), torch.device("cpu"))
    return replace(backbone, profile=replace(family(request.param), size=SIZE))


def latents(backbone: Backbone, length: int, seed: int) -> Tensor:
    return torch.randn(backbone.latent_shape(length, SIZE), generator=torch.Generator().manual_seed(seed))


def test_a_shot_of_the_trained_length_is_seven_chunks_of_three(student: Backbone) -> None:
    assert chunk_lengths(student, 21, continues=False) == [3] * 7
    assert chunk_lengths(student, 8, continues=False) == [3, 3, 2]


def test_a_chunk_sees_what_one_block_causal_forward_over_the_scene_would_show_it(student: Backbone) -> None:
    """Another shot, two chunks made before, and this one: cached, and in one forward under a causal mask."""
    other = _blocks(student, 1)
    made, target = latents(student, 6, 1), latents(student, 3, 2).unsqueeze(0)
    context = assemble([*other, *_tail(OWN, made, student)], 3, student, ContextCache(torch.device("cpu")))
    level, clean, text = torch.full((1, 3), 700.0), torch.zeros(1, 3), student.embed(OWN.text)
    shot = ShotInput(target, level, text, context.target_start, context.target_turn)
    (cached,) = student.transformer.forward_scene([shot], context.placed)

    first, turn = context.target_start - 6, context.target_turn
    before = other[0].latents
    shots = [
        ShotInput(before.unsqueeze(0), torch.zeros(1, before.shape[1]), student.embed(other[0].candidate.text), 0.0),
        ShotInput(made[:, :3].unsqueeze(0), clean, text, first, turn),
        ShotInput(made[:, 3:].unsqueeze(0), clean, text, first + 3, turn),
        shot,
    ]
    counts = torch.tensor([s.latents.shape[2] * (SIZE[0] // 16) * (SIZE[1] // 16) for s in shots])
    number = torch.repeat_interleave(torch.arange(4), counts)
    whole = student.transformer.forward_scene(shots, mask=number[:, None] >= number[None, :])
    assert torch.allclose(cached, whole[3], atol=1e-4)
    alone = student.transformer.forward_scene([shot])[0]
    assert not torch.allclose(cached, alone, atol=1e-2)


def test_each_chunk_is_captured_once_and_all_see_the_other_shots(student: Backbone) -> None:
    cache, other = ContextCache(torch.device("cpu")), _blocks(student, 1)
    shot = LongShot("A fox walks.", 5, [3, 3, 3], SIZE, pinned=other)
    first = assemble(other, 3, student, cache)
    settings = resolve(SamplingSettings(steps=2), student)
    whole, contexts = sample_long(student, cache, shot, first, settings, lambda _: None)
    assert whole.shape[1] == 9
    assert [len(context.records) for context in contexts] == [1, 2, 3]
    assert cache.statistics.misses == 1 + 2  # the other shot, and the two chunks that later ones saw
