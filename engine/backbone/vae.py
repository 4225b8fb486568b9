"""The paper theatre's causal video VAE: a linear space-time patch path beside a small trunk at latent resolution.

Layout as Wan's VAE: the first latent frame is one pixel frame, every later one is four; 8x8 pixels a latent cell.
The linear path starts as the PCA of patches and carries most of the energy; the trunk (2-D convolutions inside a
latent frame, one 1x1 mix with the previous latent frame) adds what a linear map cannot. The refiner works on the
decoded pixels, at half their resolution: the others draw each cell by itself, and cells show their borders.
Because every operation looks only at this and earlier latent frames, a shot can be continued by decoding its
latents with the new ones appended. Source: measured recipe in `shared/paper-theatre.md`; the refiner is our own.
"""

from __future__ import annotations

from typing import cast

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

TEMPORAL_STRIDE = 4
SPATIAL_STRIDE = 8
PATCH = TEMPORAL_STRIDE * 3 * SPATIAL_STRIDE * SPATIAL_STRIDE  # 768 numbers a latent cell


def latent_frames(frames: int) -> int:
    """Latent frames of a shot of `frames` = 4n+1 pixel frames."""
    return (frames - 1) // TEMPORAL_STRIDE + 1


def pixel_frames(latents: int) -> int:
    """Pixel frames of a shot of `latents` latent frames."""
    return (latents - 1) * TEMPORAL_STRIDE + 1


def patchify(video: Tensor) -> Tensor:
    """(B, 3, 4n+1, H, W) -> (B, 768, n+1, H/8, W/8); the first frame stands four times in its cell."""
    b, c, frames, height, width = video.shape
    if (frames - 1) % TEMPORAL_STRIDE or height % SPATIAL_STRIDE or width % SPATIAL_STRIDE:
        raise ValueError(f"a clip must have 4n+1 frames and sides that are multiples of 8, got {tuple(video.shape)}")
    video = torch.cat([video[:, :, :1].expand(-1, -1, TEMPORAL_STRIDE, -1, -1), video[:, :, 1:]], dim=2)
    t, h, w = (frames - 1) // TEMPORAL_STRIDE + 1, height // SPATIAL_STRIDE, width // SPATIAL_STRIDE
    cells = video.reshape(b, c, t, TEMPORAL_STRIDE, h, SPATIAL_STRIDE, w, SPATIAL_STRIDE)
    return cells.permute(0, 3, 1, 5, 7, 2, 4, 6).reshape(b, PATCH, t, h, w)


def unpatchify(cells: Tensor) -> Tensor:
    """(B, 768, n+1, h, w) -> (B, 3, 4n+1, 8h, 8w); the first cell's four frames are averaged into one."""
    b, _, t, h, w = cells.shape
    video = cells.reshape(b, TEMPORAL_STRIDE, 3, SPATIAL_STRIDE, SPATIAL_STRIDE, t, h, w)
    video = video.permute(0, 2, 5, 1, 6, 3, 7, 4).reshape(
        b, 3, t * TEMPORAL_STRIDE, h * SPATIAL_STRIDE, w * SPATIAL_STRIDE
    )
    first = video[:, :, :TEMPORAL_STRIDE].mean(dim=2, keepdim=True)
    return torch.cat([first, video[:, :, TEMPORAL_STRIDE:]], dim=2)


class CausalBlock(nn.Module):
    """Residual block inside a latent frame, then a 1x1 mix with the frame before."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(8, width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.norm2 = nn.GroupNorm(8, width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.past = nn.Conv2d(width, width, 1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.past.weight)
        nn.init.zeros_(cast(Tensor, self.conv2.bias))
        nn.init.zeros_(cast(Tensor, self.past.bias))

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """x (B*T, C, h, w), T = frames."""
        y = self.conv1(nn.functional.silu(self.norm1(x)))
        x = x + self.conv2(nn.functional.silu(self.norm2(y)))
        by_time = x.unflatten(0, (-1, frames))
        before = torch.cat([by_time[:, :1], by_time[:, :-1]], dim=1).flatten(0, 1)
        return cast(Tensor, x + self.past(before - x))


class Trunk(nn.Module):
    """1x1 in, causal blocks, 1x1 out that starts at zero."""

    def __init__(self, inputs: int, width: int, blocks: int, outputs: int) -> None:
        super().__init__()
        self.inp = nn.Conv2d(inputs, width, 1)
        self.blocks = nn.ModuleList([CausalBlock(width) for _ in range(blocks)])
        self.norm = nn.GroupNorm(8, width)
        self.out = nn.Conv2d(width, outputs, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(cast(Tensor, self.out.bias))

    def features(self, x: Tensor) -> Tensor:
        """(B, inputs, T, h, w) -> what the last map is made from (B*T, width, h, w)."""
        frames = x.shape[2]
        flat = self.inp(x.transpose(1, 2).flatten(0, 1))
        for block in self.blocks:
            flat = block(flat, frames)
        return nn.functional.silu(self.norm(flat))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, T, h, w) -> (B, outputs, T, h, w)"""
        return self.last(self.features(x), x.shape[2])

    def last(self, features: Tensor, frames: int) -> Tensor:
        """(B*T, width, h, w), T = frames -> (B, outputs, T, h, w)"""
        return cast(Tensor, self.out(features).unflatten(0, (-1, frames)).transpose(1, 2))


