"""`main.py train lct`: a model of the Wan kind, tuned on a data set of the user's own footage.

The same batches, losses and loop as the built-in model's own curriculum: bidirectional Long Context Tuning, then
context-causal. Under the run's folder every stage keeps its state, log, sheets and the weights it ended with; the
result is `<name>.safetensors` (a LoRA) or `model/` (a model folder).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedType
from safetensors.torch import load_file, save
from torch import Tensor

from engine.backbone.devices import fast_bf16
from engine.backbone.loading import load_expert, model_fingerprint, usable
from engine.backbone.transformer import SceneTransformer3DModel
from engine.catalogue.recognise import Recognised
from engine.footage.order import facts_of
from engine.footage.records import write_bytes, write_json
from engine.footage.rules import rules_for
from engine.training.batches import BatchMaker
from engine.training.checkpoints import Progress, seed_everything, trained_weights
from engine.training.dataset import FootageTable
from engine.training.loop import Loop, LoopSettings, SceneLoss
from engine.training.optimise import Ema
from engine.training.results import merged_model, write_lora, write_model
from engine.training.samples import write_samples
from engine.training.trainable import (
    Mode,
    default_rates,
    is_small,
    loading_dtype,
    lora_state,
    make_trainable,
    optimisers_for,
)

TuningStage = Literal["lct", "causal"]
LCT_SHARE = 0.4  # of the time of both stages
SHEET_EVERY = 1800.0  # seconds between contact sheets
SMALL_SHOTS, LARGE_SHOTS = 32, 2  # a step and device


class TuningError(Exception):
    """A tuning that cannot begin or go on as asked."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.message, self.hint = message, hint


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was asked for. `minutes` and `steps` are of all stages together; None leaves it to the other."""

    base: str
    data: Path
    out: Path
    mode: Mode = "lora"
    stages: tuple[TuningStage, ...] = ("lct", "causal")
    minutes: float | None = None
    steps: int | None = None
    shots: int | None = None
    accumulate: int = 1
    rate: float | None = None
    rank: int = 32
    seed: int = 0
    resume: bool = False
    merge: bool = False
    expert: Literal["high", "low"] | None = None


@dataclass(frozen=True, slots=True)
class Tuned:
    """Where the result is, and how the stages ended; nothing of either in all but the first of several processes."""

    lora: Path | None
    model: Path | None
    stages: dict[str, dict[str, float]]


Say = Callable[[str, float, str], None]  # stage, how much of it is done, news


def tune(order: Tuning, say: Say = lambda *_: None) -> Tuned:
    """Run the stages that are left, then write the result. Raises TuningError, FootageError, ModelBroken."""
    run = _Run(order, say)
    ended: dict[str, dict[str, float]] = {stage: run.stage(stage) for stage in order.stages}
    return run.finish(ended)


class _Run:
    """One tuning: the base, the data, the model as it is trained."""

    def __init__(self, order: Tuning, say: Say) -> None:
        self.order, self.say = order, say
        self.found = usable(order.base)
        self.part, self.levels = _expert(self.found, order)
        self.table = FootageTable(order.data)
        _check_fit(self.found, self.table, order)
        _check_start(order)
        seed_everything(order.seed)
        self.accelerator = _accelerator()
        self.model = load_expert(self.found, self.part, loading_dtype(order.mode))
        self.small = is_small(self.model)
        make_trainable(self.model, order.mode, order.rank, order.seed)
        self.model.to(self.accelerator.device).train()
        if self.accelerator.is_main_process:
            write_json(order.out / "tuning.json", self._facts())

    @property
    def _sharded(self) -> bool:
        return bool(self.accelerator.distributed_type == DistributedType.FSDP)

    def _facts(self) -> dict[str, str]:
        order = self.order
        return {
            "base": self.found.profile.name,
            "base_fingerprint": model_fingerprint(self.found.path),
            "part": self.part,
            "mode": order.mode,
            "rank": str(order.rank) if order.mode == "lora" else "",
            "data": order.data.name,
            "seed": str(order.seed),
        }

    def stage(self, stage: TuningStage) -> dict[str, float]:
        """One stage, from its state, from the stage before, or from the base; its EMA weights stay in the model."""
        out = self.order.out / stage
        if self.order.resume and (out / "weights.safetensors").is_file():
            self._put(load_file(out / "weights.safetensors"))
            return _ending(out)
        if stage == "causal" and "lct" not in self.order.stages:
            before = self.order.out / "lct" / "weights.safetensors"
            if before.is_file():
                self._put(load_file(before))
        loop = self._loop(stage, out)
        loop.resume()
        loop.run()
        self._settle(loop, out)
        return _ending(out)

    def _loop(self, stage: TuningStage, out: Path) -> Loop:
        order, profile = self.order, self.found.profile
        module = SceneLoss(self.model)
        alone = self.accelerator.num_processes == 1
        optimisers = optimisers_for(module, order.mode, default_rates(order.mode, self.small, order.rate), alone)
        ema = None if self._sharded else Ema(self.model, 0.995)
        if not alone:
            module, *optimisers = self.accelerator.prepare(module, *optimisers)
        rules = rules_for(profile, self.table.facts.size)
        maker = BatchMaker(
            self.table,
            order.shots or (SMALL_SHOTS if self.small else LARGE_SHOTS),
            self.table.text(self.table.empty_key),
            profile.positions,
            order.seed,
            self.table.spans(rules.longest, rules.extension, profile.tail_latents),
            profile.shift,
            self.levels,
            self.accelerator.process_index,
        )
        settings = LoopSettings(stage, out, *self._share(stage), accumulate=order.accumulate)
        loop = Loop(settings, self.accelerator, module, self.model, optimisers, ema, maker)
        sheet_due = time.monotonic() + SHEET_EVERY

        def on_log(progress: Progress, loss: float) -> None:
            nonlocal sheet_due
            self.say(stage, settings.done(progress), f"step {progress.step}, loss {loss:.4f}")
            if ema is not None and time.monotonic() > sheet_due:
                with ema.worn(self.model):
                    self._sheet(out / "sheets" / f"step-{progress.step:06d}.jpg")
                sheet_due = time.monotonic() + SHEET_EVERY

        loop.on_log = on_log
        return loop

    def _share(self, stage: TuningStage) -> tuple[float | None, int | None]:
        """Minutes and steps of one stage."""
        order = self.order
        minutes = 60.0 if order.minutes is None and order.steps is None else order.minutes
        share = 1.0 if len(order.stages) == 1 else LCT_SHARE if stage == "lct" else 1 - LCT_SHARE
        steps = None if order.steps is None else max(1, round(order.steps * share))
        return (None if minutes is None else minutes * share), steps

    def _settle(self, loop: Loop, out: Path) -> None:
        """Put the averages into the model, keep them, draw the sheet."""
        if loop.ema is not None:
            loop.ema.copy_to(self.model)
            weights = trained_weights(self.model)
        else:
            state = self.accelerator.get_state_dict(loop.loss)
            trained = {name for name, p in loop.loss.named_parameters() if p.requires_grad}
            weights = {n.removeprefix("transformer."): t for n, t in state.items() if n in trained}
        if self.accelerator.is_main_process:
            plain = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
            write_bytes(out / "weights.safetensors", save(plain))
            write_json(out / "ended.json", {**asdict(loop.progress), "loss": loop.running})
            if not self._sharded:
                self._sheet(out / "sheets" / f"step-{loop.progress.step:06d}.jpg")
        self.accelerator.wait_for_everyone()

    def _put(self, weights: dict[str, Tensor]) -> None:
        missing = set(trained_weights(self.model)) - set(weights)
        if missing:
            raise TuningError(
                f"{self.order.out} was trained otherwise ({min(missing)} is not in it).",
                "Use the same --mode and --rank, or another --out.",
            )
        self.model.load_state_dict(weights, strict=False)

    def _sheet(self, path: Path) -> None:
        write_samples(self.model, self.found, self.table, path, self.accelerator.device)

    def finish(self, ended: dict[str, dict[str, float]]) -> Tuned:
        """Write the LoRA or the model folder."""
        order = self.order
        if not self.accelerator.is_main_process:
            return Tuned(None, None, {})
        weights = load_file(order.out / order.stages[-1] / "weights.safetensors")
        if order.mode == "lora":
            facts = {**self._facts(), "stages": json.dumps(ended)}
            lora = write_lora(weights, order.out / f"{order.out.name}.safetensors", facts)
            if not order.merge:
                return Tuned(lora, None, ended)
            merged = merged_model(self.found, self.part, lora_state(weights))
            return Tuned(lora, write_model(merged, self.found, self.part, order.out / "model"), ended)
        whole: SceneTransformer3DModel = load_expert(self.found, self.part, torch.float32)
        whole.load_state_dict(weights, strict=False)
        return Tuned(None, write_model(whole, self.found, self.part, order.out / "model"), ended)


def _accelerator() -> Accelerator:
    """As the accelerate config says; without one bf16 where the machine multiplies it faster."""
    import os

    if "ACCELERATE_MIXED_PRECISION" in os.environ:
        return Accelerator()
    return Accelerator(mixed_precision="bf16" if fast_bf16() else "no")


def _expert(found: Recognised, order: Tuning) -> tuple[str, tuple[float, float]]:
    """The transformer to train, and the noise levels that are its business."""
    boundary = found.profile.boundary
    if "transformer_2" not in found.parts or boundary is None:
        if order.expert is not None:
            raise TuningError(f"{found.profile.name} has one transformer.", "Leave --expert out.")
        return "transformer", (0.0, 1.0)
    if order.expert is None:
        raise TuningError(
            f"{found.profile.name} has two experts, which are tuned one at a time.", "Say --expert high or low."
        )
    return ("transformer", (boundary, 1.0)) if order.expert == "high" else ("transformer_2", (0.0, boundary))


def _check_fit(found: Recognised, table: FootageTable, order: Tuning) -> None:
    """The data must have been encoded by what the base has."""
    wanted = facts_of(found, rules_for(found.profile, table.facts.size))
    if wanted != table.facts:
        differing = [n for n in table.facts.__slots__ if n != "model" and getattr(wanted, n) != getattr(table.facts, n)]
        raise TuningError(
            f"{order.data} was built for {table.facts.model}: {found.profile.name} differs in {', '.join(differing)}.",
            f"Build it for this model: main.py data build FOLDER --out OTHER --model {order.base}.",
        )


def _check_start(order: Tuning) -> None:
    """A run is never overwritten by accident."""
    if not order.resume and any((order.out / stage).exists() for stage in order.stages):
        raise TuningError(f"{order.out} holds a run already.", "Add --resume to go on with it, or use another --out.")


def _ending(out: Path) -> dict[str, float]:
    try:
        data = json.loads((out / "ended.json").read_text(encoding="utf-8"))
        return {name: float(value) for name, value in data.items()}
    except (OSError, ValueError):
        return {}
