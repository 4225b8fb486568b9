"""Wan's video VAEs (8x of Wan 2.1, 16x of TI2V-5B) behind what the engine asks of a VAE.

diffusers' `AutoencoderKLWan` does the work; the numbers are those of diffusers' Wan pipelines, operation for operation.
"""

from __future__ import annotations

from typing import Any, Protocol, Self, cast

import torch
from diffusers import AutoencoderKLWan
from torch import Tensor, nn


class VideoAutoencoder(Protocol):
    """Video to latents and back; `normalise` gives what the transformer denoises. Raw latents are the VAE's own."""

    def encode(self, video: Tensor) -> Tensor:
        """video (B, 3, 4n+1, H, W) in [-1, 1] -> raw latents (B, z, n+1, h, w)."""
        ...

    def decode(self, latents: Tensor) -> Tensor:
        """Raw latents (B, z, n+1, h, w) -> video (B, 3, 4n+1, H, W), not clamped."""
        ...

    def normalise(self, latents: Tensor) -> Tensor:
        """Raw latents -> what the transformer sees."""
        ...

    def denormalise(self, latents: Tensor) -> Tensor:
        """What the transformer sees -> raw latents."""
        ...

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """As torch's."""
        ...


class WanVAE(nn.Module):
    """`model` is diffusers' class with its weights; encoding takes the mode of its posterior."""

    def __init__(self, model: AutoencoderKLWan) -> None:
        super().__init__()
        self.model = model

    def encode(self, video: Tensor) -> Tensor:
        """video (B, 3, 4n+1, H, W) in [-1, 1] -> raw latents (B, z, n+1, h, w)."""
        return cast(Tensor, self.model.encode(video.to(self.model.dtype)).latent_dist.mode())

    def decode(self, latents: Tensor) -> Tensor:
        """Raw latents -> video (B, 3, 4n+1, H, W)."""
        return cast(Tensor, self.model.decode(latents.to(self.model.dtype), return_dict=False)[0])

    def normalise(self, latents: Tensor) -> Tensor:
        """Raw latents -> what the transformer sees."""
        mean, inverse = self._statistics(latents)
        return (latents - mean) * inverse

    def denormalise(self, latents: Tensor) -> Tensor:
        """What the transformer sees -> raw latents."""
        mean, inverse = self._statistics(latents)
        return latents / inverse + mean

    def _statistics(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and 1/std a channel; the pipelines divide by the inverse, which rounds otherwise than a product."""
        config, shape = self.model.config, (1, -1, 1, 1, 1)
        mean = torch.tensor(config.latents_mean).view(shape).to(like.device, like.dtype)
        return mean, 1.0 / torch.tensor(config.latents_std).view(shape).to(like.device, like.dtype)
