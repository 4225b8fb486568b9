"""From a model folder to a backbone that can denoise: transformer, VAE, text encoder, profile, fingerprint.

The folder has diffusers' layout (`transformer/`, `vae/`, `text_encoder/`, `tokenizer/`) and a `profile.json`.
Weights are safetensors only; nothing in a folder is executed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from engine.backbone.devices import best_device
from engine.backbone.profiles import Profile, ProfileError, load_profile
from engine.backbone.text import CachedTextEncoder, TextEncoder
from engine.backbone.transformer import SceneTransformer3DModel
from engine.backbone.vae import PaperTheatreVAE

BUILT_IN = Path(__file__).resolve().parents[2] / "assets" / "models"
PARTS = ("transformer", "vae", "text_encoder", "tokenizer")


class ModelMissing(FileNotFoundError):
    """No model at the place that was named; says which places were looked at."""


class ModelBroken(ValueError):
    """A model folder that cannot be used; names the file and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Backbone:
    """Everything that turns text and context into latents, and latents into frames."""

    folder: Path
    profile: Profile
    fingerprint: str  # sha256 over all weight and config files
    transformer: SceneTransformer3DModel
    vae: PaperTheatreVAE
    text: CachedTextEncoder
    device: torch.device

    @property
    def dtype(self) -> torch.dtype:
        """What the transformer computes in: the first parameter will not do, norms and tables stay in fp32."""
        dtype: torch.dtype = self.transformer.patch_embedding.weight.dtype
        return dtype

    def latent_shape(self, latents: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """(C, T, h, w) for `latents` latent frames at `size` (width, height)."""
        width, height = size
        return int(self.transformer.config.in_channels), latents, height // 8, width // 8

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

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """Normalised latents (C, T, h, w) -> frames uint8 (F, H, W, 3) on the CPU."""
        raw = self.vae.denormalise(latents.unsqueeze(0).to(self.device, torch.float32))
        video = self.vae.decode(raw)[0].clamp(-1, 1)
        return ((video + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 3, 0).cpu()

    @torch.no_grad()
    def encode(self, frames: Tensor) -> Tensor:
        """Frames uint8 (4n+1, H, W, 3) -> normalised latents (C, n+1, h, w) on the CPU."""
        video = frames.to(self.device, torch.float32).permute(3, 0, 1, 2).unsqueeze(0) / 127.5 - 1
        return self.vae.normalise(self.vae.encode(video))[0].cpu()


def find_model(name: str) -> Path:
    """The folder of a model: a path, or the name of a built-in one. Raises ModelMissing."""
    for folder in (Path(name), BUILT_IN / name):
        if (folder / "profile.json").is_file():
            return folder
    built_in = ", ".join(sorted(p.parent.name for p in BUILT_IN.glob("*/profile.json"))) or "none"
    raise ModelMissing(
        f"there is no model at {name!r} (a folder with profile.json). Built-in models: {built_in}. "
        "`main.py models` lists what can be used."
    )


def model_fingerprint(folder: Path) -> str:
    """sha256 over names and bytes of the profile and of every weight, config and tokenizer file."""
    digest = hashlib.sha256()
    files = [folder / "profile.json", *(p for part in PARTS for p in (folder / part).rglob("*") if p.is_file())]
    for path in sorted(p for p in files if p.suffix in (".json", ".safetensors", ".txt")):
        digest.update(str(path.relative_to(folder).as_posix()).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def load_backbone(name: str, device: torch.device | None = None, dtype: torch.dtype = torch.float32) -> Backbone:
    """Load a model folder for inference. Raises ModelMissing or ModelBroken with the file to blame."""
    folder = find_model(name)
    missing = [part for part in PARTS if not (folder / part).is_dir()]
    if missing:
        raise ModelBroken(f"{folder.name} lacks {', '.join(missing)}: copy the whole model folder again")
    place = device or best_device()
    part = "profile.json"
    try:
        profile = load_profile(folder / part)
        part = "transformer"
        transformer = SceneTransformer3DModel.from_pretrained(folder / part, torch_dtype=dtype, use_safetensors=True)
        part = "vae"
        vae = PaperTheatreVAE.from_pretrained(folder / part, torch_dtype=torch.float32, use_safetensors=True)
        part = "text_encoder"
        text = CachedTextEncoder(TextEncoder.load(folder))
    except (OSError, ValueError, RuntimeError, KeyError, json.JSONDecodeError, ProfileError) as error:
        raise ModelBroken(f"{folder.name}/{part} cannot be loaded: {error}") from error
    return Backbone(
        folder,
        profile,
        model_fingerprint(folder),
        transformer.to(place).eval().requires_grad_(False),
        vae.to(place).eval().requires_grad_(False),
        text,
        place,
    )
