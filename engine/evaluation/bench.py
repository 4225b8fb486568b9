"""`main.py bench context`: what the cache is worth, as ratios in one run, and that it changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from engine.backbone.loading import Backbone
from engine.backbone.transformer import ShotInput
from engine.context.assemble import assemble
from engine.context.blocks import ContextBlock, noised, place
from engine.context.cache import ContextCache
from engine.contract import ContextCandidate, SamplingSettings
from engine.memory.plans import PACKINGS
from engine.sampling.generate import Resolved, resolve, sample_joint, sample_shot
from engine.sampling.noise import shot_noise

LATENTS = 5


def _blocks(backbone: Backbone, count: int, tag: str = "") -> list[ContextBlock]:
    """`count` context shots with latents of unit variance; what they show does not matter for time or equality."""
    shape = backbone.latent_shape(LATENTS, backbone.profile.size)
    blocks = []
    for n in range(count):
        name = f"bench{tag}/{n}"
        candidate = ContextCandidate(name, "shot", name, f"shot {n}", "", name, f"the fox walks, wide shot {n}", n)
        latents = shot_noise(90_000 + n, shape)
        blocks.append(ContextBlock(candidate, "before", latents, name, backbone.profile.context_noise, 0.0, 0))
    return blocks


def _seconds(work: Callable[[], object], repeats: int) -> float:
    """Best of `repeats`."""
    best = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - started)
    return best


@torch.no_grad()
def cached_against_uncached(backbone: Backbone, contexts: int = 3) -> dict[str, float]:
    """Largest difference of the target's velocity between cached K/V and one block-causal forward with a mask."""
    return {mode: _difference(backbone, contexts, mode == "chained") for mode in ("isolated", "chained")}


def _difference(backbone: Backbone, contexts: int, chained: bool) -> float:
    profile = replace(backbone.profile, encoding="chained" if chained else "isolated")
    backbone = replace(backbone, profile=profile)
    blocks = _blocks(backbone, contexts)
    shot, cached = _forward(backbone, blocks, ContextCache(backbone.device))
    starts = place(profile.positions, [LATENTS] * contexts, [], LATENTS).block_starts
    scene = [
        ShotInput(
            noised(b).unsqueeze(0).to(backbone.device),
            torch.full((1, LATENTS), b.noise * 1000.0, device=backbone.device),
            backbone.embed(b.candidate.text),
            start,
        )
        for b, start in zip(blocks, starts, strict=True)
    ]
    mask = block_causal_mask(contexts + 1, backbone.tokens(LATENTS, profile.size), chained).to(backbone.device)
    whole = backbone.transformer.forward_scene([*scene, shot], mask=mask)[-1]
    return float((cached - whole).abs().max())


def _forward(backbone: Backbone, blocks: list[ContextBlock], cache: ContextCache) -> tuple[ShotInput, Tensor]:
    """A shot in the middle of its denoising, and its velocity when it sees these blocks."""
    context = assemble(blocks, LATENTS, backbone, cache)
    target = shot_noise(1, backbone.latent_shape(LATENTS, backbone.profile.size)).unsqueeze(0).to(backbone.device)
    level = torch.full((1, LATENTS), 600.0, device=backbone.device)
    shot = ShotInput(target, level, backbone.embed("it jumps, close-up"), context.target_start)
    (velocity,) = backbone.transformer.forward_scene([shot], context.placed)
    return shot, velocity


@torch.no_grad()
def packed_against_exact(backbone: Backbone, contexts: int = 3) -> list[dict[str, Any]]:
    """By packing: bytes of the context, and how far the velocity is off, relative to its size (RMS)."""
    rows, exact = [], torch.empty(0)
    for packing in (None, *PACKINGS):
        cache = ContextCache(backbone.device, packing=packing)
        _, velocity = _forward(backbone, _blocks(backbone, contexts), cache)
        exact = velocity if packing is None else exact
        error = float((velocity - exact).norm() / exact.norm())
        rows.append({"packing": packing, "kv_bytes": cache.used(on_device=True), "error": round(error, 6)})
    return rows


def block_causal_mask(shots: int, tokens: int, chained: bool) -> Tensor:
    """(N, N) bool: a shot sees itself, and earlier ones when chained; the last (the target) sees all in both modes."""
    allow = torch.eye(shots, dtype=torch.bool) if not chained else torch.ones(shots, shots).tril().bool()
    allow[-1] = True
    return allow.repeat_interleave(tokens, 0).repeat_interleave(tokens, 1)


@dataclass(frozen=True, slots=True)
class _Bench:
    backbone: Backbone
    settings: Resolved
    repeats: int

    def row(self, contexts: int) -> dict[str, Any]:
        """Seconds of one shot: context warm, context cold, and everything recomputed jointly."""
        backbone, blocks = self.backbone, _blocks(self.backbone, contexts)
        cache = ContextCache(backbone.device)
        noise = shot_noise(2, backbone.latent_shape(LATENTS, backbone.profile.size))

        def shot() -> None:
            context = assemble(blocks, LATENTS, backbone, cache)
            sample_shot(backbone, "it waves", noise, context, self.settings, lambda _: None)

        def cold() -> None:
            cache.clear()
            shot()

        def joint() -> None:
            texts = [*(b.candidate.text for b in blocks), "it waves"]
            noises = [*(b.latents for b in blocks), noise]
            sample_joint(backbone, texts, noises, self.settings, lambda _: None)

        cold_s = _seconds(cold, self.repeats)
        warm_s = _seconds(shot, self.repeats)
        joint_s = _seconds(joint, self.repeats)
        return {
            "context": contexts,
            "warm_s": round(warm_s, 4),
            "cold_s": round(cold_s, 4),
            "joint_s": round(joint_s, 4),
            "kv_bytes": cache.used(on_device=True),
        }


def seeds_share_context(backbone: Backbone, seeds: int = 4, contexts: int = 3) -> dict[str, int]:
    """Forwards and bytes that the context of `seeds` takes of one shot costs."""
    cache, blocks = ContextCache(backbone.device), _blocks(backbone, contexts, "/seeds")
    for _ in range(seeds):
        assemble(blocks, LATENTS, backbone, cache)
    statistics = cache.statistics
    return {"seeds": seeds, "forwards": statistics.misses, "hits": statistics.hits, "kv_bytes": cache.used(True)}


def bench_context(backbone: Backbone, contexts: tuple[int, ...], steps: int, repeats: int = 2) -> dict[str, Any]:
    """The whole report; ratios are between numbers of this run."""
    difference = cached_against_uncached(backbone)
    bench = _Bench(backbone, resolve(SamplingSettings(steps=steps), backbone), repeats)
    bench.row(0)  # warms up allocators and kernels
    rows = [bench.row(n) for n in contexts]
    first, last = rows[0], rows[-1]
    return {
        "max_abs_diff": max(difference.values()),
        "max_abs_diff_by_encoding": difference,
        "steps": steps,
        "rows": rows,
        "joint_over_warm": round(last["joint_s"] / last["warm_s"], 2),
        "warm_over_none": round(last["warm_s"] / first["warm_s"], 2),
        "packings": packed_against_exact(backbone),
        "seeds": seeds_share_context(backbone),
    }
