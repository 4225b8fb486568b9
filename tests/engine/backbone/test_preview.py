"""The cheap preview shows the right colours in the right places, whatever the VAE."""

from __future__ import annotations

import time
from pathlib import Path

import torch
import torch.nn.functional as F

import engine.contract as c
from engine.backbone.loading import load_backbone
from engine.backbone.preview import fit_preview, made_up_pictures
from engine.engine import Engine
from tests.engine.conftest import request, shot_task
from tests.engine.families import layouts

CPU = torch.device("cpu")


def test_it_shows_a_picture_it_was_not_fitted_to() -> None:
    """With the built-in VAE, whose latents hold colours linearly for the most part."""
    backbone = load_backbone("paper-theatre", CPU)
    preview = fit_preview(backbone)
    picture = made_up_pictures(40, 64)[39]
    shown = preview.frame(backbone.encode(picture[None])[:, 0], 8).float()
    assert shown.shape == picture.shape
    soft = F.avg_pool2d(picture.permute(2, 0, 1).float(), 8)
    seen = F.avg_pool2d(shown.permute(2, 0, 1), 8)
    error = ((seen - soft) / 255).square().mean()
    assert float(-10 * torch.log10(error)) > 25  # dB


def test_it_is_much_cheaper_than_decoding() -> None:
    backbone = load_backbone("paper-theatre", CPU)
    preview, latents = fit_preview(backbone), torch.randn(16, 1, 60, 104)

    def seconds(work: object) -> float:
        started = time.process_time()
        work()  # type: ignore[operator]
        return time.process_time() - started

    assert seconds(lambda: preview.frame(latents[:, 0], 8)) < seconds(lambda: backbone.decode(latents)) / 2


def test_a_wan_model_shows_previews_without_decoding(tmp_path: Path) -> None:
    model = layouts.save_wan21(tmp_path / "Wan2.1-T2V-1.3B-Diffusers")
    settings = c.SamplingSettings(steps=3, preview_every=1)
    asked = request(model, shot_task(tmp_path, frames=5), settings=settings, size=(64, 64))
    engine = Engine(CPU)
    decodes: list[int] = []
    vae = engine.backbone(str(model)).vae
    decode = vae.model.decode  # type: ignore[attr-defined]
    vae.model.decode = lambda *a, **k: decodes.append(1) or decode(*a, **k)  # type: ignore[attr-defined]
    shown = [Path(e.preview).exists() for e in engine.run(asked) if isinstance(e, c.Step) and e.preview]
    assert shown[0] and len(shown) == 2
    assert len(decodes) == 1  # the take itself
