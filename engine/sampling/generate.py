"""Making shots: one shot against its context, a scene jointly, a continuation, an extension. No files here.

Every mode is a choice of the same things: latents, a noise level, a list of context blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.backbone.loading import Backbone
from engine.backbone.transformer import PlacedContext, ShotInput
from engine.context.assemble import Context, assemble, recent_block
from engine.context.blocks import ContextBlock, latents_hash
from engine.context.cache import ContextCache
from engine.contract import ContextCandidate, SamplingSettings
from engine.sampling.guidance import Guidance, guided
from engine.sampling.noise import shot_noise
from engine.sampling.samplers import Callback, Sampler, denoise


@dataclass(frozen=True, slots=True)
class Resolved:
    """Sampling settings with nothing left open."""

    steps: int
    guidance: Guidance
    sampler: Sampler
    shift: float


def resolve(settings: SamplingSettings, backbone: Backbone) -> Resolved:
    """The user's settings over the profile's."""
    profile = backbone.profile

    def pick(value: float | None, default: float) -> float:
        return default if value is None else value

    return Resolved(
        settings.steps or profile.steps,
        Guidance(
            pick(settings.text_guidance, profile.text_guidance),
            pick(settings.context_guidance, profile.context_guidance),
        ),
        settings.sampler or profile.sampler,
        profile.shift,
    )


@torch.no_grad()
def sample_shot(
    backbone: Backbone,
    text: str,
    noise: Tensor,
    context: PlacedContext | None,
    start: float,
    settings: Resolved,
    callback: Callback,
) -> Tensor:
    """Denoise one shot: noise (C, T, h, w) -> latents (C, T, h, w) on the CPU, fp32."""
    texts = {True: backbone.embed(text), False: backbone.embed("")}

    def velocity(x: Sequence[Tensor], sigma: float) -> Sequence[Tensor]:
        latents = x[0].to(backbone.dtype)
        timestep = torch.full((1,), sigma * 1000.0, device=backbone.device)

        def branch(with_text: bool, with_context: bool) -> Sequence[Tensor]:
            shot = ShotInput(latents, timestep, texts[with_text], start)
            return [backbone.transformer.forward_scene([shot], context if with_context else None)[0].float()]

        return guided(branch, settings.guidance, context is not None)

    x = noise.unsqueeze(0).to(backbone.device)
    (clean,) = denoise(velocity, [x], settings.sampler, settings.steps, settings.shift, callback)
    return clean[0].cpu()


@torch.no_grad()
def sample_joint(
    backbone: Backbone, texts: Sequence[str], noises: Sequence[Tensor], settings: Resolved, callback: Callback
) -> list[Tensor]:
    """Denoise all shots of a scene together at one noise level, each seeing all others (arXiv 2503.10589, joint).

    The unconditional branch has neither text nor the other shots: "context" of a jointly made shot is its siblings.
    """
    starts = backbone.profile.positions.starts([n.shape[1] for n in noises])
    prompts = [backbone.embed(t) for t in texts]
    empty = backbone.embed("")

    def velocity(x: Sequence[Tensor], sigma: float) -> Sequence[Tensor]:
        timestep = torch.full((1,), sigma * 1000.0, device=backbone.device)

        def branch(with_text: bool, with_context: bool) -> Sequence[Tensor]:
            shots = [
                ShotInput(z.to(backbone.dtype), timestep, text if with_text else empty, start)
                for z, text, start in zip(x, prompts, starts, strict=True)
            ]
            if with_context:
                return [v.float() for v in backbone.transformer.forward_scene(shots)]
            return [backbone.transformer.forward_scene([s])[0].float() for s in shots]

        return guided(branch, settings.guidance, has_context=len(x) > 1)

    clean = denoise(
        velocity,
        [n.unsqueeze(0).to(backbone.device) for n in noises],
        settings.sampler,
        settings.steps,
        settings.shift,
        callback,
    )
    return [z[0].cpu() for z in clean]


def chunk_lengths(backbone: Backbone, latents: int, continues: bool) -> list[int]:
    """How a shot of `latents` latent frames is made: at most `max_frames` first, then extension chunks."""
    profile = backbone.profile
    stride = profile.temporal_stride
    chunk = profile.extension_frames // stride
    first = chunk if continues else (profile.max_frames - 1) // stride + 1
    lengths = [min(latents, first)]
    while sum(lengths) < latents:
        lengths.append(min(chunk, latents - sum(lengths)))
    return lengths


@dataclass(frozen=True, slots=True)
class LongShot:
    """A shot to make in chunks. `made`: latents that exist already (extending a take); `pinned`: blocks that every
    chunk sees besides the tail of what was made."""

    text: str
    seed: int
    lengths: Sequence[int]
    size: tuple[int, int]
    pinned: Sequence[ContextBlock] = ()
    made: Tensor | None = None


def sample_long(
    backbone: Backbone,
    cache: ContextCache,
    shot: LongShot,
    first: Context | None,
    settings: Resolved,
    callback: Callback,
) -> tuple[Tensor, tuple[Context, ...]]:
    """The chunks of a shot: the first against `first` (when nothing is made yet), every later one continuing the
    latents made so far, in latent space, without a cut.

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
            profile, at = backbone.profile, made.shape[1]
            tail = recent_block(own, made, latents_hash(made), profile.context_noise, profile.tail_latents)
            context = assemble([*shot.pinned, tail], length, backbone, cache)
        contexts.append(context)
        noise = shot_noise(shot.seed, backbone.latent_shape(length, shot.size), at)
        part = sample_shot(backbone, shot.text, noise, context.placed, context.target_start, settings, callback)
        made = part if made is None else torch.cat([made, part], dim=1)
    assert made is not None
    return made, tuple(contexts)
