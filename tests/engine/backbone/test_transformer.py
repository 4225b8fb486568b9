"""The scene transformer is Wan's, and seeing other shots changes nothing that it should not."""

from __future__ import annotations

import pytest
import torch
from diffusers import WanTransformer3DModel
from torch import Tensor

from engine.backbone.positions import PositionRule, rotary
from engine.backbone.transformer import SceneTransformer3DModel, ShotInput
from tests.engine.conftest import TINY, tiny_transformer


@pytest.fixture(scope="module")
def model() -> SceneTransformer3DModel:
    return tiny_transformer()


def stock_of(model: SceneTransformer3DModel) -> WanTransformer3DModel:
    stock = WanTransformer3DModel(**TINY).eval()
    stock.load_state_dict(model.state_dict(), strict=True)  # strict: no parameter was added or lost
    return stock


def inputs(batch: int = 1, frames: int = 3, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    latents = torch.randn(batch, 8, frames, 4, 8, generator=generator)
    return latents, torch.randn(batch, 16, 384, generator=generator)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("frames", [1, 4])
def test_one_shot_without_context_equals_the_stock_class_bit_for_bit(
    model: SceneTransformer3DModel, batch: int, frames: int
) -> None:
    latents, text = inputs(batch, frames)
    timestep = torch.linspace(20, 980, batch)
    with torch.no_grad():
        assert torch.equal(
            model(latents, timestep, text, return_dict=False)[0],
            stock_of(model)(latents, timestep, text, return_dict=False)[0],
        )


def test_a_level_per_frame_equals_the_stock_class_with_that_level_per_token(model: SceneTransformer3DModel) -> None:
    latents, text = inputs(2, 3)
    levels = torch.tensor([[0.0, 500.0, 900.0], [100.0, 100.0, 700.0]])
    per_token = levels.repeat_interleave(8, dim=1)
    with torch.no_grad():
        ours = model(latents, levels, text).sample
        theirs = stock_of(model)(latents, per_token, text).sample
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_a_token_level_timestep_still_takes_the_stock_path(model: SceneTransformer3DModel) -> None:
    latents, text = inputs(1, 3)
    per_token = torch.full((1, 24), 300.0)
    with torch.no_grad():
        assert torch.equal(model(latents, per_token, text).sample, stock_of(model)(latents, per_token, text).sample)


def test_no_parameter_is_added(model: SceneTransformer3DModel) -> None:
    assert set(model.state_dict()) == set(WanTransformer3DModel(**TINY).state_dict())


def test_integer_positions_equal_the_stock_rotary_table(model: SceneTransformer3DModel) -> None:
    latents, _ = inputs(1, 5)
    cos, sin = model.rope(latents)
    ours = rotary(24, 0.0, model.tokens_grid(latents))
    assert torch.equal(ours.cos, cos)
    assert torch.equal(ours.sin, sin)


def test_only_relative_positions_matter(model: SceneTransformer3DModel) -> None:
    latents, text = inputs(1, 3)
    level = torch.tensor([400.0])
    with torch.no_grad():
        near = model.forward_scene([ShotInput(latents, level, text, 0.0)])[0]
        far = model.forward_scene([ShotInput(latents, level, text, 37.5)])[0]
    assert torch.allclose(near, far, atol=1e-5)


def test_each_shot_of_a_joint_scene_reads_its_own_prompt_only(model: SceneTransformer3DModel) -> None:
    """With attention between shots masked away, a shot's result cannot depend on another shot's text."""
    (a, text_a), (b, text_b) = inputs(seed=1), inputs(seed=2)
    level = torch.tensor([500.0])
    apart = torch.block_diag(torch.ones(24, 24), torch.ones(24, 24)).bool()
    with torch.no_grad():
        together = model.forward_scene([ShotInput(a, level, text_a, 0.0), ShotInput(b, level, text_b, 8.0)], mask=apart)
        alone = model.forward_scene([ShotInput(a, level, text_a, 0.0)])
    assert torch.allclose(together[0], alone[0], atol=1e-5)


def test_shots_of_different_lengths_are_denoised_together(model: SceneTransformer3DModel) -> None:
    (a, text_a), (b, text_b) = inputs(frames=2), inputs(frames=4)
    level = torch.tensor([500.0])
    with torch.no_grad():
        out = model.forward_scene([ShotInput(a, level, text_a, 0.0), ShotInput(b, level, text_b, 8.0)])
    assert [o.shape[2] for o in out] == [2, 4]


def test_starts_leave_room_for_long_shots() -> None:
    assert PositionRule(stride=8, gap=1).starts([5, 12, 1]) == [0.0, 8.0, 21.0]
