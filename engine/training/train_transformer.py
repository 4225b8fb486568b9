"""The curriculum of the built-in transformer: `shot`, then `lct`, then `causal`. Resumable, logged, with an EMA.

Each stage starts from the stage before, and leaves `<out>/<stage>/transformer` (EMA weights, diffusers layout),
`state.pt` to resume from, and `log.jsonl`.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from accelerate import Accelerator
from torch import Tensor

from engine.backbone.devices import fast_bf16
from engine.backbone.positions import PositionRule, rotary, rotate
from engine.backbone.transformer import LayerKV, PlacedContext, SceneTransformer3DModel, ShotInput
from engine.training.batches import Batch, BatchMaker, Part
from engine.training.checkpoints import Progress, load_state, save_state, seed_everything
from engine.training.latents import LatentCache
from engine.training.optimise import Ema, make_optimisers, set_rate, warm_stable_decay

Stage = Literal["shot", "lct", "causal"]


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


def new_transformer(channels: int, text_dim: int, width: int, layers: int, heads: int) -> SceneTransformer3DModel:
    """A fresh model with the zero starts that make small ones train fast: output, cross-attention, modulation."""
    model = SceneTransformer3DModel(
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


def _shot_input(part: Part) -> ShotInput:
    return ShotInput(part.noisy, part.sigma * 1000.0, part.text, part.start)


def captured_context(model: SceneTransformer3DModel, parts: list[Part], repeat: int) -> PlacedContext | None:
    """Each part encoded alone, placed, and repeated for the targets of a scene."""
    if not parts:
        return None
    layers: list[list[LayerKV]] = []
    for part in parts:
        kv = model.capture(_shot_input(part))
        at = rotary(model.config.attention_head_dim, part.start, model.tokens_grid(part.noisy), part.noisy.device)
        layers.append([(rotate(k, at), v) for k, v in kv])
    placed = []
    for number in range(len(layers[0])):
        key = torch.cat([entry[number][0] for entry in layers], dim=1).repeat_interleave(repeat, dim=0)
        value = torch.cat([entry[number][1] for entry in layers], dim=1).repeat_interleave(repeat, dim=0)
        placed.append((key, value))
    return PlacedContext(tuple(placed))


def loss_of(model: SceneTransformer3DModel, batch: Batch, context_dropout: bool = False) -> Tensor:
    """Rectified-flow loss |v - (eps - z0)|^2, weighted a cell, averaged over the shots."""
    context = None if context_dropout else captured_context(model, batch.context, batch.repeat)
    velocities = model.forward_scene([_shot_input(p) for p in batch.targets], context)
    losses = []
    for part, velocity in zip(batch.targets, velocities, strict=True):
        error = (velocity.float() - part.velocity).square() * part.weight
        losses.append(error[:, :, part.loss_from :].mean())
    return torch.stack(losses).mean()


def train_stage(run: TransformerRun) -> SceneTransformer3DModel:
    """Train until `run.minutes` of training time have passed over all sittings; write the EMA model."""
    seed_everything(run.seed)
    accelerator = Accelerator(mixed_precision="bf16" if fast_bf16() else "no")
    cache = LatentCache(run.cache)
    model: SceneTransformer3DModel
    if run.init is not None:
        model = SceneTransformer3DModel.from_pretrained(run.init, torch_dtype=torch.float32)
    else:
        channels = cache.latents.shape[1]
        model = new_transformer(channels, run.empty_text.shape[1], run.width, run.layers, run.heads)
    model.to(accelerator.device).train()
    muon_dtype = torch.bfloat16 if fast_bf16() else torch.float32
    optimisers = make_optimisers(model, run.matrix_lr, run.other_lr, muon_dtype)
    ema, progress = Ema(model, run.ema), Progress()
    if (run.out / "state.pt").exists():
        progress = load_state(run.out / "state.pt", model, ema, optimisers)
    maker = BatchMaker(cache, run.shots, run.empty_text, run.rule, run.seed + progress.step)
    _loop(run, accelerator, model, optimisers, ema, progress, maker)
    ema.copy_to(model)
    model.eval()
    model.save_pretrained(run.out / "transformer")
    return model


def _draw(maker: BatchMaker, stage: Stage) -> Batch:
    if stage == "shot":
        return maker.single()
    return maker.long_context() if stage == "lct" else maker.causal()


def _loop(
    run: TransformerRun,
    accelerator: Accelerator,
    model: SceneTransformer3DModel,
    optimisers: list[torch.optim.Optimizer],
    ema: Ema,
    progress: Progress,
    maker: BatchMaker,
) -> None:
    total, before, started = run.minutes * 60, progress.seconds, time.monotonic()
    saved, running = started, math.nan
    run.out.mkdir(parents=True, exist_ok=True)
    with (run.out / "log.jsonl").open("a") as log:
        while progress.seconds < total and (run.max_steps is None or progress.step < run.max_steps):
            set_rate(optimisers, warm_stable_decay(progress.seconds / total, run.warm, run.decay_from))
            batch = _on_device(_draw(maker, run.stage), accelerator.device)
            with accelerator.autocast():
                loss = loss_of(model, batch, context_dropout=maker.rng.random() < 0.1)
            accelerator.backward(loss)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for optimiser in optimisers:
                optimiser.step()
                optimiser.zero_grad(set_to_none=True)
            ema.update(model)
            progress.step += 1
            progress.shots += sum(len(p.noisy) for p in batch.targets)
            progress.seconds = before + time.monotonic() - started
            value = float(loss.detach())
            running = value if math.isnan(running) else 0.97 * running + 0.03 * value
            if progress.step % 20 == 0:
                log.write(json.dumps({**vars(progress), "loss": round(running, 4)}) + "\n")
                log.flush()
            if time.monotonic() - saved > 150:
                saved = time.monotonic()
                save_state(run.out / "state.pt", model, ema, optimisers, progress)
                maker.cache.refresh()
    save_state(run.out / "state.pt", model, ema, optimisers, progress)


def _on_device(batch: Batch, device: torch.device) -> Batch:
    if device.type == "cpu":
        return batch

    def move(part: Part) -> Part:
        tensors = (part.noisy, part.velocity, part.sigma, part.text, part.weight)
        noisy, velocity, sigma, text, weight = (t.to(device, non_blocking=True) for t in tensors)
        return Part(noisy, velocity, sigma, text, part.start, weight, part.loss_from)

    return Batch([move(p) for p in batch.targets], [move(p) for p in batch.context], batch.repeat, batch.joint)
