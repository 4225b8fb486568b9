"""What diffusers' own model tests ask of `WanTransformer3DModel`, asked of the scene transformer.

After `tests/models/testing_utils` and `test_modeling_common.py` of diffusers: saving, sharding, variants, dtypes,
determinism, gradients, casting, offloading. Each also with a context, which the stock class does not have.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from diffusers import WanTransformer3DModel
from diffusers.hooks import apply_group_offloading
from torch import Tensor

from engine.backbone.transformer import PlacedContext, SceneTransformer3DModel, ShotInput
from tests.engine.families import layouts


@pytest.fixture
def model() -> SceneTransformer3DModel:
    return scene_model()


def scene_model() -> SceneTransformer3DModel:
    stock = layouts.transformer()
    mine: SceneTransformer3DModel = SceneTransformer3DModel.from_config(stock.config)
    mine.load_state_dict(stock.state_dict())
    return mine.eval()


def inputs(batch: int = 1, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(batch, 16, 2, 8, 8, generator=generator)
    text = torch.randn(batch, 12, layouts.TEXT_DIM, generator=generator)
    return latents.to(dtype), torch.full((batch,), 437.0), text.to(dtype)


def outputs(model: SceneTransformer3DModel, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """Of the stock signature, and of a shot that sees another one."""
    latents, timestep, text = inputs(dtype=dtype)
    with torch.no_grad():
        plain = model(latents, timestep, text, return_dict=False)[0]
        seen = PlacedContext(tuple(model.capture(ShotInput(latents.flip(2), timestep * 0 + 100.0, text))))
        return plain, model.forward_scene([ShotInput(latents, timestep, text, 3.0)], seen)[0]


def same(model: SceneTransformer3DModel, other: SceneTransformer3DModel) -> bool:
    """Every output to the last bit."""
    return all(torch.equal(a, b) for a, b in zip(outputs(model), outputs(other), strict=True))


def loaded_well(model: SceneTransformer3DModel, other: SceneTransformer3DModel) -> bool:
    """Every weight to the last bit; outputs nearly, as weights lie elsewhere in memory and products round otherwise."""
    mine, theirs = model.state_dict(), other.state_dict()
    weights = mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)
    close = all(torch.allclose(a, b, atol=1e-5) for a, b in zip(outputs(model), outputs(other), strict=True))
    return weights and close


def test_saved_and_loaded_it_is_the_same(model: SceneTransformer3DModel, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    assert loaded_well(model, SceneTransformer3DModel.from_pretrained(tmp_path))


def test_the_stock_class_loads_what_it_saves_and_the_other_way_round(
    model: SceneTransformer3DModel, tmp_path: Path
) -> None:
    model.save_pretrained(tmp_path / "ours")
    stock = WanTransformer3DModel.from_pretrained(tmp_path / "ours")
    stock.save_pretrained(tmp_path / "theirs")
    assert json.loads((tmp_path / "theirs" / "config.json").read_text())["_class_name"] == "WanTransformer3DModel"
    again = SceneTransformer3DModel.from_pretrained(tmp_path / "theirs")
    assert loaded_well(model, again)
    assert torch.allclose(stock(*inputs(), return_dict=False)[0], outputs(model)[0], atol=1e-5)


def test_shards_and_variants_load(model: SceneTransformer3DModel, tmp_path: Path) -> None:
    size = sum(p.numel() * p.element_size() for p in model.parameters())
    model.save_pretrained(tmp_path / "shards", max_shard_size=f"{size // 3 // 1000}KB")
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) >= 3
    assert loaded_well(model, SceneTransformer3DModel.from_pretrained(tmp_path / "shards"))
    model.save_pretrained(tmp_path / "variant", variant="fp16", max_shard_size=f"{size // 3 // 1000}KB")
    assert loaded_well(model, SceneTransformer3DModel.from_pretrained(tmp_path / "variant", variant="fp16"))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_keeps_norms_and_tables_in_fp32(
    model: SceneTransformer3DModel, tmp_path: Path, dtype: torch.dtype
) -> None:
    model.save_pretrained(tmp_path)
    half = SceneTransformer3DModel.from_pretrained(tmp_path, torch_dtype=dtype)
    kept = {name for name, p in half.named_parameters() if p.dtype == torch.float32}
    assert kept and all(any(part in name for part in half._keep_in_fp32_modules) for name in kept)
    for low, full in zip(outputs(half, dtype), outputs(model), strict=True):
        assert low.dtype == dtype
        assert torch.allclose(low.float(), full, atol=0.1)


def test_the_same_inputs_give_the_same_outputs(model: SceneTransformer3DModel) -> None:
    assert same(model, model)


def test_return_dict_and_tuple_say_the_same(model: SceneTransformer3DModel) -> None:
    assert torch.equal(model(*inputs()).sample, model(*inputs(), return_dict=False)[0])


def test_gradient_checkpointing_changes_no_gradient() -> None:
    grads = []
    for checkpointing in (False, True):
        model = scene_model().train()
        if checkpointing:
            model.enable_gradient_checkpointing()
        latents, timestep, text = inputs()
        shots = [ShotInput(latents, timestep, text), ShotInput(latents.flip(2), timestep * 0.5, text, 4.0)]
        sum(out.square().mean() for out in model.forward_scene(shots)).backward()  # type: ignore[union-attr]
        grads.append({name: p.grad for name, p in model.named_parameters()})
    assert all(grad is not None for grad in grads[0].values())
    for name, grad in grads[0].items():
        assert torch.allclose(grad, grads[1][name], atol=1e-6), name


def test_all_parameters_learn(model: SceneTransformer3DModel) -> None:
    latents, timestep, text = inputs(2)
    model.train()(latents, timestep, text, return_dict=False)[0].square().mean().backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in model.parameters())


@pytest.mark.parametrize("storage", [torch.float8_e4m3fn, torch.bfloat16])
def test_layerwise_casting_stores_less_and_comes_close(storage: torch.dtype) -> None:
    model, plain = scene_model(), scene_model()
    model.enable_layerwise_casting(storage_dtype=storage, compute_dtype=torch.float32)
    assert model.blocks[0].attn1.to_q.weight.dtype == storage
    assert model.patch_embedding.weight.dtype == torch.float32
    for low, full in zip(outputs(model), outputs(plain), strict=True):
        assert torch.isfinite(low).all()
        assert torch.nn.functional.cosine_similarity(low.flatten(), full.flatten(), dim=0) > 0.99


def test_group_offloading_changes_no_number(tmp_path: Path) -> None:
    model, plain = scene_model(), scene_model()
    apply_group_offloading(
        model,
        onload_device=torch.device("cpu"),
        offload_device=torch.device("cpu"),
        offload_type="block_level",
        num_blocks_per_group=1,
    )
    assert same(model, plain)


def test_a_lora_adapter_is_saved_and_loaded(model: SceneTransformer3DModel, tmp_path: Path) -> None:
    from peft import LoraConfig

    torch.manual_seed(0)
    model.add_adapter(LoraConfig(r=2, lora_alpha=2, target_modules=["to_q", "to_v"], init_lora_weights=False), "a")
    model.save_lora_adapter(tmp_path, adapter_name="a")
    other = scene_model()
    other.load_lora_adapter(str(tmp_path), adapter_name="a", prefix=None, use_safetensors=True)
    assert loaded_well(model, other)
    model.disable_adapters()
    assert not same(model, other)
