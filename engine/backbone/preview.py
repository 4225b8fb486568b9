"""A look at latents without the VAE: one linear map from a latent cell's channels to its average colour.

Fitted by least squares to what the VAE itself makes of a few made-up pictures, so it fits any VAE. Decoding even one
frame with Wan's VAE takes gigabytes; this takes a matrix of 17 by 3. Pictures come out small and soft, as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.backbone.backbone import Backbone

PICTURES, CELLS = 12, 6  # made-up pictures to fit to, and their sides in latent cells
RIDGE = 1e-3


@dataclass(frozen=True, slots=True)
class LinearPreview:
    """`weights` (C + 1, 3): normalised latent channels, and a constant, to RGB in [0, 1]."""

    weights: Tensor

    def frame(self, latents: Tensor, stride: int) -> Tensor:
        """One latent frame (C, h, w) -> picture uint8 (h * stride, w * stride, 3) on the CPU."""
        cells = latents.float().cpu().flatten(1).T  # (h*w, C)
        colours = torch.cat([cells, cells.new_ones(len(cells), 1)], 1) @ self.weights
        small = colours.T.reshape(1, 3, *latents.shape[1:]).clamp(0, 1)
        large = F.interpolate(small, scale_factor=stride, mode="bilinear", align_corners=False)
        return (large[0] * 255).round().to(torch.uint8).permute(1, 2, 0)


def made_up_pictures(count: int, side: int) -> Tensor:
    """Soft blotches of colour, uint8 (count, side, side, 3); the same every time."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(count, 3, 4, 4, generator=generator)
    smooth = F.interpolate(coarse, size=(side, side), mode="bicubic", align_corners=False).clamp(0, 1)
    return (smooth * 255).round().to(torch.uint8).permute(0, 2, 3, 1)


@torch.no_grad()
def fit_preview(backbone: Backbone) -> LinearPreview:
    """Fit the map to a backbone's VAE: a few encodes of small pictures, once."""
    stride = backbone.profile.spatial_stride
    pictures = made_up_pictures(PICTURES, CELLS * stride)
    cells = torch.cat([backbone.encode(picture[None])[:, 0].flatten(1).T for picture in pictures])  # (n, C)
    colours = F.avg_pool2d(pictures.permute(0, 3, 1, 2).float() / 255, stride).permute(0, 2, 3, 1).reshape(-1, 3)
    known = torch.cat([cells, cells.new_ones(len(cells), 1)], 1).double()
    gram = known.T @ known + RIDGE * len(known) * torch.eye(known.shape[1], dtype=torch.float64)
    return LinearPreview(torch.linalg.solve(gram, known.T @ colours.double()).float())
