"""Where a block's latents come from: a take's file, or a reference image encoded as a one-frame shot."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from safetensors import SafetensorError, safe_open
from torch import Tensor

from engine.backbone.loading import Backbone
from engine.catalogue.profile import Profile
from engine.context.blocks import ContextBlock, latents_hash
from engine.context.planner import spread_frames
from engine.contract import ContextCandidate

LATENTS = "latents"
STILLS_REMEMBERED = 64  # takes; a few hundred kilobytes each

_REMEMBERED: OrderedDict[tuple[str, str, int], Tensor] = OrderedDict()


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


def taken_out(block: ContextBlock, backbone: Backbone) -> ContextBlock:
    """Of a block that is seen in some frames only: those frames, side by side, as a block of its own.

    With `context_stills` they are single pictures of the decoded take, spread from its first to its last, each encoded
    anew (ShotStream). What continues another shot is decoded without it, so its first pictures are a little off.
    """
    if not block.frames:
        return block
    if backbone.profile.context_stills:
        latents = _stills(block, len(block.frames), backbone)
        return replace(block, latents=latents, frames=(), taken=f"{len(block.frames)} stills")
    taken = f"frames {', '.join(map(str, block.frames))}"
    return replace(block, latents=block.latents[:, list(block.frames)], frames=(), taken=taken)


def _stills(block: ContextBlock, count: int, backbone: Backbone) -> Tensor:
    """(C, count, h, w); the last ones are remembered, as every later shot of a scene asks for the same."""
    key = backbone.fingerprint, block.content_hash, count
    if key not in _REMEMBERED:
        frames = backbone.decode(block.latents)
        chosen = spread_frames(len(frames), count) or range(len(frames))
        _REMEMBERED[key] = torch.cat([backbone.encode(frames[n : n + 1]) for n in chosen], dim=1)
        while len(_REMEMBERED) > STILLS_REMEMBERED:
            _REMEMBERED.popitem(last=False)
    _REMEMBERED.move_to_end(key)
    return _REMEMBERED[key]


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
