"""`models calibrate` measures a model for MagCache, `bench step-cache` what the step caches save and cost."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from commands.failing import OK, CommandError
from commands.model_folders import need_model
from commands.terminal import Terminal


def calibrate_model(args: Namespace, terminal: Terminal) -> int:
    """`models calibrate MODEL`: make two shots, measure every step, keep the numbers in the user's data folder."""
    if len(args.model_words) != 1:
        raise CommandError("Which model? main.py models calibrate MODEL")
    place = need_model(args.model_words[0])
    from engine.backbone.loading import load_backbone
    from engine.catalogue.calibration import save_calibration
    from engine.sampling.calibrate import CannotCalibrate, calibrate

    backbone = load_backbone(str(place))
    try:
        found = calibrate(backbone, args.steps, terminal.note)
    except CannotCalibrate as error:
        raise CommandError(f"{args.model_words[0]} cannot be calibrated: {error}.") from error
    try:
        path = save_calibration(found)
    except OSError as error:
        raise CommandError(
            f"It cannot be written ({error.strerror}).", "Free some space, or check the folder."
        ) from error
    count = len(found.branches)
    terminal.say(f"{found.model} is calibrated: {count} branches of {found.steps} steps, in {path}")
    terminal.say("  use it: --step-cache magcache")
    terminal.result({"model": found.model, "steps": found.steps, "branches": count, "file": str(path)})
    return OK


def bench_step_cache(args: Namespace, terminal: Terminal) -> int:
    """Make a scene without caching and with it, and compare the frames."""
    from engine.backbone.loading import load_backbone
    from engine.evaluation.bench_steps import bench_steps

    backbone = load_backbone(str(need_model(args.model)))
    found = bench_steps(backbone, args.steps, args.shots, say=terminal.note)
    terminal.say(f"{found['model']}, {found['shots']} shots of {found['steps']} steps: {found['seconds']} s without")
    rows = [
        (
            f"{row['kind']} {row['threshold']}",
            f"{row['skipped']} of {row['forwards']}",
            f"{row['blocks_saved']:.0%}",
            *_made(row),
        )
        for row in found["rows"]
    ]
    rows += [(f"guidance from {row['level']}", "", "", *_made(row)) for row in found["guidance_from"]]
    rows += [(f"{row['steps']} steps", "", "", *_made(row)) for row in found["fewer_steps"]]
    terminal.table(("", "skipped", "blocks saved", "speed", "PSNR", "worst shot"), rows)
    terminal.result(found)
    return OK


def _made(row: dict[str, Any]) -> tuple[str, str, str]:
    values = (row[name] for name in ("psnr_db", "psnr_db_worst"))
    mean, worst = ("the same" if value is None else f"{value:.1f} dB" for value in values)
    return f"{row['speed']:.2f}x", mean, worst
