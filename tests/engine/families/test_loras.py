"""A LoRA worn here is the same numbers as on diffusers' pipeline, in every key style that people share."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.backbone.loading import Backbone, load_backbone
from engine.backbone.loras import LoraBroken
from engine.context.assemble import assemble
from engine.context.cache import ContextCache
from engine.contract import LoraUse
from engine.evaluation.bench import _blocks
from tests.engine.families.test_exactness import SIZES, ours, pipeline, theirs

DIM, FFN, RANK = 24, 32, 3
LAYERS = {  # diffusers name -> (original name, in, out)
    **{f"attn1.to_{x}": (f"self_attn.{x}", DIM, DIM) for x in "qkv"},
    **{f"attn2.to_{x}": (f"cross_attn.{x}", DIM, DIM) for x in "qkv"},
    "attn1.to_out.0": ("self_attn.o", DIM, DIM),
    "attn2.to_out.0": ("cross_attn.o", DIM, DIM),
    "ffn.net.0.proj": ("ffn.0", DIM, FFN),
    "ffn.net.2": ("ffn.2", FFN, DIM),
}


def pairs(seed: int) -> dict[str, tuple[Tensor, Tensor]]:
    """Low-rank pairs (down, up) for some layers of both blocks, by diffusers name."""
    generator = torch.Generator().manual_seed(seed)
    made = {}
    for block in range(2):
        for name, (_, inside, out) in LAYERS.items():
            down, up = torch.randn(RANK, inside, generator=generator), torch.randn(out, RANK, generator=generator)
            made[f"blocks.{block}.{name}"] = (0.3 * down, 0.3 * up)
    return made


def write(path: Path, style: str, seed: int = 1) -> Path:
    """The same pairs in one of the styles: diffusers/PEFT, original names, kohya's."""
    state: dict[str, Tensor] = {}
    for name, (down, up) in pairs(seed).items():
        _, block, layer = name.split(".", 2)
        original = f"blocks.{block}.{LAYERS[layer][0]}"
        if style == "diffusers":
            state |= {f"transformer.{name}.lora_A.weight": down, f"transformer.{name}.lora_B.weight": up}
        elif style == "original":
            stem = f"diffusion_model.{original}"
            state |= {f"{stem}.lora_A.weight": down, f"{stem}.lora_B.weight": up}
        else:
            stem = f"lora_unet_{original.replace('.', '_')}"
            state |= {f"{stem}.lora_down.weight": down, f"{stem}.lora_up.weight": up}
            state[f"{stem}.alpha"] = torch.tensor(RANK / 2)
    save_file({key: value.contiguous() for key, value in state.items()}, path)
    return path


@pytest.fixture
def backbone(wan21: Path) -> Backbone:
    return load_backbone(str(wan21), torch.device("cpu"))


def on_pipeline(pipe: Any, *files: tuple[Path, float]) -> None:
    for number, (path, _) in enumerate(files):
        pipe.load_lora_weights(str(path), adapter_name=f"n{number}")
    pipe.set_adapters([f"n{n}" for n in range(len(files))], [strength for _, strength in files])


@pytest.mark.parametrize("style", ["diffusers", "original", "kohya"])
def test_a_lora_on_equals_diffusers_lora_on(style: str, backbone: Backbone, wan21: Path, tmp_path: Path) -> None:
    path, size = write(tmp_path / "look.safetensors", style), SIZES["wan21"]
    plain = ours(backbone, size)
    backbone.loras.wear([LoraUse(str(path), 0.7)])
    mine = ours(backbone, size)
    pipe = pipeline(wan21)
    on_pipeline(pipe, (path, 0.7))
    assert not torch.allclose(mine, plain, atol=1e-2)
    assert torch.equal(mine, theirs(pipe, backbone, size, "latent")[0])


def test_a_lora_that_leaves_out_layers_and_raw_peft_adapters_are_worn_too(backbone: Backbone, tmp_path: Path) -> None:
    """diffusers refuses the first; both must equal the same pairs in its own style."""
    stem, (down, up) = "blocks.0.attn1.to_q", pairs(1)["blocks.0.attn1.to_q"]
    files = {
        "own": {f"transformer.{stem}.lora_A.weight": down, f"transformer.{stem}.lora_B.weight": up},
        "kohya": {
            "lora_unet_blocks_0_self_attn_q.lora_down.weight": down,
            "lora_unet_blocks_0_self_attn_q.lora_up.weight": up,
            "lora_unet_blocks_0_self_attn_q.alpha": torch.tensor(float(RANK)),
        },
        "peft": {f"base_model.model.{stem}.lora_A.weight": down, f"base_model.model.{stem}.lora_B.weight": up / 4},
        "bare": {"blocks.0.self_attn.q.lora_A.weight": down, "blocks.0.self_attn.q.lora_B.weight": up},
    }
    (tmp_path / "peft").mkdir()
    (tmp_path / "peft" / "adapter_config.json").write_text(json.dumps({"lora_alpha": 4 * RANK, "r": RANK}))
    made = {}
    for name, state in files.items():
        path = tmp_path / ("peft/x" if name == "peft" else name)
        save_file(state, path.with_suffix(".safetensors"))
        backbone.loras.wear([LoraUse(str(path.with_suffix(".safetensors")))])
        made[name] = ours(backbone, SIZES["wan21"])
    assert all(torch.equal(latents, made["own"]) for latents in made.values())


