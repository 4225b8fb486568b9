"""What of a transformer is trained: a LoRA, the self-attention, or everything; and how it is stored again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
from peft import LoraConfig
from torch import Tensor, nn

from engine.backbone.devices import fast_bf16, render_dtype
from engine.backbone.transformer import SceneTransformer3DModel
from engine.training.optimise import make_optimisers

Mode = Literal["lora", "self-attention", "full"]
SMALL = 100_000_000  # parameters: below, a model of our own making; above, a published one
# Attention and feed-forward of every block; not the embeddings, which text and pictures share with the base.
LORA_LAYERS = r"blocks\.\d+\.(attn[12]\.(to_q|to_k|to_v|to_out\.0)|ffn\.net\.(0\.proj|2))"
ADAPTER = "matchcut"
_PART = re.compile(r"^(?P<layer>.+)\.lora_(?P<side>[AB])\." + ADAPTER + r"\.weight$")


@dataclass(frozen=True, slots=True)
class Rates:
    """Learning rates of matrices and of the rest."""

    matrices: float
    others: float


def is_small(model: nn.Module) -> bool:
    """Whether a model is of the built-in kind, which wants larger steps and batches."""
    return sum(p.numel() for p in model.parameters()) < SMALL


def default_rates(mode: Mode, small: bool, rate: float | None) -> Rates:
    """1e-5 for published models, as multi-shot tunings of Wan report (HoloCine, ShotStream); ten times that for a
    LoRA; for small ones what the built-in model's own later stages use."""
    if rate is not None:
        return Rates(rate, rate)
    if mode == "lora":
        return Rates(1e-3, 1e-3) if small else Rates(1e-4, 1e-4)
    return Rates(1.2e-3, 0.6e-3) if small else Rates(1e-5, 1e-5)


def make_trainable(model: SceneTransformer3DModel, mode: Mode, rank: int, seed: int) -> None:
    """Freeze what is not trained; trained parameters become fp32. A large model's frozen ones stay as loaded."""
    if mode == "lora":
        model.requires_grad_(False)
        torch.manual_seed(seed)
        config = LoraConfig(r=rank, lora_alpha=rank, target_modules=LORA_LAYERS, init_lora_weights=True)
        model.add_adapter(config, adapter_name=ADAPTER)
    for name, p in model.named_parameters():
        p.requires_grad_(_is_trained(name, mode))
        if p.requires_grad:
            p.data = p.data.float()
    if not is_small(model):
        model.enable_gradient_checkpointing()


def _is_trained(name: str, mode: Mode) -> bool:
    if mode == "lora":
        return "lora_" in name
    return mode == "full" or ".attn1." in name


def loading_dtype(mode: Mode) -> torch.dtype:
    """What a base is loaded in: everything that is trained must be fp32, what is frozen may be what renders fastest.
    On a CPU fp32 throughout: autocast does the rest."""
    return render_dtype() if mode != "full" and torch.cuda.is_available() else torch.float32


def optimisers_for(
    model: nn.Module, mode: Mode, rates: Rates, alone: bool
) -> list[torch.optim.Optimizer]:
    """AdamW for a LoRA (and on several devices, where matrices may be spread); else the house's Muon and AdamW."""
    trained = [p for p in model.parameters() if p.requires_grad]
    if mode == "lora" or not alone:
        return [torch.optim.AdamW(trained, lr=rates.matrices, betas=(0.9, 0.98), weight_decay=0.0)]
    return make_optimisers(model, rates.matrices, rates.others, torch.bfloat16 if fast_bf16() else torch.float32)


def lora_state(trained: dict[str, Tensor]) -> dict[str, Tensor]:
    """A LoRA's tensors by the names that diffusers and PEFT give them in files."""
    found = {}
    for name, tensor in trained.items():
        match = _PART.match(name)
        if match:
            found[f"transformer.{match['layer']}.lora_{match['side']}.weight"] = tensor.detach().cpu().contiguous()
    return found


@torch.no_grad()
def merge_lora(model: nn.Module, lora: dict[str, Tensor]) -> None:
    """Add a LoRA (alpha = rank, as ours are) to the weights of a plain model."""
    for name, down in lora.items():
        if name.endswith(".lora_A.weight"):
            layer = name.removeprefix("transformer.").removesuffix(".lora_A.weight")
            weight = cast(Any, model.get_submodule(layer)).weight
            up = lora[name.replace(".lora_A.", ".lora_B.")]
            weight.add_((up.float() @ down.float()).to(weight))
