"""However a model lies in memory, it makes the same numbers; fewer bits make nearly the same ones."""

from __future__ import annotations

import sys

import pytest
import torch
from diffusers.hooks import HookRegistry
from torch import Tensor

from engine.backbone.loading import Backbone, load_backbone
from engine.backbone.transformer import PlacedContext, SceneTransformer3DModel, ShotInput
from engine.catalogue.profile import Architecture
from engine.memory.estimate import transformer_bytes
from engine.memory.placement import (
    AttentionUnavailable,
    Placement,
    PrecisionUnavailable,
    compile_blocks,
    quantise,
    stream_blocks,
    use_attention,
)
from engine.memory.plans import MemoryPlan
from tests.engine.memory.conftest import transformer_of

CPU = torch.device("cpu")


def shot(seed: int = 0, dtype: torch.dtype = torch.float32) -> ShotInput:
    generator = torch.Generator().manual_seed(seed)
    latents = torch.randn(1, 16, 3, 8, 8, generator=generator).to(dtype)
    return ShotInput(latents, torch.tensor([600.0]), torch.randn(1, 16, 64, generator=generator).to(dtype))


@torch.no_grad()
def velocity(model: SceneTransformer3DModel, dtype: torch.dtype = torch.float32) -> Tensor:
    return model.forward_scene([shot(0, dtype)], PlacedContext(model.capture(shot(1, dtype))))[0]


def distance(a: Tensor, b: Tensor) -> float:
    return float((a.float() - b.float()).norm() / b.float().norm())


def test_streamed_blocks_give_the_same_bits_and_their_hooks_really_fire(narrow: Architecture) -> None:
    plain, streamed = transformer_of(narrow), transformer_of(narrow)
    stream_blocks(streamed, CPU)
    brought: list[int] = []
    for number, block in enumerate(streamed.blocks):
        group = HookRegistry.check_if_exists_or_initialize(block).get_hook("group_offloading").group
        group.onload_ = lambda n=number, load=group.onload_: (brought.append(n), load())
    assert torch.equal(velocity(streamed), velocity(plain))
    assert brought == [0, 1, 0, 1]  # one capture, one forward


def test_fp8_storage_is_a_quarter_of_the_bytes_and_near_the_same(narrow: Architecture) -> None:
    plain, cast = transformer_of(narrow, dtype=torch.bfloat16), transformer_of(narrow, dtype=torch.bfloat16)
    quantise(cast, "fp8")
    parameters = sum(p.nbytes for p in cast.parameters())
    assert parameters == pytest.approx(transformer_bytes(narrow, (1, 2, 2), "fp8"), rel=0.02)
    assert cast.blocks[0].attn1.to_q.weight.dtype == torch.float8_e4m3fn
    assert cast.patch_embedding.weight.dtype == torch.bfloat16
    assert 0 < distance(velocity(cast, torch.bfloat16), velocity(plain, torch.bfloat16)) < 0.1


@pytest.mark.parametrize(("precision", "most"), [("int8", 0.05), ("int4", 0.3)])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_eight_and_four_bits(narrow: Architecture, precision: str, most: float) -> None:
    pytest.importorskip("bitsandbytes", exc_type=ImportError)
    plain, packed = transformer_of(narrow, dtype=torch.bfloat16), transformer_of(narrow, dtype=torch.bfloat16)
    quantise(packed, precision)  # type: ignore[arg-type]
    packed.to(CPU)
    assert 0 < distance(velocity(packed, torch.bfloat16), velocity(plain, torch.bfloat16)) < most
    assert sum(p.nbytes for p in packed.blocks.parameters()) < 0.75 * sum(p.nbytes for p in plain.blocks.parameters())


def test_without_bitsandbytes_it_says_what_to_install(narrow: Architecture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(PrecisionUnavailable, match="pip install"):
        quantise(transformer_of(narrow), "int8")


def test_a_missing_attention_back_end_is_named(narrow: Architecture) -> None:
    with pytest.raises(AttentionUnavailable, match="sage"):
        use_attention(transformer_of(narrow), "sage")
    with pytest.raises(AttentionUnavailable, match="no-such"):
        use_attention(transformer_of(narrow), "no-such")


def test_parts_take_turns_and_make_the_same_pictures(tiny_wan: str) -> None:
    """The device is the CPU here too, so what is seen is who was told to come and when."""
    together = Placement(load_backbone(tiny_wan, CPU), CPU).lay(MemoryPlan())
    placement = Placement(load_backbone(tiny_wan, CPU), CPU)
    in_turns = placement.lay(MemoryPlan(offload="parts"))
    assert torch.equal(rendered(in_turns), rendered(together))
    streamed = placement.lay(MemoryPlan(offload="blocks"))
    assert torch.equal(rendered(streamed), rendered(together))


@torch.no_grad()
def rendered(backbone: Backbone) -> Tensor:
    latents = torch.randn(backbone.latent_shape(2, (64, 64)), generator=torch.Generator().manual_seed(3))
    x = ShotInput(latents[None], torch.tensor([500.0]), backbone.embed("a fox"))
    made = backbone.transformer.forward_scene([x])[0]
    return backbone.decode(made[0])


def test_a_tiled_vae_is_said_so_in_the_takes_record(tiny_wan: str) -> None:
    placement = Placement(load_backbone(tiny_wan, CPU), CPU)
    assert placement.lay(MemoryPlan()).made_by == {}
    assert placement.lay(MemoryPlan(tiled=True)).made_by == {"vae": "tiled"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*torch.jit.script_method:DeprecationWarning")  # of torch, about torch
def test_the_compiled_block_makes_the_same_numbers(narrow: Architecture) -> None:
    plain, compiled = transformer_of(narrow), transformer_of(narrow)
    compile_blocks(compiled)
    assert distance(velocity(compiled), velocity(plain)) < 1e-4
