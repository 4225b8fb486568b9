"""The curriculum of the built-in transformer: `shot`, then `lct`, then `causal`. Resumable, logged, with an EMA.

Each stage starts from the stage before, and leaves `<out>/<stage>/transformer` (EMA weights, diffusers layout),
`state.pt` to resume from, and `log.jsonl`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor

from engine.backbone.devices import fast_bf16
from engine.backbone.positions import PositionRule
from engine.backbone.transformer import SceneTransformer3DModel
from engine.training.batches import BatchMaker
from engine.training.checkpoints import seed_everything
from engine.training.latents import LatentCache
from engine.training.loop import Loop, LoopSettings, SceneLoss, Stage
from engine.training.losses import loss_of
from engine.training.optimise import Ema, make_optimisers
from engine.training.patches import with_single_cells

__all__ = ["Stage", "TransformerRun", "loss_of", "new_transformer", "train_stage"]


@dataclass(frozen=True)
class TransformerRun:
    """Settings of one stage."""

    stage: Stage
    cache: Path
    out: Path  # the stage's own folder
    empty_text: Tensor  # (TEXT_TOKENS, text_dim)
    init: Path | None = None  # transformer folder to start from
    minutes: float = 30.0
    shots: int = 32  # shots of 13 frames a step
    width: int = 256
    layers: int = 8
    heads: int = 4
    matrix_lr: float = 2e-3
    other_lr: float = 1e-3
    decay_from: float = 0.7
    warm: float = 0.02
    ema: float = 0.995
    seed: int = 0
    max_steps: int | None = None
    rule: PositionRule = PositionRule()
    single_cells: bool = False  # every latent cell a token, whatever `init` reads at once


def new_transformer(channels: int, text_dim: int, width: int, layers: int, heads: int) -> SceneTransformer3DModel:
    """A fresh model with the zero starts that make small ones train fast: output, cross-attention, modulation."""
    model: SceneTransformer3DModel = SceneTransformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=heads,
        attention_head_dim=width // heads,
        in_channels=channels,
        out_channels=channels,
        text_dim=text_dim,
        freq_dim=256,
        ffn_dim=width * 4,
        num_layers=layers,
        rope_max_seq_len=64,
    )
    with torch.no_grad():
        torch.nn.init.zeros_(model.proj_out.weight)
        torch.nn.init.zeros_(model.proj_out.bias)
        torch.nn.init.zeros_(model.scale_shift_table)
        torch.nn.init.normal_(model.condition_embedder.time_proj.weight, std=0.02)
        for block in model.blocks:
            torch.nn.init.zeros_(block.scale_shift_table)
            block.scale_shift_table[:, 2] = 1.0  # open gates: with zero tables nothing would flow at the start
            block.scale_shift_table[:, 5] = 1.0
            torch.nn.init.zeros_(block.attn2.to_out[0].weight)
            torch.nn.init.zeros_(block.attn1.to_out[0].weight)
            torch.nn.init.zeros_(block.ffn.net[2].weight)
    return model


def _start(run: TransformerRun, channels: int) -> SceneTransformer3DModel:
    if run.init is None:
        model = new_transformer(channels, run.empty_text.shape[1], run.width, run.layers, run.heads)
    else:
        model = SceneTransformer3DModel.from_pretrained(run.init, torch_dtype=torch.float32)
    if run.single_cells and tuple(model.config.patch_size) != (1, 1, 1):
        return with_single_cells(model)
    return model


def train_stage(run: TransformerRun) -> SceneTransformer3DModel:
    """Train until `run.minutes` of training time have passed over all sittings; write the EMA model."""
    seed_everything(run.seed)
    accelerator = Accelerator(mixed_precision="bf16" if fast_bf16() else "no")
    cache = LatentCache(run.cache)
    model = _start(run, cache.latents.shape[1])
    model.to(accelerator.device).train()
    muon_dtype = torch.bfloat16 if fast_bf16() else torch.float32
    optimisers = make_optimisers(model, run.matrix_lr, run.other_lr, muon_dtype)
    ema = Ema(model, run.ema)
    settings = LoopSettings(run.stage, run.out, run.minutes, run.max_steps, run.decay_from, run.warm)
    maker = BatchMaker(cache, run.shots, run.empty_text, run.rule, run.seed)
    loop = Loop(settings, accelerator, SceneLoss(model), model, optimisers, ema, maker)
    loop.resume()
    loop.run()
    ema.copy_to(model)
    model.eval()
    model.save_pretrained(run.out / "transformer")
    return model
