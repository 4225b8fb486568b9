"""The one training loop: draw a batch, its loss, an optimiser step, the EMA, the log, the state. Resumable, by hand
(Ctrl-C saves) or after a crash (a state every few minutes)."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedType
from torch import Tensor, nn

from engine.backbone.transformer import SceneTransformer3DModel
from engine.training.batches import Batch, BatchMaker, Part
from engine.training.checkpoints import Progress, load_state, only_trainer, save_state
from engine.training.losses import loss_of
from engine.training.optimise import Ema, set_rate, warm_stable_decay

Stage = Literal["shot", "lct", "causal"]
SAVE_EVERY = 150.0  # seconds
LOG_EVERY = 20  # steps
CONTEXT_DROPOUT = 0.1


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How long a stage runs and where it keeps its state. Time counts over all sittings."""

    stage: Stage
    out: Path
    minutes: float | None = None  # None: steps alone decide
    max_steps: int | None = None
    decay_from: float = 0.7
    warm: float = 0.02
    accumulate: int = 1  # batches of one optimiser step

    def done(self, progress: Progress) -> float:
        """How much of the run is over, 0 to 1 (and beyond)."""
        by_time = progress.seconds / (self.minutes * 60) if self.minutes else 0.0
        by_steps = progress.step / self.max_steps if self.max_steps else 0.0
        if self.minutes is not None and not self.minutes:
            by_time = 1.0
        return max(by_time, by_steps)


class SceneLoss(nn.Module):
    """The loss of a batch as a module's forward: what wrappers for several devices hook into."""

    def __init__(self, transformer: SceneTransformer3DModel) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(self, batch: Batch, context_dropout: bool) -> Tensor:
        """A scalar."""
        return loss_of(self.transformer, batch, context_dropout)


class Loop:
    """One stage of one model. `ema` is None where parameters are spread over devices."""

    def __init__(
        self,
        settings: LoopSettings,
        accelerator: Accelerator,
        loss: nn.Module,
        model: SceneTransformer3DModel,
        optimisers: list[torch.optim.Optimizer],
        ema: Ema | None,
        maker: BatchMaker,
        on_log: Callable[[Progress, float], None] | None = None,
    ) -> None:
        """`loss`: a SceneLoss as the accelerator prepared it; `model`: the transformer inside."""
        self.settings, self.accelerator, self.loss, self.model = settings, accelerator, loss, model
        self.optimisers, self.ema, self.maker, self.on_log = optimisers, ema, maker, on_log
        self.progress = Progress()
        self.running = math.nan  # the loss, smoothed

    @property
    def state(self) -> Path:
        """What a stage is resumed from: a file, or a folder where parameters are spread over devices."""
        return self.settings.out / ("state" if self._sharded else "state.pt")

    @property
    def _sharded(self) -> bool:
        return bool(self.accelerator.distributed_type == DistributedType.FSDP)

    def resume(self) -> None:
        """Go on where the stage stopped, if it has a state. Raises CheckpointError."""
        if not self.state.exists():
            return
        if self._sharded:
            self.accelerator.load_state(str(self.state))
            self.progress = Progress(**json.loads((self.state / "progress.json").read_text(encoding="utf-8")))
            dice: dict[str, Any] = {}
        else:
            assert self.ema is not None
            self.progress, dice = load_state(self.state, self.model, self.ema, self.optimisers)
        if dice and self.accelerator.num_processes == 1:
            self.maker.go_on(dice)
        else:  # what each of several processes drew is not kept: new dice, the same in form for all
            self.maker.reseed(self.progress.step)

    def save(self) -> None:
        """Write the state, whole or not at all."""
        if self._sharded:
            self.accelerator.save_state(str(self.state))
            if self.accelerator.is_main_process:
                (self.state / "progress.json").write_text(json.dumps(vars(self.progress)), encoding="utf-8")
        elif self.accelerator.is_main_process:
            assert self.ema is not None
            save_state(self.state, self.model, self.ema, self.optimisers, self.progress, self.maker.state())
        self.accelerator.wait_for_everyone()

    def run(self) -> None:
        """Train until the time or the steps are over. An interruption saves before it goes on its way.

        Raises CheckpointError where another process trains in the same folder.
        """
        with only_trainer(self.settings.out) if self.accelerator.is_main_process else nullcontext():
            self._run()

    def _run(self) -> None:
        before, started = self.progress.seconds, time.monotonic()
        saved = started
        try:
            while self._goes_on():
                self._step()
                self.progress.seconds = before + time.monotonic() - started
                if self.progress.step % LOG_EVERY == 0:
                    self._log()
                if time.monotonic() - saved > SAVE_EVERY and self.accelerator.num_processes == 1:
                    saved = time.monotonic()
                    self.save()
                    self.maker.table.refresh()
        except KeyboardInterrupt:
            self._log()
            if self.accelerator.num_processes == 1:
                self.save()
            raise
        self._log()
        self.save()

    def _goes_on(self) -> bool:
        """One clock decides for all processes: the first one's."""
        over = self.settings.done(self.progress) >= 1.0
        if self.accelerator.num_processes == 1:
            return not over
        flag = torch.tensor([int(over)], device=self.accelerator.device)
        torch.distributed.broadcast(flag, src=0)
        return not bool(flag.item())

    def _step(self) -> None:
        settings = self.settings
        set_rate(
            self.optimisers, warm_stable_decay(settings.done(self.progress), settings.warm, settings.decay_from)
        )
        total = 0.0
        for _ in range(settings.accumulate):
            batch = on_device(draw(self.maker, settings.stage), self.accelerator.device)
            with self.accelerator.autocast():
                loss = self.loss(batch, self.maker.rng.random() < CONTEXT_DROPOUT) / settings.accumulate
            self.accelerator.backward(loss)
            total += float(loss.detach())
            self.progress.shots += sum(len(part.noisy) for part in batch.targets) * self.accelerator.num_processes
        self.accelerator.clip_grad_norm_([p for p in self.loss.parameters() if p.requires_grad], 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        if self.ema is not None:
            self.ema.update(self.model)
        self.progress.step += 1
        self.running = total if math.isnan(self.running) else 0.97 * self.running + 0.03 * total

    def _log(self) -> None:
        if not self.accelerator.is_main_process:
            return
        with (self.settings.out / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps({**vars(self.progress), "loss": round(self.running, 4)}) + "\n")
        if self.on_log is not None:
            self.on_log(self.progress, self.running)


def draw(maker: BatchMaker, stage: Stage) -> Batch:
    """A batch of the stage's kind."""
    if stage == "shot":
        return maker.single()
    return maker.long_context() if stage == "lct" else maker.causal()


def on_device(batch: Batch, device: torch.device) -> Batch:
    """The batch with its tensors moved."""
    if device.type == "cpu":
        return batch

    def move(part: Part) -> Part:
        tensors = (part.noisy, part.velocity, part.sigma, part.text, part.weight)
        noisy, velocity, sigma, text, weight = (t.to(device, non_blocking=True) for t in tensors)
        return Part(noisy, velocity, sigma, text, part.start, weight, part.loss_from, part.turn)

    return Batch([move(p) for p in batch.targets], [move(p) for p in batch.context], batch.repeat, batch.joint)
