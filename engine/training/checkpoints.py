"""Resumable training state: weights, EMA, optimisers, step, seconds trained, RNG; written whole or not at all."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout
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


@contextmanager
def only_trainer(folder: Path) -> Iterator[None]:
    """Two trainings in one folder would write over each other's state. Raises CheckpointError where one runs."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "training.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise CheckpointError(f"another process trains in {folder}; let it finish, or use another folder") from None
    try:
        yield
    finally:
        lock.release()


def trained_weights(model: nn.Module) -> dict[str, torch.Tensor]:
    """The parameters that training changes, by name; what is frozen can be read from where it came from."""
    return {name: p.detach() for name, p in model.named_parameters() if p.requires_grad}


def save_state(
    path: Path,
    model: nn.Module,
    ema: Ema,
    optimisers: list[torch.optim.Optimizer],
    progress: Progress,
    dice: dict[str, Any] | None = None,
) -> None:
    """Write under a temporary name, sync, rename: a kill leaves the old state or the new one. `dice`: where the random
    numbers of whoever draws the batches stand."""
    state = {
        "model": trained_weights(model),
        "ema": ema.state_dict(),
        "optimisers": [o.state_dict() for o in optimisers],
        "progress": vars(progress),
        "torch_rng": torch.get_rng_state(),
        "dice": dice or {},
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
) -> tuple[Progress, dict[str, Any]]:
    """Restore everything; returns where the run stood, and the dice ({} in states of older versions).

    Raises CheckpointError when the file does not fit the model.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        missing = set(trained_weights(model)) - set(state["model"])
        if missing:
            raise KeyError(min(missing))
        unknown = model.load_state_dict(state["model"], strict=False).unexpected_keys
        if unknown:
            raise KeyError(unknown[0])
        ema.load_state_dict(state["ema"])
        for optimiser, saved in zip(optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        torch.set_rng_state(state["torch_rng"])
        return Progress(**state["progress"]), state.get("dice", {})
    except (RuntimeError, KeyError, ValueError, OSError) as error:
        raise CheckpointError(f"{path} cannot be resumed ({error}); delete it to start this stage again") from error


def seed_everything(seed: int) -> None:
    """One seed for python, numpy and torch."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
