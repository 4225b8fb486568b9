"""What a batch costs: rectified-flow loss of targets that see captured context."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from engine.backbone.positions import rotary, rotate
from engine.backbone.transformer import LayerKV, PlacedContext, SceneTransformer3DModel, ShotInput
from engine.training.batches import Batch, Part


def _shot_input(part: Part) -> ShotInput:
    return ShotInput(part.noisy, part.sigma * 1000.0, part.text, part.start, part.turn)


def _captured(model: SceneTransformer3DModel, part: Part) -> list[LayerKV]:
    """Keys and values of a part; with gradient checkpointing what lies between is computed again on the way back."""
    shot = _shot_input(part)
    if torch.is_grad_enabled() and model.gradient_checkpointing:
        run: Any = checkpoint
        return cast("list[LayerKV]", run(model.capture, shot, use_reentrant=False))
    return model.capture(shot)


def captured_context(model: SceneTransformer3DModel, parts: list[Part], repeat: int) -> PlacedContext | None:
    """Each part encoded alone, placed, and repeated for the targets of a scene."""
    if not parts:
        return None
    layers: list[list[LayerKV]] = []
    for part in parts:
        kv = _captured(model, part)
        grid = model.tokens_grid(part.noisy)
        at = rotary(model.config.attention_head_dim, part.start, grid, part.noisy.device, part.turn)
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
