"""Resumable training state: weights, EMA, optimisers, step, seconds trained, RNG; written whole or not at all."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from engine.training.optimise import Ema


class CheckpointError(RuntimeError):
    """A training state that cannot be resumed; says why and what to do."""


@dataclass
class Progress:
    """Where a run stands. `seconds` counts training time over all sittings."""

    step: int = 0
    seconds: float = 0.0
    shots: int = 0


def save_state(
    path: Path, model: nn.Module, ema: Ema, optimisers: list[torch.optim.Optimizer], progress: Progress
) -> None:
    """Write under a temporary name, sync, rename: a kill leaves the old state or the new one."""
    state = {
        "model": model.state_dict(),
        "ema": ema.state_dict(),
        "optimisers": [o.state_dict() for o in optimisers],
        "progress": vars(progress),
        "torch_rng": torch.get_rng_state(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def load_state(
    path: Path, model: nn.Module, ema: Ema, optimisers: list[torch.optim.Optimizer]
) -> Progress:
    """Restore everything. Raises CheckpointError when the file does not fit the model."""
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        model.load_state_dict(state["model"])
        ema.load_state_dict(state["ema"])
        for optimiser, saved in zip(optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        torch.set_rng_state(state["torch_rng"])
        return Progress(**state["progress"])
    except (RuntimeError, KeyError, ValueError, OSError) as error:
        raise CheckpointError(f"{path} cannot be resumed ({error}); delete it to start this stage again") from error


def seed_everything(seed: int) -> None:
    """One seed for python, numpy and torch."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
