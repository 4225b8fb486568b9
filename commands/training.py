"""`train`: the built-in model's stages, the judge that measures it, and tuning on footage."""

from __future__ import annotations

import subprocess
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from commands.failing import ENGINE_FAILURE, OK, USER_ERROR, CommandError
from commands.model_folders import need_model
from commands.terminal import Terminal, clock


def train(args: Namespace, terminal: Terminal) -> int:
    """`train paper-theatre STAGE`, `train judge`, or `train lct`."""
    if args.what == "lct":
        return _tune(args, terminal)
    return _train_judge(args, terminal) if args.what == "judge" else _train_stage(args, terminal)


def _train_stage(args: Namespace, terminal: Terminal) -> int:
    from engine.training.checkpoints import CheckpointError
    from engine.training.pipeline import TrainingOrder, Work, install, start_from_shipped
    from engine.training.pipeline import train as run_stage
    from engine.training.train_transformer import Stage

    work = Work(Path(args.work))
    if args.from_shipped:
        start_from_shipped(work)
    try:
        run_stage(args.stage, work, args.minutes, args.steps)
    except TrainingOrder as error:
        message, _, hint = str(error).partition(": ")
        raise CommandError(message, hint, USER_ERROR) from error
    except CheckpointError as error:
        raise CommandError(f"{error}.", "Or use another --work.", USER_ERROR) from error
    model = None
    if args.install:
        from engine.training.pipeline import MODEL

        model = Path(args.into) if args.into else MODEL
        stage = "causal" if args.stage in ("vae", "decoder") else args.stage
        install(work, cast("Stage", stage), model)
        terminal.say(f"installed into {model}")
    terminal.result({"stage": args.stage, "work": str(work.root.resolve()), "installed": model and str(model)})
    return OK


def _tune(args: Namespace, terminal: Terminal) -> int:
    """`train lct`: here, or in the processes that accelerate starts."""
    if args.accelerate_config:
        return _launch(Path(args.accelerate_config), sys.argv)
    import torch

    from engine.training.checkpoints import CheckpointError
    from engine.training.tuning import Tuning, TuningStage, tune

    stages: tuple[TuningStage, ...] = ("lct", "causal") if args.stage == "both" else (args.stage,)
    order = Tuning(
        str(need_model(args.base)), Path(args.data), Path(args.out), args.mode, stages, args.minutes, args.steps,
        args.shots, args.accumulate, args.rate, args.rank, args.seed, args.resume, args.merge, args.expert,
    )  # fmt: skip
    try:
        with terminal.bars("tuning", 1) as bars:
            tuned = tune(order, lambda stage, done, news: bars.whole(min(done, 1.0), f"{stage}: {news}"))
    except CheckpointError as error:
        raise CommandError(f"{error}.", "Or use another --out.") from error
    except torch.OutOfMemoryError as error:
        hint = "Use fewer --shots (with --accumulate for steps as large), --mode lora, or a smaller --size of the data."
        raise CommandError("The device has too little memory for this.", hint, ENGINE_FAILURE) from error
    for stage, end in tuned.stages.items():
        if end:
            told = f"{end['step']:.0f} steps, {end['shots']:.0f} shots, {clock(end['seconds'])}, loss {end['loss']:.4f}"
            terminal.say(f"{stage}: {told}")
    for path, use in ((tuned.lora, "--lora"), (tuned.model, "--model")):
        if path is not None:
            terminal.say(f"use it: {use} {path}")
    terminal.result({"lora": tuned.lora and str(tuned.lora.resolve()), "model": tuned.model and str(tuned.model),
                     "stages": tuned.stages})  # fmt: skip
    return OK


def _launch(config: Path, command: Sequence[str]) -> int:
    """The same command, without this option, in as many processes as an accelerate config says."""
    if not config.is_file():
        raise CommandError(f"There is no accelerate config {config}.", "Write one: .venv/bin/accelerate config.")
    launcher = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(config)]
    return subprocess.call([*launcher, *_without(command, "--accelerate-config")])


def _without(words: Sequence[str], option: str) -> list[str]:
    """A command without an option and its value, in either way of writing it."""
    kept: list[str] = []
    words = list(words)
    while words:
        word = words.pop(0)
        if word == option:
            words.pop(0)
        elif not word.startswith(f"{option}="):
            kept.append(word)
    return kept


def _train_judge(args: Namespace, terminal: Terminal) -> int:
    from engine.evaluation.judge import JUDGE_FOLDER, JudgeRun, judge_accuracy, load_judge, train_judge, write_report
    from engine.training.footage import shards
    from engine.training.pipeline import Work, make_footage

    work = Work(Path(args.work))
    if not shards(work.footage) or not shards(work.held_out):
        terminal.note("rendering footage ...")
        make_footage(work)
    out = Path(args.into) if args.into else JUDGE_FOLDER
    run = JudgeRun(work.footage, out) if args.steps is None else JudgeRun(work.footage, out, steps=args.steps)
    train_judge(run)
    accuracy = judge_accuracy(load_judge(out), work.held_out)
    write_report(out, accuracy)
    terminal.say(", ".join(f"{name} {share:.1%}" for name, share in accuracy.items()))
    terminal.result({"judge": str(out.resolve()), "accuracy": accuracy})
    return OK
