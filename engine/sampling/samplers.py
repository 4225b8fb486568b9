"""Samplers: pure functions over diffusers' schedulers, in the manner of k-diffusion.

`denoise(velocity, noise, schedule, callback)`: the callback hears every step with the current clean estimate and may
raise `SamplingCancelled` to stop between steps. Timesteps are handed on as the scheduler has them (whole numbers with
UniPC), because diffusers' pipelines do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler
from torch import Tensor

from engine.context.blocks import latents_hash, seeded_noise

Sampler = Literal["euler", "unipc", "renoise"]


class SamplingCancelled(Exception):
    """Raised by a callback: stop now. What was finished before stays."""


@dataclass(frozen=True, slots=True)
class StepState:
    """After step `index` (from 0) of `count`. `clean`: one estimate of z0 a shot, shaped as the latents."""

    index: int
    count: int
    sigma: float
    clean: Sequence[Tensor]


Velocity = Callable[[Sequence[Tensor], Tensor], Sequence[Tensor]]  # (latents a shot, timestep of 1000, 0-d)
Callback = Callable[[StepState], None]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Which noise levels are visited, and how. `step_list`: a distilled model's timesteps before the shift."""

    sampler: Sampler
    steps: int
    shift: float
    step_list: tuple[float, ...] = ()


def make_scheduler(sampler: Sampler, steps: int, shift: float) -> Any:
    """A fresh diffusers scheduler with its timesteps set. Raises ValueError for an unknown sampler."""
    scheduler: Any
    if sampler == "euler":
        scheduler = FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=shift)
    elif sampler == "unipc":
        scheduler = UniPCMultistepScheduler(
            num_train_timesteps=1000, prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=shift
        )
    else:
        raise ValueError(f"unknown sampler {sampler!r}: use euler or unipc")
    scheduler.set_timesteps(steps)
    return scheduler


def denoise(velocity: Velocity, noise: Sequence[Tensor], schedule: Schedule, callback: Callback) -> list[Tensor]:
    """From noise to latents. `velocity(x, timestep)` gets and gives one tensor (B, C, T, h, w) a shot."""
    walk = _renoised if schedule.sampler == "renoise" else _integrated
    return [x.to(torch.float32) for x in walk(velocity, noise, schedule, callback)]


def _integrated(
    velocity: Velocity, noise: Sequence[Tensor], schedule: Schedule, callback: Callback
) -> Sequence[Tensor]:
    """Integrate from sigma 1 to 0 with one of diffusers' schedulers.

    Every shot has its own scheduler state, so shots of different lengths are denoised side by side.
    """
    schedulers = [make_scheduler(schedule.sampler, schedule.steps, schedule.shift) for _ in noise]
    x = list(noise)
    for index in range(schedule.steps):
        timestep = schedulers[0].timesteps[index]
        sigma = float(schedulers[0].sigmas[index])
        v = velocity(x, timestep)
        clean = [a - sigma * b for a, b in zip(x, v, strict=True)]
        x = [
            scheduler.step(b, timestep, a, return_dict=False)[0]
            for scheduler, a, b in zip(schedulers, x, v, strict=True)
        ]
        callback(StepState(index, schedule.steps, sigma, clean))
    return x


def renoise_sigmas(schedule: Schedule) -> list[float]:
    """Noise levels of a distilled model: its own list when it is asked for as many steps, else evenly spread ones;
    both bent by the shift as in training (Self-Forcing: s t / (1 + (s - 1) t))."""
    own = schedule.step_list if len(schedule.step_list) == schedule.steps else ()
    plain = [t / 1000 for t in own] or [1 - n / schedule.steps for n in range(schedule.steps)]
    return [schedule.shift * t / (1 + (schedule.shift - 1) * t) for t in plain]


def _renoised(
    velocity: Velocity, noise: Sequence[Tensor], schedule: Schedule, callback: Callback
) -> Sequence[Tensor]:
    """Few-step sampling of distilled models: estimate the clean latents, add fresh noise at the next level, repeat.

    The fresh noise is seeded by the start noise: the same seed gives the same take.
    """
    names = [latents_hash(x[0]) for x in noise]
    sigmas = renoise_sigmas(schedule)
    x, clean = list(noise), list(noise)
    for index, sigma in enumerate(sigmas):
        v = velocity(x, torch.tensor(sigma * 1000.0))
        clean = [a - sigma * b for a, b in zip(x, v, strict=True)]
        callback(StepState(index, schedule.steps, sigma, clean))
        if index + 1 < len(sigmas):
            level = sigmas[index + 1]
            fresh = [seeded_noise(f"renoise/{n}/{index}", c.shape).to(c) for n, c in zip(names, clean, strict=True)]
            x = [(1 - level) * c + level * eps for c, eps in zip(clean, fresh, strict=True)]
    return clean