class Refiner(nn.Module):
    """What is drawn cell by cell, corrected across their borders: convolutions at half the pixels' resolution over a
    latent frame's four pixel frames, the last one before them and the trunk's features. Starts as the identity."""

    HALF, HINTS = 2, 16  # pixels a side; channels of the trunk's features at that resolution

    def __init__(self, width: int, blocks: int, features: int) -> None:
        super().__init__()
        picture, up = 3 * self.HALF**2, SPATIAL_STRIDE // self.HALF
        self.hints = nn.Conv2d(features, self.HINTS * up * up, 1)
        self.inp = nn.Conv2d((TEMPORAL_STRIDE + 1) * picture + self.HINTS, width, 3, padding=1)
        self.blocks = nn.ModuleList(
            [
                nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.SiLU(), nn.Conv2d(width, width, 3, padding=1))
                for _ in range(blocks)
            ]
        )
        self.out = nn.Conv2d(width, TEMPORAL_STRIDE * picture, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(cast(Tensor, self.out.bias))

    def forward(self, cells: Tensor, features: Tensor) -> Tensor:
        """cells (B, 768, T, h, w), features (B*T, C, h, w) -> cells of the same shape."""
        frames, spread = cells.shape[2], SPATIAL_STRIDE // self.HALF
        flat = cells.transpose(1, 2).flatten(0, 1)
        drawn = pixel_unshuffle(pixel_shuffle(flat, SPATIAL_STRIDE), self.HALF)  # (B*T, 4 frames * 12, 4h, 4w)
        before = drawn.unflatten(0, (-1, frames))[:, :, -3 * self.HALF**2 :]
        before = torch.cat([before[:, :1], before[:, :-1]], dim=1).flatten(0, 1)
        seen = torch.cat([drawn, before, pixel_shuffle(self.hints(features), spread)], dim=1)
        x = self.inp(seen.contiguous(memory_format=torch.channels_last))  # twice as fast on a CPU
        for block in self.blocks:
            x = x + block(x)
        flat = flat + pixel_unshuffle(pixel_shuffle(self.out(x), self.HALF), SPATIAL_STRIDE)
        return cast(Tensor, flat.unflatten(0, (-1, frames)).transpose(1, 2))


class PaperTheatreVAE(ModelMixin, ConfigMixin):  # type: ignore[misc]  # diffusers' mixins are untyped
    """`encode` gives raw latents; `normalise`/`denormalise` go to and from what the transformer denoises.

    `latents_mean` and `latents_std` (one number a channel) are measured on training clips after training.
    """

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        latent_channels: int = 24,
        encoder_width: int = 128,
        encoder_blocks: int = 2,
        decoder_width: int = 192,
        decoder_blocks: int = 5,
        latents_mean: list[float] | None = None,
        latents_std: list[float] | None = None,
        refiner_width: int = 64,
        refiner_blocks: int = 0,
    ) -> None:
        super().__init__()
        self.linear_in = nn.Conv3d(PATCH, latent_channels, 1)
        self.linear_out = nn.Conv3d(latent_channels, PATCH, 1)
        self.encoder = Trunk(PATCH, encoder_width, encoder_blocks, latent_channels)
        self.decoder = Trunk(latent_channels, decoder_width, decoder_blocks, PATCH)
        self.refiner = Refiner(refiner_width, refiner_blocks, decoder_width) if refiner_blocks else None

    @torch.no_grad()
    def start_from_pca(self, mean: Tensor, basis: Tensor) -> None:
        """mean (768,), basis (768, z) with orthonormal columns: the linear path becomes the PCA projection."""
        self.linear_in.weight.copy_(basis.T.reshape(self.linear_in.weight.shape))
        cast(Tensor, self.linear_in.bias).copy_(-(basis.T @ mean))
        self.linear_out.weight.copy_(basis.reshape(self.linear_out.weight.shape))
        cast(Tensor, self.linear_out.bias).copy_(mean)

    def encode(self, video: Tensor) -> Tensor:
        """video (B, 3, 4n+1, H, W) in [-1, 1] -> raw latents (B, z, n+1, H/8, W/8)."""
        cells = patchify(video)
        return cast(Tensor, self.linear_in(cells) + self.encoder(cells))

    def decode(self, latents: Tensor) -> Tensor:
        """Raw latents (B, z, n+1, h, w) -> video (B, 3, 4n+1, 8h, 8w), not clamped."""
        features = self.decoder.features(latents)
        cells = self.linear_out(latents) + self.decoder.last(features, latents.shape[2])
        return unpatchify(cells if self.refiner is None else self.refiner(cells, features))

    def normalise(self, latents: Tensor) -> Tensor:
        """Raw latents -> what the transformer sees."""
        mean, std = self._statistics(latents)
        return (latents - mean) / std

    def denormalise(self, latents: Tensor) -> Tensor:
        """What the transformer sees -> raw latents."""
        mean, std = self._statistics(latents)
        return latents * std + mean

    def _statistics(self, like: Tensor) -> tuple[Tensor, Tensor]:
        config = self.config
        if config.latents_mean is None or config.latents_std is None:
            raise ValueError("this VAE has no latent statistics: finish `main.py train paper-theatre vae`")
        shape = (1, -1, 1, 1, 1)
        mean = torch.tensor(config.latents_mean, dtype=like.dtype, device=like.device).view(shape)
        return mean, torch.tensor(config.latents_std, dtype=like.dtype, device=like.device).view(shape)
