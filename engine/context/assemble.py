"""From a plan to what the transformer attends to: read latents, place blocks, fetch or capture their K/V, rotate."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from engine.backbone.loading import Backbone
from engine.backbone.positions import rotary, rotate
from engine.backbone.transformer import LayerKV, PlacedContext, ShotInput
from engine.context.blocks import ContextBlock, Namespace, Placement, block_key, noised, place
from engine.context.cache import ContextCache
from engine.context.planner import Plan
from engine.context.sources import read_latents, read_reference
from engine.contract import ContextCandidate, ContextRecord


@dataclass(frozen=True, slots=True)
class Context:
    """What one target sees. `placed` is None without blocks; `target_start` is the target's time position."""

    placed: PlacedContext | None
    target_start: float
    records: tuple[ContextRecord, ...]
    keys: tuple[str, ...]
    seconds: float


def read_blocks(
    planned: Plan, candidates: Sequence[ContextCandidate], backbone: Backbone, size: tuple[int, int]
) -> list[ContextBlock]:
    """Latents of every planned block, in time order; places are set by `assemble`."""
    by_id = {c.id: c for c in candidates}
    channels, _, height, width = backbone.latent_shape(1, size)
    blocks = []
    for line in planned.used:
        candidate = by_id[line.candidate_id]
        if candidate.role == "reference":
            latents, content = read_reference(candidate.path, size, backbone)
        else:
            latents = read_latents(candidate.path, candidate.latents_hash, (channels, height, width))
            content = candidate.latents_hash
        if candidate.role == "recent":
            latents = latents[:, -backbone.profile.tail_latents :]
        blocks.append(ContextBlock(candidate, line.side, latents, content, line.noise, 0.0, line.tokens))
    return blocks


def recent_block(candidate: ContextCandidate, latents: Tensor, content: str, noise: float, tail: int) -> ContextBlock:
    """What a chunk of an extension continues: the last `tail` latent frames made so far."""
    return ContextBlock(candidate, "before", latents[:, -tail:], content, noise, 0.0, 0)


def _placement(blocks: Sequence[ContextBlock], target: int, backbone: Backbone) -> Placement:
    before = [b.latents.shape[1] for b in blocks if b.side == "before" and b.candidate.role != "recent"]
    after = [b.latents.shape[1] for b in blocks if b.side == "after"]
    recent = [b.latents.shape[1] for b in blocks if b.candidate.role == "recent"]
    return place(backbone.profile.positions, before, after, target, recent[0] if recent else None)


def _in_time_order(blocks: Sequence[ContextBlock]) -> list[ContextBlock]:
    def order(block: ContextBlock) -> int:
        return 2 if block.side == "after" else 1 if block.candidate.role == "recent" else 0

    return sorted(blocks, key=order)


@torch.no_grad()
def assemble(blocks: Sequence[ContextBlock], target: int, backbone: Backbone, cache: ContextCache) -> Context:
    """K/V of all blocks, from the cache or by one forward each, rotated for a target of `target` latent frames."""
    started = time.monotonic()
    ordered = _in_time_order(blocks)
    placement = _placement(ordered, target, backbone)
    space = Namespace(backbone.fingerprint, str(backbone.dtype), backbone.profile.encoding)
    chained = backbone.profile.encoding == "chained"
    keys: list[str] = []
    placed: list[list[LayerKV]] = []
    records: list[ContextRecord] = []
    for block, start in zip(ordered, placement.block_starts, strict=True):
        block = replace(block, start=start)
        saw = [f"{k}@{s}" for k, s in zip(keys, placement.block_starts, strict=False)] if chained else []
        key = block_key(space, block, [*saw, f"@{start}"] if chained else [])
        seen = _join(placed) if chained and placed else None
        with cache.pinned(keys):
            layers = cache.get(key, lambda b=block, s=seen: capture(b, backbone, s))  # type: ignore[misc]
        placed.append(_rotated(layers, block, backbone))
        keys.append(key)
        c = block.candidate
        records.append(ContextRecord(c.id, c.role, c.shot_id, block.content_hash, block.noise, block.side, key))
    joined = _join(placed) if placed else None
    return Context(joined, placement.target_start, tuple(records), tuple(keys), time.monotonic() - started)


def capture(block: ContextBlock, backbone: Backbone, seen: PlacedContext | None = None) -> list[LayerKV]:
    """One forward over a block at its context noise. Alone, its place does not matter: attention is relative."""
    latents = noised(block).unsqueeze(0).to(backbone.device, backbone.dtype)
    timestep = torch.full((1, latents.shape[2]), block.noise * 1000.0, device=backbone.device)
    start = block.start if seen is not None else 0.0
    return backbone.transformer.capture(ShotInput(latents, timestep, backbone.embed(block.candidate.text), start), seen)


def _rotated(layers: Sequence[LayerKV], block: ContextBlock, backbone: Backbone) -> list[LayerKV]:
    grid = backbone.transformer.tokens_grid(block.latents.unsqueeze(0))
    at = rotary(backbone.transformer.config.attention_head_dim, block.start, grid, backbone.device)
    return [(rotate(key, at), value) for key, value in layers]


def _join(placed: Sequence[Sequence[LayerKV]]) -> PlacedContext:
    layers = []
    for number in range(len(placed[0])):
        keys = torch.cat([block[number][0] for block in placed], dim=1)
        layers.append((keys, torch.cat([block[number][1] for block in placed], dim=1)))
    return PlacedContext(tuple(layers))
