"""Tiny models of Wan's make, saved in diffusers' layout with real configs; nothing is downloaded."""

from __future__ import annotations

import pytest
import torch

from engine.backbone.transformer import SceneTransformer3DModel
from engine.catalogue.profile import Architecture
from tests.engine.families import layouts


@pytest.fixture
def narrow() -> Architecture:
    """Two layers of Wan's proportions."""
    return Architecture(layers=2, heads=2, head_dim=128, ffn_dim=512, channels=16, text_dim=64)


def transformer_of(
    found: Architecture, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> SceneTransformer3DModel:
    """A transformer with these numbers, in the dtype that loading gives its parts."""
    torch.manual_seed(0)
    with torch.device(device):
        model = SceneTransformer3DModel(
            num_layers=found.layers,
            num_attention_heads=found.heads,
            attention_head_dim=found.head_dim,
            ffn_dim=found.ffn_dim,
            in_channels=found.channels,
            out_channels=found.channels,
            text_dim=found.text_dim,
        )
    for name, parameter in model.named_parameters():
        if not any(kept in name for kept in SceneTransformer3DModel._keep_in_fp32_modules):
            parameter.data = parameter.data.to(dtype)
    return model.eval().requires_grad_(False)


@pytest.fixture(scope="session")
def tiny_wan(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder in the layout of Wan 2.1, with UMT5 and Wan's VAE, all tiny."""
    return str(layouts.save_wan21(tmp_path_factory.mktemp("memory") / "Wan2.1-T2V-1.3B-Diffusers"))
