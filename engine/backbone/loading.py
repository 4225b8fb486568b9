"""From a model on disk to a backbone that can denoise: transformers, VAE, text encoder, profile, fingerprint.

A model is a folder in diffusers' layout (the built-in one, fine-tuned ones with a `profile.json`, Wan's as they are
published) or a single weight file with a companion folder; `engine.catalogue.recognise` tells which, and what is
wrong with it, before a weight is read. Weights are safetensors, or pickled ones read by torch's restricted loader;
nothing in a folder is executed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from diffusers import AutoencoderKLWan

from engine.backbone.backbone import Backbone
from engine.backbone.devices import best_device
from engine.backbone.fingerprints import folder_fingerprint, parts_fingerprint
from engine.backbone.loras import LoraRack
from engine.backbone.original import CheckpointBroken, load_transformer
from engine.backbone.text import CachedTextEncoder, TextConditioner, TextEncoder
from engine.backbone.transformer import SceneTransformer3DModel
from engine.backbone.umt5 import UMT5Text
from engine.backbone.vae import PaperTheatreVAE
from engine.backbone.wan_vae import VideoAutoencoder, WanVAE
from engine.catalogue.folders import INDEX, PARTS, PROFILE, read_json
from engine.catalogue.recognise import NotAModel, Recognised, recognise

__all__ = ["BUILT_IN", "PARTS", "Backbone", "ModelBroken", "ModelMissing", "find_model", "load_backbone",
           "load_expert", "load_text", "load_vae", "model_fingerprint", "usable"]  # fmt: skip

BUILT_IN = Path(__file__).resolve().parents[2] / "assets" / "models"


class ModelMissing(FileNotFoundError):
    """No model at the place that was named; says which places were looked at."""


class ModelBroken(ValueError):
    """A model that cannot be used; names the file and what is wrong with it."""


def find_model(name: str) -> Path:
    """The folder or file of a model: a path, or the name of a built-in one. Raises ModelMissing."""
    for place in (Path(name), BUILT_IN / name):
        if place.is_file() or (place / PROFILE).is_file() or (place / INDEX).is_file():
            return place
    built_in = ", ".join(sorted(p.parent.name for p in BUILT_IN.glob(f"*/{PROFILE}"))) or "none"
    raise ModelMissing(
        f"there is no model at {name!r} (a folder with {PROFILE} or {INDEX}, or a weight file). Built-in models: "
        f"{built_in}. `main.py models` lists what can be used."
    )


def usable(name: str) -> Recognised:
    """What a model is. Raises ModelMissing, and ModelBroken for the first thing that stands in its way."""
    try:
        found = recognise(find_model(name))
    except NotAModel as error:
        raise ModelBroken(str(error)) from error
    if found.problems:
        raise ModelBroken(f"{found.path.name}: {found.problems[0]}")
    return found


def model_fingerprint(place: Path) -> str:
    """sha256 over names and bytes of the profile and of every weight, config and tokenizer file of a model."""
    if place.is_dir():
        parts = [*PARTS, "transformer_2"] if (place / "transformer_2").is_dir() else list(PARTS)
        return folder_fingerprint(place, parts, [p for p in (place / PROFILE, place / INDEX) if p.is_file()])
    found = recognise(place)
    return parts_fingerprint(found.parts, found.profile.name)


def load_backbone(name: str, device: torch.device | None = None, dtype: torch.dtype = torch.float32) -> Backbone:
    """Load a model for inference. Raises ModelMissing or ModelBroken with the file to blame."""
    found = usable(name)
    place = device or best_device()
    experts = []
    for part in ("transformer", "transformer_2"):
        if part in found.parts:
            with _blaming(found, part):
                experts.append(load_expert(found, part, dtype).to(place).eval().requires_grad_(False))
    with _blaming(found, "vae"):
        vae = load_vae(found.parts["vae"]).to(place)
    with _blaming(found, "text_encoder"):
        text = CachedTextEncoder(load_text(found, dtype, place))
    rack = LoraRack(experts)
    return Backbone(found.path, found.profile, model_fingerprint(found.path), tuple(experts), vae, text, place, rack)


@contextmanager
def _blaming(found: Recognised, part: str) -> Iterator[None]:
    """Turn what loading a part may raise into ModelBroken with its name."""
    try:
        yield
    except CheckpointBroken as error:
        raise ModelBroken(str(error)) from error
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise ModelBroken(f"{found.path.name}/{part} cannot be loaded: {error}") from error


def load_expert(found: Recognised, part: str, dtype: torch.dtype) -> SceneTransformer3DModel:
    """One transformer of a model: "transformer" or "transformer_2". Raises CheckpointBroken, OSError, ValueError."""
    place = found.parts[part]
    if place.is_dir():
        model: SceneTransformer3DModel = SceneTransformer3DModel.from_pretrained(
            place, torch_dtype=dtype, use_safetensors=True, local_files_only=True
        )
        return model
    architecture = found.profile.architecture
    return load_transformer(place, architecture.head_dim if architecture else 128, dtype)[0]


def load_vae(place: Path) -> VideoAutoencoder:
    """The VAE of a part's folder, fp32: the paper theatre's or Wan's. Raises ValueError for another kind."""
    kind = read_json(place / "config.json", []).get("_class_name")
    options = {"torch_dtype": torch.float32, "use_safetensors": True, "local_files_only": True}
    if kind == "PaperTheatreVAE":
        own: VideoAutoencoder = PaperTheatreVAE.from_pretrained(place, **options).eval().requires_grad_(False)
        return own
    if kind == "AutoencoderKLWan":
        wan = WanVAE(AutoencoderKLWan.from_pretrained(place, **options))
        return wan.train(False).requires_grad_(False)
    raise ValueError(f"its config.json says {kind}, and AutoencoderKLWan or PaperTheatreVAE can be used")


def load_text(found: Recognised, dtype: torch.dtype, device: torch.device) -> TextConditioner:
    """The text encoder of a model: the built-in kind on the CPU, or UMT5 on the device. Raises ValueError."""
    place = found.parts["text_encoder"]
    config = read_json(place / "config.json", [])
    if "matchcut" in config:
        return TextEncoder.load(place.parent)
    if config.get("model_type") == "umt5":
        return UMT5Text.load(place, found.parts["tokenizer"], dtype).to(device)
    raise ValueError(f"its config.json has model_type {config.get('model_type')!r}, and umt5 can be used")
