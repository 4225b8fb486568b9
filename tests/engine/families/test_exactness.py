"""One shot without context is diffusers' own pipeline on the same folder and seed: latents and frames, bit for bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import WanImageToVideoPipeline, WanPipeline
from PIL import Image
from torch import Tensor

from engine.backbone.loading import Backbone, load_backbone
from engine.context.sources import read_reference
from engine.contract import SamplingSettings
from engine.evaluation.bench import cached_against_uncached
from engine.sampling.generate import resolve, sample_shot

TEXT = "A fox in a red coat  walks &amp; waves."
FRAMES, STEPS, SEED = 9, 4, 11
SIZES = {"wan21": (64, 48), "a14b": (64, 48), "ti2v": (96, 64)}


def pipeline(folder: Path, kind: Any = WanPipeline) -> Any:
    pipe = kind.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def start_noise(backbone: Backbone, size: tuple[int, int]) -> Tensor:
    """What a pipeline draws from a generator with SEED."""
    shape = backbone.latent_shape((FRAMES - 1) // 4 + 1, size)
    return torch.randn(shape, generator=torch.Generator().manual_seed(SEED))


def ours(backbone: Backbone, size: tuple[int, int], given: Tensor | None = None, **settings: Any) -> Tensor:
    resolved = resolve(SamplingSettings(steps=STEPS, **settings), backbone)
    return sample_shot(backbone, TEXT, start_noise(backbone, size), None, resolved, lambda _: None, given)


def theirs(pipe: Any, backbone: Backbone, size: tuple[int, int], output: str, **more: Any) -> Any:
    profile = backbone.profile
    guidance = {"guidance_scale": profile.text_guidance}
    if profile.experts == 2:
        guidance["guidance_scale_2"] = profile.text_guidance_low
    return pipe(
        prompt=TEXT,
        negative_prompt=profile.negative_prompt,
        width=size[0],
        height=size[1],
        num_frames=FRAMES,
        num_inference_steps=STEPS,
        generator=torch.Generator().manual_seed(SEED),
        output_type=output,
        **{**guidance, **more},
    ).frames


def bytes_of(frames: np.ndarray) -> np.ndarray:
    """Frames as diffusers gives them (B, F, H, W, 3) in [0, 1], as it would save them."""
    return (frames[0] * 255).round().astype(np.uint8)


@pytest.mark.parametrize("family", ["wan21", "a14b", "ti2v"])
def test_latents_and_frames_equal_the_pipelines(family: str, request: pytest.FixtureRequest) -> None:
    folder, size = request.getfixturevalue(family), SIZES[family]
    backbone, pipe = load_backbone(str(folder), torch.device("cpu")), pipeline(folder)
    mine = ours(backbone, size)
    assert torch.equal(mine, theirs(pipe, backbone, size, "latent")[0])
    assert np.array_equal(backbone.decode(mine).numpy(), bytes_of(theirs(pipe, backbone, size, "np")))


def test_both_experts_took_part(a14b: Path) -> None:
    """The equality above would hold for a boundary that is never crossed."""
    backbone = load_backbone(str(a14b), torch.device("cpu"))
    whole = ours(backbone, SIZES["a14b"])
    for only in backbone.experts:
        assert not torch.equal(whole, ours(replace(backbone, experts=(only, only)), SIZES["a14b"]))


def test_a_first_frame_equals_the_image_to_video_pipelines(ti2v: Path, tmp_path: Path) -> None:
    size = SIZES["ti2v"]
    backbone, pipe = load_backbone(str(ti2v), torch.device("cpu")), pipeline(ti2v, WanImageToVideoPipeline)
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8))
    picture.save(tmp_path / "first.png")
    given, _ = read_reference(str(tmp_path / "first.png"), size, backbone)
    mine = ours(backbone, size, given)
    assert torch.equal(mine, theirs(pipe, backbone, size, "latent", image=picture)[0])
    assert torch.equal(mine[:, :1], given)
    assert np.array_equal(backbone.decode(mine).numpy(), bytes_of(theirs(pipe, backbone, size, "np", image=picture)))


@pytest.mark.parametrize("family", ["wan21", "a14b", "ti2v"])
def test_cached_context_equals_one_uncached_block_causal_forward(
    family: str, request: pytest.FixtureRequest
) -> None:
    backbone = load_backbone(str(request.getfixturevalue(family)), torch.device("cpu"))
    backbone = replace(backbone, profile=replace(backbone.profile, size=(64, 64)))
    for expert in backbone.experts:
        one = replace(backbone, experts=(expert,), profile=replace(backbone.profile, experts=1, boundary=None))
        assert all(value <= 1e-4 for value in cached_against_uncached(one, 2).values())
