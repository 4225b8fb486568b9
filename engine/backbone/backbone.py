"""`Backbone`: everything that turns text and context into latents, and latents into frames, whatever its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from engine.backbone.loras import LoraRack
from engine.backbone.text import CachedTextEncoder
from engine.backbone.transformer import SceneTransformer3DModel
from engine.backbone.wan_vae import VideoAutoencoder
from engine.catalogue.profile import Profile


@dataclass(frozen=True, slots=True)
class Backbone:
    """A loaded model. `experts`: one transformer, or two: the first for high noise, the second for low."""

    folder: Path  # or the single weight file
    profile: Profile
    fingerprint: str  # sha256 over all weight and config files
    experts: tuple[SceneTransformer3DModel, ...]
    vae: VideoAutoencoder
    text: CachedTextEncoder
    device: torch.device
    loras: LoraRack
    made_by: Mapping[str, str] = field(default_factory=dict)  # how it runs, where that shows in its numbers

    @property
    def transformer(self) -> SceneTransformer3DModel:
        """The only transformer, or the one for high noise."""
        return self.experts[0]

    def expert_at(self, timestep: float) -> int:
        """Which of `experts` denoises at a timestep of 1000."""
        boundary = self.profile.boundary
        return 0 if len(self.experts) == 1 or boundary is None or timestep >= boundary * 1000 else 1

    def identity(self, expert: int = 0) -> str:
        """What a forward of one expert depends on besides its inputs: weights, LoRAs, which expert."""
        return "/".join(filter(None, (self.fingerprint, self.loras.identity, "low noise" if expert else "")))

    @property
    def dtype(self) -> torch.dtype:
        """What the transformer computes in: the first parameter will not do, norms and tables stay in fp32."""
        dtype: torch.dtype = self.transformer.patch_embedding.weight.dtype
        return dtype

    def latent_shape(self, latents: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """(C, T, h, w) for `latents` latent frames at `size` (width, height)."""
        (width, height), stride = size, self.profile.spatial_stride
        return int(self.transformer.config.in_channels), latents, height // stride, width // stride

    def tokens(self, latents: int, size: tuple[int, int]) -> int:
        """Transformer tokens of `latents` latent frames."""
        _, frames, height, width = self.latent_shape(latents, size)
        p_t, p_h, p_w = self.transformer.config.patch_size
        return int((frames // p_t) * (height // p_h) * (width // p_w))

    @torch.no_grad()
    def embed(self, prompt: str) -> Tensor:
        """(1, L, text_dim) on the device."""
        states = self.text.encode([prompt], max_tokens=self.profile.text_tokens)
        return states.to(self.device, self.dtype)

    def embed_negative(self) -> Tensor:
        """What the branch without text reads, (1, L, text_dim) on the device."""
        return self.embed(self.profile.negative_prompt)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """Normalised latents (C, T, h, w) -> frames uint8 (F, H, W, 3) on the CPU."""
        raw = self.vae.denormalise(latents.unsqueeze(0).to(self.device, torch.float32))
        video = (self.vae.decode(raw)[0].float() * 0.5 + 0.5).clamp(0, 1)
        return (video * 255).round().to(torch.uint8).permute(1, 2, 3, 0).cpu()

    @torch.no_grad()
    def encode(self, frames: Tensor) -> Tensor:
        """Frames uint8 (4n+1, H, W, 3) -> normalised latents (C, n+1, h, w) on the CPU."""
        video = frames.to(self.device, torch.float32).permute(3, 0, 1, 2).unsqueeze(0) / 255.0 * 2.0 - 1.0
        return self.vae.normalise(self.vae.encode(video).float())[0].cpu()
