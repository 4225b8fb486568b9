"""Shots are told apart by where they stand, or by an angle; only what is relative counts."""

from __future__ import annotations

import math

import torch

from engine.backbone.positions import PositionRule, rotary, rotate
from engine.context.blocks import place


def test_a_turn_is_the_same_angle_on_every_temporal_frequency_and_on_no_other() -> None:
    """ShotStream, arXiv 2603.25746: time angle + shot index * 1/6."""
    plain, turned = rotary(24, 3.0, (2, 2, 2)), rotary(24, 3.0, (2, 2, 2), turn=1 / 6)
    times = 24 - 2 * 8  # of 24 numbers, 8 turn with the time, 8 with the height, 8 with the width
    angle = torch.atan2(plain.sin, plain.cos)[..., :times]
    there = torch.atan2(turned.sin, turned.cos)[..., :times]
    apart = torch.remainder(there - angle + math.pi, 2 * math.pi) - math.pi
    assert torch.allclose(apart, torch.full_like(apart, 1 / 6), atol=1e-6)
    assert torch.equal(plain.cos[..., times:], turned.cos[..., times:])


def test_keys_and_queries_turned_alike_meet_as_if_neither_were() -> None:
    generator = torch.Generator().manual_seed(0)
    query, key = (torch.randn(1, 8, 2, 24, generator=generator) for _ in range(2))

    def scores(turn: float) -> torch.Tensor:
        at = rotary(24, 0.0, (2, 2, 2), turn=turn)
        return torch.einsum("bnhd,bmhd->bhnm", rotate(query, at), rotate(key, at))

    assert torch.allclose(scores(0.0), scores(0.7), atol=1e-5)


def test_every_shot_has_its_turn_and_what_is_continued_that_of_its_shot() -> None:
    rule = PositionRule(stride=0, gap=0, angle=0.5)
    placement = place(rule, [3, 3], [4], 5, recent=[2])
    assert placement.block_turns == [0.0, 0.5, 1.0, 1.5]
    assert placement.target_turn == 1.0
    assert place(PositionRule(), [3], [], 5).target_turn == 0.0
