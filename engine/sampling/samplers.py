"""Samplers: pure functions over diffusers' schedulers, in the manner of k-diffusion.

`denoise(velocity, noise, scheduler, steps, callback)`: the callback hears every step with the current clean estimate
and may raise `SamplingCancelled` to stop between steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler
from torch import Tensor

Sampler = Literal["euler", "unipc"]


class SamplingCancelled(Exception):
    """Raised by a callback: stop now. What was finished before stays."""


@dataclass(frozen=True, slots=True)
class StepState:
    """After step `index` (from 0) of `count`. `clean`: one estimate of z0 a shot, shaped as the latents."""

    index: int
    count: int
    sigma: float
    clean: Sequence[Tensor]


Velocity = Callable[[Sequence[Tensor], float], Sequence[Tensor]]
Callback = Callable[[StepState], None]


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


def denoise(
    velocity: Velocity, noise: Sequence[Tensor], sampler: Sampler, steps: int, shift: float, callback: Callback
) -> list[Tensor]:
    """Integrate from sigma 1 to 0. `velocity(x, sigma)` gets and gives one tensor (B, C, T, h, w) a shot.

    Every shot has its own scheduler state, so shots of different lengths are denoised side by side.
    """
    schedulers = [make_scheduler(sampler, steps, shift) for _ in noise]
    x = list(noise)
    for index in range(steps):
        timestep = schedulers[0].timesteps[index]
        sigma = float(schedulers[0].sigmas[index])
        v = velocity(x, sigma)
        clean = [a - sigma * b for a, b in zip(x, v, strict=True)]
        x = [
            scheduler.step(b, timestep, a, return_dict=False)[0]
            for scheduler, a, b in zip(schedulers, x, v, strict=True)
        ]
        callback(StepState(index, steps, sigma, clean))
    return [t.to(torch.float32) for t in x]
