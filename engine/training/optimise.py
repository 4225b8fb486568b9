"""Muon for matrices, AdamW for the rest, a warm-up/stable/decay schedule and an EMA of the weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

_NS = (3.4445, -4.7750, 2.0315)  # Newton-Schulz quintic coefficients (Jordan et al., Muon)


def orthogonalise(matrix: Tensor, steps: int = 4, dtype: torch.dtype = torch.float32) -> Tensor:
    """Nearly the nearest (semi-)orthogonal matrix to `matrix` (m, n), by Newton-Schulz. Four steps: singular values
    end within about 0.5 to 1.3, which trains as well as five and costs a fifth less."""
    a, b, c = _NS
    x: Tensor = matrix.to(dtype)
    wide = x.shape[0] <= x.shape[1]
    if not wide:
        x = x.T
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x if wide else x.T).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalised; the step is scaled to AdamW's RMS (0.2 sqrt(max(m, n))).

    torch.optim.Muon works in bf16 only, which a CPU without AMX emulates 400 times slower than fp32; this one
    takes the dtype as an argument. Kernels (o, i, ...) are seen as (o, i*...) matrices.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 2e-3,
        momentum: float = 0.95,
        weight_decay: float = 0.01,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self._dtype = dtype

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["momentum"] = torch.zeros_like(p)
                buffer: Tensor = state["momentum"]
                buffer.lerp_(p.grad, 1 - group["momentum"])
                update = p.grad.lerp(buffer, group["momentum"]).flatten(1)
                update = orthogonalise(update, dtype=self._dtype)
                scale = 0.2 * math.sqrt(max(update.shape))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(update.view_as(p), alpha=-group["lr"] * scale)


def is_matrix(name: str, p: Tensor) -> bool:
    """Whether Muon should own a parameter: real matrices and kernels, not embeddings, tables, heads or gains."""
    if p.ndim < 2 or min(p.shape[0], p[0].numel()) < 32:
        return False
    return not any(part in name for part in ("scale_shift_table", "patch_embedding", "proj_out", "time_embedder"))


def make_optimisers(
    model: nn.Module, matrix_lr: float, other_lr: float, muon_dtype: torch.dtype = torch.float32
) -> list[torch.optim.Optimizer]:
    """[Muon, AdamW] over the parameters that want gradients; only one of them where the other would have none."""
    named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    matrices = [p for n, p in named if is_matrix(n, p)]
    others = [p for n, p in named if not is_matrix(n, p)]
    optimisers: list[torch.optim.Optimizer] = []
    if matrices:
        optimisers.append(Muon(matrices, lr=matrix_lr, dtype=muon_dtype))
    if others:
        optimisers.append(torch.optim.AdamW(others, lr=other_lr, betas=(0.9, 0.98), weight_decay=0.0))
    return optimisers


def warm_stable_decay(progress: float, warm: float = 0.02, decay_from: float = 0.7, floor: float = 0.02) -> float:
    """Learning-rate factor at `progress` in [0, 1] of the run."""
    if progress < warm:
        return max(progress / warm, 0.02)
    if progress < decay_from:
        return 1.0
    left = max(0.0, (1.0 - progress) / (1.0 - decay_from))
    return floor + (1 - floor) * left


def set_rate(optimisers: list[torch.optim.Optimizer], factor: float) -> None:
    """Scale every group's learning rate from its first value."""
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group.setdefault("first_lr", group["lr"])
            group["lr"] = group["first_lr"] * factor


class Ema:
    """Exponential moving average of a model's trained parameters; `decay` grows in over the first steps."""

    def __init__(self, model: nn.Module, decay: float = 0.998) -> None:
        self.decay = decay
        self.steps = 0
        self.shadow = {n: p.detach().clone().float() for n, p in model.named_parameters() if p.requires_grad}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Call after every optimiser step."""
        self.steps += 1
        decay = min(self.decay, self.steps / (self.steps + 10))
        for n, p in model.named_parameters():
            if n in self.shadow:
                self.shadow[n].lerp_(p.detach().float(), 1 - decay)

    @torch.no_grad()
    def copy_to(self, model: nn.Module) -> None:
        """Overwrite a model's parameters with the averages."""
        for n, p in model.named_parameters():
            if n in self.shadow:
                p.copy_(self.shadow[n].to(p.dtype))

    @contextmanager
    def worn(self, model: nn.Module) -> Iterator[None]:
        """The averages in the model's place for a while."""
        own = {n: p.detach().clone() for n, p in model.named_parameters() if n in self.shadow}
        self.copy_to(model)
        try:
            yield
        finally:
            with torch.no_grad():
                for n, p in model.named_parameters():
                    if n in own:
                        p.copy_(own[n])

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"steps": self.steps, "decay": self.decay, "shadow": self.shadow}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From a checkpoint."""
        self.steps, self.decay = int(state["steps"]), float(state["decay"])
        for n, value in state["shadow"].items():
            self.shadow[n].copy_(value)
