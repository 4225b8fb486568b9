"""Making shots: one shot against its context, a scene jointly, a continuation, an extension. No files here.

Every mode is a choice of the same things: latents, a noise level, a list of context blocks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.backbone.loading import BUILT_IN, Backbone
from engine.backbone.step_cache import FirstBlockCaching, MagCaching, StepCache, StepCaches, StepCaching
from engine.backbone.transformer import PlacedContext, PreparedText, ShotInput
from engine.catalogue.calibration import load_calibration
from engine.context.assemble import Context, assemble, recent_block
from engine.context.blocks import ContextBlock, latents_hash
from engine.context.cache import ContextCache
from engine.contract import ContextCandidate, SamplingSettings
from engine.sampling.guidance import NO_GUIDANCE, Guidance, guided
from engine.sampling.noise import shot_noise
from engine.sampling.samplers import Callback, Sampler, Schedule, denoise


@dataclass(frozen=True, slots=True)
class Resolved:
    """Sampling settings with nothing left open. `guidance_low`: of the second expert, where there is one.

    Below the noise level `guidance_from` one forward a step does without guidance: there it changes hardly anything
    ("Applying guidance in a limited interval", arXiv 2404.07724).
    """

    steps: int
    guidance: Guidance
    guidance_low: Guidance
    sampler: Sampler
    shift: float
    step_list: tuple[float, ...] = ()
    step_cache: StepCaching | None = None  # None = every step is computed
    guidance_from: float = 0.0

    @property
    def schedule(self) -> Schedule:
        """The noise levels, and how they are walked."""
        return Schedule(self.sampler, self.steps, self.shift, self.step_list)

    def guidance_of(self, expert: int, timestep: float) -> Guidance:
        """Scales while that expert denoises, at a timestep of 1000."""
        if timestep < 1000 * self.guidance_from:
            return NO_GUIDANCE
        return self.guidance_low if expert else self.guidance


def resolve(settings: SamplingSettings, backbone: Backbone) -> Resolved:
    """The user's settings over the profile's."""
    profile = backbone.profile

    def pick(value: float | None, default: float) -> float:
        return default if value is None else value

    text = pick(settings.text_guidance, profile.text_guidance)
    context = pick(settings.context_guidance, profile.context_guidance)
    low = text if profile.text_guidance_low is None else pick(settings.text_guidance, profile.text_guidance_low)
    return Resolved(
        settings.steps or profile.steps,
        Guidance(text, context),
        Guidance(low, low if context == text else context),
        settings.sampler or profile.sampler,
        profile.shift,
        profile.step_list,
        _step_caching(settings, backbone),
        pick(settings.guidance_from, profile.guidance_from),
    )


def _step_caching(settings: SamplingSettings, backbone: Backbone) -> StepCaching | None:
    """What the user asked for. Raises NotCalibrated for magcache with a model that was not measured."""
    threshold = settings.step_cache or 0.0
    if not threshold:
        return None
    if settings.step_cache_kind == "magcache":
        place = backbone.folder
        called = place.name if place.parent == BUILT_IN else str(place)
        return MagCaching(threshold, load_calibration(called, backbone.fingerprint))
    return FirstBlockCaching(threshold)


@torch.no_grad()
def sample_shot(
    backbone: Backbone,
    text: str,
    noise: Tensor,
    context: Context | None,
    settings: Resolved,
    callback: Callback,
    given: Tensor | None = None,
) -> Tensor:
    """Denoise one shot: noise (C, T, h, w) -> latents (C, T, h, w) on the CPU, fp32.

    `given` (C, k, h, w): latents that the shot begins with, seen clean by all steps and kept as they are.
    """
    states = {True: backbone.embed(text), False: backbone.embed_negative()}
    keep = backbone.profile.keeps_text(math.prod(backbone.transformer.tokens_grid(noise.unsqueeze(0))))
    texts = [{on: x.prepare_text(s, keep) for on, s in states.items()} for x in backbone.experts]
    caches = StepCaches(settings.step_cache, settings.steps)
    start, turn = (context.target_start, context.target_turn) if context is not None else (0.0, 0.0)
    head = None if given is None else given.unsqueeze(0).to(backbone.device)

    def velocity(x: Sequence[Tensor], timestep: Tensor) -> Sequence[Tensor]:
        expert = backbone.expert_at(float(timestep))
        seen = context.for_expert(expert) if context is not None else None
        latents = _with_head(x[0], head).to(backbone.dtype)
        levels = _levels(backbone, timestep, latents.shape[2], 0 if head is None else head.shape[2])

        def branch(with_text: bool, with_context: bool) -> Sequence[Tensor]:
            shot = ShotInput(latents, levels, texts[expert][with_text], start, turn)
            steps = caches.of(float(timestep), expert, with_text, with_context)
            return [_forward(backbone, expert, shot, seen if with_context else None, steps).float()]

        return guided(branch, settings.guidance_of(expert, float(timestep)), seen is not None)

    x = noise.unsqueeze(0).to(backbone.device)
    (clean,) = denoise(velocity, [x], settings.schedule, callback)
    return _with_head(clean, head)[0].cpu()


def _forward(
    backbone: Backbone, expert: int, shot: ShotInput, seen: PlacedContext | None, steps: StepCache | None
) -> Tensor:
    """One expert's velocity for one shot.

    In fp32, and seeing nothing, a model that was trained with a level for every token takes diffusers' own path, whose
    numbers it then has to the last bit. Levels a frame say the same in a thousandth of the memory, and can skip steps.
    """
    transformer = backbone.experts[expert]
    exact_levels = backbone.profile.expand_timesteps and backbone.dtype == torch.float32
    if exact_levels and seen is None and steps is None:
        _, height, width = transformer.tokens_grid(shot.latents)
        levels = shot.timestep.repeat_interleave(height * width, dim=1)
        states = shot.text.states if isinstance(shot.text, PreparedText) else shot.text
        exact: Tensor = transformer(shot.latents, levels, states, return_dict=False)[0]
        return exact
    return transformer.forward_scene([shot], seen, steps=steps)[0]


def _with_head(x: Tensor, head: Tensor | None) -> Tensor:
    """x (B, C, T, h, w) with its first latent frames replaced by given ones."""
    return x if head is None else torch.cat([head.to(x), x[:, :, head.shape[2] :]], dim=2)


def _levels(backbone: Backbone, timestep: Tensor, frames: int, clean: int) -> Tensor:
    """(1,) one noise level for all; or (1, T), one a latent frame, where a model was trained so or frames are given."""
    timestep = timestep.to(backbone.device)
    if not clean and not backbone.profile.expand_timesteps:
        return timestep.reshape(1)
    return torch.cat([timestep.new_zeros(clean), timestep.expand(frames - clean)]).unsqueeze(0).float()


@torch.no_grad()
def sample_joint(
    backbone: Backbone, texts: Sequence[str], noises: Sequence[Tensor], settings: Resolved, callback: Callback
) -> list[Tensor]:
    """Denoise all shots of a scene together at one noise level, each seeing all others (arXiv 2503.10589, joint).

    The unconditional branch has neither text nor the other shots: "context" of a jointly made shot is its siblings.
    """
    rule = backbone.profile.positions
    spots = [(start, n * rule.angle) for n, start in enumerate(rule.starts([n.shape[1] for n in noises]))]
    prompts = [backbone.embed(t) for t in texts]
    empty = backbone.embed_negative()
    together, *alone = [StepCaches(settings.step_cache, settings.steps) for _ in range(len(texts) + 1)]

    def velocity(x: Sequence[Tensor], timestep: Tensor) -> Sequence[Tensor]:
        number = backbone.expert_at(float(timestep))
        transformer = backbone.experts[number]
        level = timestep.to(backbone.device).reshape(1)

        def branch(with_text: bool, with_context: bool) -> Sequence[Tensor]:
            shots = [
                ShotInput(z.to(backbone.dtype), level, text if with_text else empty, *spot)
                for z, text, spot in zip(x, prompts, spots, strict=True)
            ]
            branch_of = float(timestep), number, with_text, with_context
            if with_context:
                return [v.float() for v in transformer.forward_scene(shots, steps=together.of(*branch_of))]
            return [
                transformer.forward_scene([shot], steps=caches.of(*branch_of))[0].float()
                for shot, caches in zip(shots, alone, strict=True)
            ]

        return guided(branch, settings.guidance_of(number, float(timestep)), has_context=len(x) > 1)

    starting = [n.unsqueeze(0).to(backbone.device) for n in noises]
    clean = denoise(velocity, starting, settings.schedule, callback)
    return [z[0].cpu() for z in clean]


def chunk_lengths(backbone: Backbone, latents: int, continues: bool) -> list[int]:
    """How a shot of `latents` latent frames is made: at most `max_frames` first, then extension chunks."""
    profile = backbone.profile
    stride = profile.temporal_stride
    if profile.chunk_latents:
        whole, rest = divmod(latents, profile.chunk_latents)
        return [profile.chunk_latents] * whole + ([rest] if rest else [])
    chunk = profile.extension_frames // stride
    first = chunk if continues else (profile.max_frames - 1) // stride + 1
    lengths = [min(latents, first)]
    while sum(lengths) < latents:
        lengths.append(min(chunk, latents - sum(lengths)))
    return lengths


@dataclass(frozen=True, slots=True)
class LongShot:
    """A shot to make in chunks. `made`: latents that exist already (extending a take); `pinned`: blocks that every
    chunk sees besides the tail of what was made; `given`: latents that the shot must begin with."""

    text: str
    seed: int
    lengths: Sequence[int]
    size: tuple[int, int]
    pinned: Sequence[ContextBlock] = ()
    made: Tensor | None = None
    given: Tensor | None = None


def sample_long(
    backbone: Backbone,
    cache: ContextCache,
    shot: LongShot,
    first: Context | None,
    settings: Resolved,
    callback: Callback,
) -> tuple[Tensor, tuple[Context, ...]]:
    """The chunks of a shot: the first against `first` (when nothing is made yet), every later one continuing the
    latents made so far, in latent space, without a cut. A model that always works in chunks sees each of the earlier
    ones as it was when it was made.

    Returns all latents (C, T, h, w) and the contexts that were read. A chunk's noise depends on the take's seed and on
    how many latent frames stand before it.
    """
    made, contexts = shot.made, []
    own = ContextCandidate("", "recent", "", "this shot", "", "", shot.text, 0)
    for length in shot.lengths:
        if made is None:
            assert first is not None
            context, at = first, 0
        else:
            at = made.shape[1]
            context = assemble([*shot.pinned, *_tail(own, made, backbone)], length, backbone, cache)
        contexts.append(context)
        noise = shot_noise(shot.seed, backbone.latent_shape(length, shot.size), at)
        given = shot.given if made is None else None
        part = sample_shot(backbone, shot.text, noise, context, settings, callback, given)
        made = part if made is None else torch.cat([made, part], dim=1)
    assert made is not None
    return made, tuple(contexts)


def _tail(own: ContextCandidate, made: Tensor, backbone: Backbone) -> list[ContextBlock]:
    """What a chunk sees of the latents (C, T, h, w) made before it: the last ones, at once or chunk by chunk."""
    profile = backbone.profile
    noise, tail, pieces = profile.context_noise, profile.tail_latents, [made]
    if profile.chunk_latents:
        pieces = list(made.split(profile.chunk_latents, dim=1))[-max(1, tail // profile.chunk_latents) :]
    return [recent_block(own, piece, latents_hash(piece), noise, tail) for piece in pieces]
