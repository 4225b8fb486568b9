"""A tiny backbone with real parts: the built-in text encoder, a small VAE, a two-layer scene transformer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.backbone.loading import BUILT_IN, Backbone, load_backbone
from engine.backbone.profiles import Profile, save_profile
from engine.backbone.transformer import SceneTransformer3DModel
from engine.backbone.vae import PaperTheatreVAE
from engine.contract import ContextCandidate, GenerateRequest, SamplingSettings, ShotTask, TakeTask
from engine.engine import Engine

TINY = {
    "patch_size": (1, 2, 2),
    "num_attention_heads": 2,
    "attention_head_dim": 24,
    "in_channels": 8,
    "out_channels": 8,
    "text_dim": 384,
    "freq_dim": 64,
    "ffn_dim": 96,
    "num_layers": 2,
    "rope_max_seq_len": 64,
}


def tiny_transformer(seed: int = 0) -> SceneTransformer3DModel:
    """Random weights of the real structure."""
    torch.manual_seed(seed)
    model: SceneTransformer3DModel = SceneTransformer3DModel(**TINY).eval()
    return model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder in the real layout, about a megabyte beside the text encoder."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    folder.mkdir()
    for part in ("text_encoder", "tokenizer"):
        shutil.copytree(BUILT_IN / "paper-theatre" / part, folder / part)
    torch.manual_seed(1)
    vae = PaperTheatreVAE(8, 16, 1, 16, 1, latents_mean=[0.0] * 8, latents_std=[1.0] * 8)
    basis, _ = torch.linalg.qr(torch.randn(768, 8))
    vae.start_from_pca(torch.zeros(768), basis)
    vae.save_pretrained(folder / "vae")
    tiny_transformer().save_pretrained(folder / "transformer")
    profile = Profile(name="tiny", size=(64, 32), steps=2, max_frames=9, extension_frames=8, tail_latents=2)
    save_profile(profile, folder / "profile.json")
    return folder


@pytest.fixture(scope="session")
def tiny(tiny_model: Path) -> Backbone:
    """The tiny backbone, loaded."""
    return load_backbone(str(tiny_model), torch.device("cpu"))


@pytest.fixture
def engine() -> Iterator[Engine]:
    """A fresh engine on the CPU."""
    yield Engine(torch.device("cpu"))


def shot_task(folder: Path, take_id: str = "t1", *, number: int = 1, order: int = 0, **changes: object) -> ShotTask:
    """A nine-frame shot with one take."""
    facts: dict[str, object] = {
        "shot_id": f"shot-{order}",
        "name": f"shot {order + 1}",
        "order": order,
        "text": "[SHOT CUT] A fox in a red coat walks through the forest.",
        "frames": 9,
        "takes": (TakeTask(take_id, number, str(folder / take_id)),),
    }
    return ShotTask(**{**facts, **changes})  # type: ignore[arg-type]


def request(model: Path, *shots: ShotTask, **changes: object) -> GenerateRequest:
    """A request for these shots with two steps."""
    facts: dict[str, object] = {
        "id": "r1",
        "model": str(model),
        "scene_id": "scene",
        "scene_seed": 7,
        "shots": shots,
        "settings": SamplingSettings(steps=2),
    }
    return GenerateRequest(**{**facts, **changes})  # type: ignore[arg-type]


def candidate(saved: object, order: int, **changes: object) -> ContextCandidate:
    """A finished take as context for others."""
    facts: dict[str, object] = {
        "id": getattr(saved, "take_id"),  # noqa: B009
        "role": "shot",
        "shot_id": getattr(saved, "shot_id"),  # noqa: B009
        "name": f"shot {order + 1}",
        "path": getattr(saved, "latents"),  # noqa: B009
        "latents_hash": getattr(saved, "latents_hash"),  # noqa: B009
        "text": getattr(saved, "text"),  # noqa: B009
        "order": order,
    }
    return ContextCandidate(**{**facts, **changes})  # type: ignore[arg-type]


def clip(frames: int, size: tuple[int, int] = (64, 32), seed: int = 0) -> np.ndarray:
    """Smooth random frames (F, H, W, 3) uint8."""
    rng = np.random.default_rng(seed)
    small = rng.random((frames, 4, 8, 3))
    big = small.repeat(size[1] // 4, axis=1).repeat(size[0] // 8, axis=2)
    return (big * 255).astype(np.uint8)
