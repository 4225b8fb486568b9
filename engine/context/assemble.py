"""From a plan to what the transformer attends to: read latents, place blocks, fetch or capture their K/V, rotate."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from engine.backbone.loading import Backbone
from engine.backbone.positions import Rotary, rotary, rotate
from engine.backbone.transformer import LayerKV, PlacedContext, ShotInput
from engine.context.blocks import ContextBlock, Namespace, Placement, block_key, noised, place
from engine.context.cache import ContextCache, LayerSequence
from engine.context.planner import Plan
from engine.context.sources import read_latents, read_reference, taken_out
from engine.contract import ContextCandidate, ContextRecord


@dataclass(frozen=True, slots=True)
class Context:
    """What one target sees. `experts`: the keys and values for each of the backbone's transformers, empty without
    blocks; `target_start` is the target's time position."""

    experts: tuple[PlacedContext, ...]
    target_start: float
    records: tuple[ContextRecord, ...]
    keys: tuple[str, ...]
    seconds: float
    target_turn: float = 0.0

    @property
    def placed(self) -> PlacedContext | None:
        """What the only transformer sees, or the one for high noise; None without blocks."""
        return self.for_expert(0)

    def for_expert(self, number: int) -> PlacedContext | None:
        """What one of the backbone's transformers sees; None without blocks."""
        return self.experts[number] if self.experts else None


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
        block = ContextBlock(candidate, line.side, latents, content, line.noise, 0.0, line.tokens, frames=line.frames)
        blocks.append(taken_out(block, backbone) if backbone.profile.encoding == "together" else block)
    return blocks


def blank_block(text: str, backbone: Backbone, size: tuple[int, int]) -> ContextBlock:
    """What a shot sees that sees nothing, with a model that was trained to see something always: zeros (ShotStream)."""
    zeros = torch.zeros(backbone.latent_shape(backbone.profile.blank_context, size))
    nothing = ContextCandidate("", "shot", "", "nothing", "", "blank", text, -1)
    return ContextBlock(nothing, "before", zeros, "blank", 0.0, 0.0, 0)


def recent_block(candidate: ContextCandidate, latents: Tensor, content: str, noise: float, tail: int) -> ContextBlock:
    """What a chunk of an extension continues: the last `tail` latent frames made so far."""
    return ContextBlock(candidate, "before", latents[:, -tail:], content, noise, 0.0, 0)


def _placement(blocks: Sequence[ContextBlock], target: int, backbone: Backbone) -> Placement:
    before = [b.latents.shape[1] for b in blocks if b.side == "before" and b.candidate.role != "recent"]
    after = [b.latents.shape[1] for b in blocks if b.side == "after"]
    recent = [b.latents.shape[1] for b in blocks if b.candidate.role == "recent"]
    return place(backbone.profile.positions, before, after, target, recent)


def _in_time_order(blocks: Sequence[ContextBlock]) -> list[ContextBlock]:
    def order(block: ContextBlock) -> int:
        return 2 if block.side == "after" else 1 if block.candidate.role == "recent" else 0

    return sorted(blocks, key=order)


@torch.no_grad()
def assemble(blocks: Sequence[ContextBlock], target: int, backbone: Backbone, cache: ContextCache) -> Context:
    """K/V of all blocks, from the cache or by one forward each, rotated for a target of `target` latent frames.

    A backbone of two experts reads two sets, as each has keys and values of its own.
    """
    started = time.monotonic()
    ordered = _in_time_order(blocks)
    placement = _placement(ordered, target, backbone)
    places = zip(ordered, placement.block_starts, placement.block_turns, strict=True)
    placed = [replace(block, start=start, turn=turn) for block, start, turn in places]
    sets = [_one_expert(placed, backbone, cache, number) for number in range(len(backbone.experts))] if placed else []
    records = tuple(
        ContextRecord(b.candidate.id, b.candidate.role, b.candidate.shot_id, b.content_hash, b.noise, b.side, key)
        for b, key in zip(placed, sets[0][1] if sets else [], strict=True)
        if not b.is_blank
    )
    keys = tuple(key for _, own in sets for key in own)
    seen = tuple(context for context, _ in sets)
    seconds = time.monotonic() - started
    return Context(seen, placement.target_start, records, keys, seconds, placement.target_turn)


