"""`train`: the built-in model's stages, and the judge that measures it."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import cast

from commands.failing import OK, USER_ERROR, CommandError
from commands.terminal import Terminal


def train(args: Namespace, terminal: Terminal) -> int:
    """`train paper-theatre STAGE`, or `train judge`."""
    return _train_judge(args, terminal) if args.what == "judge" else _train_stage(args, terminal)


def _train_stage(args: Namespace, terminal: Terminal) -> int:
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
    model = None
    if args.install:
        from engine.training.pipeline import MODEL

        model = Path(args.into) if args.into else MODEL
        stage = "causal" if args.stage == "vae" else args.stage
        install(work, cast("Stage", stage), model)
        terminal.say(f"installed into {model}")
    terminal.result({"stage": args.stage, "work": str(work.root.resolve()), "installed": model and str(model)})
    return OK


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
