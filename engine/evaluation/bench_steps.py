"""`main.py bench step-cache`: how much of the work each step cache skips, and what it does to the pictures.

Every row is a scene of a few shots, made again with the same noise and against the same context as without caching.
Rows of fewer steps stand beside them: what one would get by simply not making so many; and rows without guidance in the
last steps.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from statistics import fmean
from typing import Any

from torch import Tensor

from engine.backbone.loading import Backbone
from engine.backbone.step_cache import FirstBlockCaching, MagCaching, StepCache, StepCaching
from engine.catalogue.calibration import Calibration
from engine.context.assemble import Context, assemble
from engine.context.blocks import ContextBlock, latents_hash
from engine.context.cache import ContextCache
from engine.contract import ContextCandidate, SamplingSettings
from engine.evaluation.judge import Frames
from engine.evaluation.vae import psnr_db
from engine.sampling.calibrate import calibrate
from engine.sampling.generate import Resolved, resolve, sample_shot
from engine.sampling.noise import shot_noise

PROMPTS = (
    "A frog in a blue coat walks on the beach by day, wide shot.",
    "The frog in the blue coat jumps, medium shot.",
    "The frog in the blue coat waves at us, close-up.",
    "The frog in the blue coat dances, wide shot.",
    "The frog in the blue coat sleeps, medium shot.",
    "The frog in the blue coat floats under a balloon, wide shot.",
)
FIRST_BLOCK = (0.02, 0.05, 0.1, 0.2)
MAGCACHE = (0.02, 0.06, 0.12, 0.24)
FEWER = (0.75, 0.5)  # of the steps
GUIDANCE_FROM = (0.3, 0.5)  # noise levels


@dataclass(slots=True)
class _Counting:
    """The caches of another caching, kept so as to be asked what they skipped."""

    caching: StepCaching
    made: list[StepCache] = field(default_factory=list)

    def make(self, expert: int, text: bool, context: bool) -> StepCache:
        self.made.append(self.caching.make(expert, text, context))
        return self.made[-1]

    def facts(self, layers: int) -> dict[str, Any]:
        """Forwards that were asked for and skipped, and the part of all blocks that was saved."""
        forwards = sum(cache.skipped + cache.computed for cache in self.made)
        saved = sum(cache.skipped * cache.blocks_skipped(layers) for cache in self.made)
        return {
            "forwards": forwards,
            "skipped": sum(cache.skipped for cache in self.made),
            "blocks_saved": round(saved / (forwards * layers), 4),
        }


@dataclass(frozen=True, slots=True)
class _Scene:
    """The shots that are made over and over. `contexts`: what each sees of those before, made without caching."""

    backbone: Backbone
    noises: tuple[Tensor, ...]
    contexts: tuple[Context | None, ...]
    exact: tuple[Frames, ...]
    exact_s: float

    def row(self, settings: Resolved) -> dict[str, Any]:
        """Seconds of processor time, and how close the frames are to those made without caching (PSNR, dB)."""
        made, seconds = _shots(self.backbone, self.noises, self.contexts, settings)
        values = [psnr_db(a, b) for a, b in zip(made, self.exact, strict=True)]
        return {
            "seconds": round(seconds, 2),
            "speed": round(self.exact_s / seconds, 2),
            "psnr_db": round(fmean(values), 2) if all(map(math.isfinite, values)) else None,
            "psnr_db_worst": round(min(values), 2) if math.isfinite(min(values)) else None,
        }


def _shots(
    backbone: Backbone, noises: Sequence[Tensor], contexts: Sequence[Context | None], settings: Resolved
) -> tuple[list[Frames], float]:
    latents, started = [], time.process_time()
    for prompt, noise, context in zip(PROMPTS, noises, contexts, strict=False):
        latents.append(sample_shot(backbone, prompt, noise, context, settings, lambda _: None))
    seconds = time.process_time() - started
    return [backbone.decode(z).numpy() for z in latents], seconds


def _make_scene(backbone: Backbone, shots: int, settings: Resolved) -> _Scene:
    """Make the shots without caching, one after the other, each seeing those before it."""
    profile = backbone.profile
    length = (profile.max_frames - 1) // profile.temporal_stride + 1
    shape, cache = backbone.latent_shape(length, profile.size), ContextCache(backbone.device)
    noises = tuple(shot_noise(40 + number, shape) for number in range(shots))
    contexts: list[Context | None] = []
    blocks: list[ContextBlock] = []
    frames: list[Frames] = []
    started, spent = time.process_time(), 0.0
    for number, noise in enumerate(noises):
        contexts.append(assemble(blocks, length, backbone, cache) if blocks else None)
        started = time.process_time()
        latents = sample_shot(backbone, PROMPTS[number], noise, contexts[-1], settings, lambda _: None)
        spent += time.process_time() - started
        frames.append(backbone.decode(latents).numpy())
        name = latents_hash(latents)
        candidate = ContextCandidate(name, "shot", name, f"shot {number + 1}", "", name, PROMPTS[number], number)
        blocks.append(ContextBlock(candidate, "before", latents, name, profile.context_noise, 0.0, 0))
    return _Scene(backbone, noises, tuple(contexts), tuple(frames), spent)


def bench_steps(
    backbone: Backbone,
    steps: int,
    shots: int,
    calibration: Calibration | None = None,
    first_block: Sequence[float] = FIRST_BLOCK,
    magcache: Sequence[float] = MAGCACHE,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """The whole report. Without a `calibration` the model is measured first, on other prompts."""
    if not 1 <= shots <= len(PROMPTS):
        raise ValueError(f"{shots} shots: must be 1 to {len(PROMPTS)}")
    plain = resolve(SamplingSettings(steps=steps), backbone)
    if calibration is None:
        say("measuring magnitudes ...")
        calibration = calibrate(backbone, steps)
    say(f"{shots} shots of {steps} steps without caching ...")
    scene = _make_scene(backbone, shots, plain)
    cachings: list[tuple[str, float, StepCaching]] = [
        *(("first-block", threshold, FirstBlockCaching(threshold)) for threshold in first_block),
        *(("magcache", threshold, MagCaching(threshold, calibration)) for threshold in magcache),
    ]
    rows = []
    for kind, threshold, caching in cachings:
        say(f"{kind} {threshold} ...")
        rows.append({"kind": kind, "threshold": threshold, **_cached_row(scene, plain, caching)})
    fewer = [max(1, round(part * steps)) for part in FEWER]
    return {
        "model": backbone.profile.name,
        "steps": steps,
        "shots": shots,
        "seconds": round(scene.exact_s, 2),
        "rows": rows,
        "guidance_from": [{"level": x, **scene.row(replace(plain, guidance_from=x))} for x in GUIDANCE_FROM],
        "fewer_steps": [{"steps": few, **scene.row(replace(plain, steps=few, step_list=()))} for few in fewer],
        "calibration": [asdict(branch) for branch in calibration.branches],
    }


def _cached_row(scene: _Scene, plain: Resolved, caching: StepCaching) -> dict[str, Any]:
    counting = _Counting(caching)
    made = scene.row(replace(plain, step_cache=counting))
    return {**counting.facts(len(scene.backbone.transformer.blocks)), **made}