def _one_expert(
    blocks: Sequence[ContextBlock], backbone: Backbone, cache: ContextCache, expert: int
) -> tuple[PlacedContext, list[str]]:
    """What one transformer sees of the placed blocks, and the blocks' cache keys."""
    profile = backbone.profile
    space = Namespace(backbone.identity(expert), str(backbone.dtype), profile.encoding)
    group = [b for b in blocks if b.candidate.role != "recent"] if profile.encoding == "together" else []
    facts = [f"{block_key(space, b, [])}{_spot(b)}" for b in group]
    together = functools.cache(lambda: capture_together(group, backbone, expert))  # once, if any of them is missing
    keys: list[str] = []
    placed: list[tuple[Sequence[LayerKV], Rotary]] = []
    saw: list[str] | None
    build: Callable[[], Sequence[LayerKV]]
    for block in blocks:
        recent = block.candidate.role == "recent"
        if group and not recent:
            number = next(n for n, b in enumerate(group) if b is block)
            saw, build = facts, functools.partial(_one_of, together, number)
        elif profile.encoding == "chained" or (profile.chunk_latents > 0 and recent):
            saw = [f"{k}{_spot(b)}" for k, b in zip(keys, blocks, strict=False)]
            seen = _join(placed, cache.by_layer) if placed else None
            build = functools.partial(capture, block, backbone, seen, expert)
        else:
            saw, build = None, functools.partial(capture, block, backbone, None, expert)
        key = block_key(space, block, [] if saw is None else [*saw, _spot(block)])
        with cache.pinned(keys):
            layers = cache.get(key, build)
        placed.append((layers, _angles(block, backbone)))
        keys.append(key)
    return _join(placed, cache.by_layer), keys


def _one_of(made: Callable[[], list[list[LayerKV]]], number: int) -> list[LayerKV]:
    return made()[number]


def _spot(block: ContextBlock) -> str:
    """Where a block stands, for the keys of those that depend on it."""
    return f"@{block.start}" + (f"/{block.turn}" if block.turn else "")


def capture(
    block: ContextBlock, backbone: Backbone, seen: PlacedContext | None = None, expert: int = 0
) -> list[LayerKV]:
    """One forward over a block at its context noise. Alone, its place does not matter: attention is relative.

    Of a block that is seen in some frames only, the forward is over all of them, and those frames' are kept.
    """
    return backbone.experts[expert].capture(_clean(block, backbone, seen is not None), seen, _rows(block, backbone))


def capture_together(blocks: Sequence[ContextBlock], backbone: Backbone, expert: int = 0) -> list[list[LayerKV]]:
    """One forward over several blocks where they stand, each seeing all of them: keys and values by block and layer."""
    return backbone.experts[expert].capture_together([_clean(block, backbone, placed=True) for block in blocks])


def _clean(block: ContextBlock, backbone: Backbone, placed: bool) -> ShotInput:
    """A block at its context noise, where it stands or, if that makes no difference, at the beginning."""
    latents = noised(block).unsqueeze(0).to(backbone.device, backbone.dtype)
    timestep = torch.full((1, latents.shape[2]), block.noise * 1000.0, device=backbone.device)
    start, turn = (block.start, block.turn) if placed else (0.0, 0.0)
    return ShotInput(latents, timestep, backbone.embed(block.candidate.text), start, turn)


def _rows(block: ContextBlock, backbone: Backbone) -> Tensor | None:
    """Which of a block's tokens belong to the frames that are seen; None for all."""
    if not block.frames:
        return None
    frames, height, width = backbone.transformer.tokens_grid(block.latents.unsqueeze(0))
    by_frame = torch.arange(frames * height * width, device=backbone.device).reshape(frames, -1)
    return by_frame[list(block.frames)].flatten()


def _angles(block: ContextBlock, backbone: Backbone) -> Rotary:
    grid = backbone.transformer.tokens_grid(block.latents.unsqueeze(0))
    at = rotary(backbone.transformer.config.attention_head_dim, block.start, grid, backbone.device, block.turn)
    rows = _rows(block, backbone)
    return at if rows is None else Rotary(at.cos[:, rows], at.sin[:, rows])


class _Joined(LayerSequence):
    """All blocks' keys, rotated for their places, and values, joined a layer at a time as they are read."""

    def __init__(self, placed: Sequence[tuple[Sequence[LayerKV], Rotary]]) -> None:
        self._placed = tuple(placed)

    def __len__(self) -> int:
        return len(self._placed[0][0])

    def layer(self, number: int) -> LayerKV:
        pairs = [(layers[number], at) for layers, at in self._placed]
        keys = [rotate(key, at) for (key, _), at in pairs]
        values = [value for (_, value), _ in pairs]
        return (keys[0], values[0]) if len(pairs) == 1 else (torch.cat(keys, dim=1), torch.cat(values, dim=1))


def _join(placed: Sequence[tuple[Sequence[LayerKV], Rotary]], by_layer: bool) -> PlacedContext:
    """At once, which is faster, or while it is read, which takes memory for one layer only. The same numbers."""
    joined = _Joined(placed)
    return PlacedContext(joined if by_layer else tuple(joined))
