"""Where a block's latents come from: a take's file, or a reference image encoded as a one-frame shot."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from safetensors import SafetensorError, safe_open
from torch import Tensor

from engine.backbone.loading import Backbone
from engine.catalogue.profile import Profile
from engine.context.blocks import latents_hash
from engine.contract import ContextCandidate

LATENTS = "latents"


class LatentsBroken(ValueError):
    """A latents file that is damaged, or is not what its take recorded."""


class ReferenceBroken(ValueError):
    """A reference image that cannot be read."""


def latent_length(path: str) -> int:
    """Latent frames of a latents file, from its header alone."""
    try:
        with safe_open(path, framework="pt") as file:
            return int(file.get_slice(LATENTS).get_shape()[1])
    except (SafetensorError, KeyError, IndexError) as error:
        raise LatentsBroken(f"{Path(path).parent.name}/{Path(path).name} is damaged ({error})") from error


def read_latents(path: str, expected_hash: str, expected_shape: tuple[int, int, int]) -> Tensor:
    """Latents (C, T, h, w) fp32, checked against the take's hash and the backbone's (C, h, w)."""
    where = f"{Path(path).parent.name}/{Path(path).name}"
    try:
        with safe_open(path, framework="pt") as file:
            latents: Tensor = file.get_tensor(LATENTS).float()
    except FileNotFoundError:
        raise
    except (SafetensorError, KeyError, OSError) as error:
        raise LatentsBroken(f"{where} is damaged ({error})") from error
    if latents.ndim != 4 or (latents.shape[0], *latents.shape[2:]) != expected_shape:
        raise LatentsBroken(f"{where} has shape {tuple(latents.shape)}, this model and size need {expected_shape}")
    if not bool(torch.isfinite(latents).all()):
        raise LatentsBroken(f"{where} holds numbers that are not finite")
    if expected_hash and latents_hash(latents) != expected_hash:
        raise LatentsBroken(f"{where} was changed since the take was made")
    return latents


def read_reference(path: str, size: tuple[int, int], backbone: Backbone) -> tuple[Tensor, str]:
    """A reference image as a one-frame shot: latents (C, 1, h, w) and the sha256 of the file.

    The image is scaled and cropped about its centre to `size`; what is transparent stands on white, as in the editor.
    """
    data = Path(path).read_bytes()
    try:
        with Image.open(path) as image:
            picture = ImageOps.fit(_on_white(ImageOps.exif_transpose(image)), size, Image.Resampling.LANCZOS)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise ReferenceBroken(f"{Path(path).name} is not an image that can be read ({error})") from error
    frames = torch.from_numpy(np.asarray(picture).copy()).unsqueeze(0)
    return backbone.encode(frames), hashlib.sha256(data).hexdigest()


def _on_white(image: Image.Image) -> Image.Image:
    """RGB of an image of any kind: transparent parts on white, 16-bit grey brought down to 8."""
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


class Measures(Protocol):
    """What counting tokens needs of a backbone; its profile and one config will do."""

    @property
    def profile(self) -> Profile:
        """How the backbone is driven."""
        ...

    def tokens(self, latents: int, size: tuple[int, int]) -> int:
        """Transformer tokens of `latents` latent frames."""
        ...


def candidate_tokens(candidate: ContextCandidate, backbone: Measures, size: tuple[int, int]) -> int:
    """Tokens that a candidate would cost; a continued take costs its tail only."""
    if candidate.role == "reference":
        return backbone.tokens(1, size)
    length = latent_length(candidate.path)
    if candidate.role == "recent":
        length = min(length, backbone.profile.tail_latents)
    return backbone.tokens(length, size)


def candidate_frames(candidate: ContextCandidate) -> int:
    """Latent frames of a candidate: one of a picture, else as its latents file says."""
    return 1 if candidate.role == "reference" else latent_length(candidate.path)