@pytest.mark.filterwarnings("ignore:Already found a `peft_config`")  # diffusers' own pipeline warns of a second LoRA
def test_two_at_once_equal_diffusers_and_come_off_without_a_trace(
    backbone: Backbone, wan21: Path, tmp_path: Path
) -> None:
    size = SIZES["wan21"]
    one, two = write(tmp_path / "one.safetensors", "diffusers", 1), write(tmp_path / "two.safetensors", "kohya", 2)
    plain = ours(backbone, size)
    backbone.loras.wear([LoraUse(str(one), 0.5), LoraUse(str(two), -0.25)])
    pipe = pipeline(wan21)
    on_pipeline(pipe, (one, 0.5), (two, -0.25))
    assert torch.equal(ours(backbone, size), theirs(pipe, backbone, size, "latent")[0])
    backbone.loras.wear([])
    assert backbone.loras.identity == ""
    assert torch.equal(ours(backbone, size), plain)


def test_a_lora_of_one_expert_leaves_the_other_alone(a14b: Path, tmp_path: Path) -> None:
    backbone = load_backbone(str(a14b), torch.device("cpu"))
    path, size = write(tmp_path / "low.safetensors", "original"), SIZES["a14b"]
    backbone.loras.wear([LoraUse(str(path), 1.0, "low")])
    pipe = pipeline(a14b)
    pipe.load_lora_weights(str(path), adapter_name="low", load_into_transformer_2=True)
    assert torch.equal(ours(backbone, size), theirs(pipe, backbone, size, "latent")[0])


def test_the_cache_keeps_the_context_of_each_strength_apart(backbone: Backbone, tmp_path: Path) -> None:
    path, cache = str(write(tmp_path / "look.safetensors", "diffusers")), ContextCache(torch.device("cpu"))
    blocks = _small(backbone)
    keys = set()
    for uses in ([], [LoraUse(path, 0.5)], [LoraUse(path, 1.0)], []):
        backbone.loras.wear(uses)
        keys.add(assemble(blocks, 2, backbone, cache).keys)
    assert len(keys) == cache.statistics.misses == 3
    assert cache.statistics.hits == 1


def _small(backbone: Backbone) -> list[Any]:
    return _blocks(replace(backbone, profile=replace(backbone.profile, size=(64, 48))), 1)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"transformer.blocks.0.attn1.to_q.weight": torch.zeros(2, 2)}, "no LoRA for Wan"),
        ({"transformer.blocks.9.attn1.to_q.lora_A.weight": torch.zeros(2, 24),
          "transformer.blocks.9.attn1.to_q.lora_B.weight": torch.zeros(24, 2)}, "not found"),
        ({"transformer.blocks.0.attn1.to_q.lora_A.weight": torch.zeros(2, 99),
          "transformer.blocks.0.attn1.to_q.lora_B.weight": torch.zeros(99, 2)}, "does not fit"),
    ],
)  # fmt: skip
def test_what_is_no_lora_for_this_model_is_refused_and_leaves_no_trace(
    backbone: Backbone, tmp_path: Path, content: dict[str, Tensor], complaint: str
) -> None:
    save_file(content, tmp_path / "odd.safetensors")
    plain = ours(backbone, SIZES["wan21"])
    with pytest.raises(LoraBroken, match=complaint):
        backbone.loras.wear([LoraUse(str(tmp_path / "odd.safetensors"))])
    assert torch.equal(ours(backbone, SIZES["wan21"]), plain)


def test_a_missing_or_pickled_lora_is_refused(backbone: Backbone, tmp_path: Path) -> None:
    torch.save({}, tmp_path / "old.pt")
    for name, complaint in (("gone.safetensors", "there is no LoRA"), ("old.pt", "only .safetensors")):
        with pytest.raises(LoraBroken, match=complaint):
            backbone.loras.wear([LoraUse(str(tmp_path / name))])
