"""`evaluate`: does a shot look like the same scene, and how well does the VAE keep a clip?"""

from __future__ import annotations

import json
import os
import re
import tempfile
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.failing import OK, CommandError
from commands.model_folders import need_model
from commands.terminal import Terminal
from engine.contract import SamplingSettings

if TYPE_CHECKING:
    from engine.backbone.loading import Backbone
    from engine.evaluation.consistency import Report
    from engine.evaluation.judge import Judge

CHANCE = 0.125  # one of eight coat colours
SHEETS = 12  # scenes that get a contact sheet
STAGES = "stages.json"
HELD_OUT_SCENES = 25  # that the judge itself is checked on: a hundred clips


def evaluate(args: Namespace, terminal: Terminal) -> int:
    """`evaluate consistency` or `evaluate vae`."""
    folder = need_model(args.model)
    return _vae(args, folder, terminal) if args.what == "vae" else _consistency(args, folder, terminal)


def _vae(args: Namespace, folder: Path, terminal: Terminal) -> int:
    from engine.backbone.loading import load_backbone
    from engine.evaluation.vae import evaluate_vae

    backbone = load_backbone(str(folder))
    with terminal.bars("clips", args.clips) as bars:
        found = evaluate_vae(backbone, args.clips, lambda done: bars.whole(done, f"{done} of {args.clips}"))
    terminal.say(
        f"{found['psnr_db']:.2f} dB (worst {found['psnr_db_worst']:.2f}) over {found['clips']} clips; "
        f"encode {found['encode_ms']:.1f} ms, decode {found['decode_ms']:.1f} ms a clip of {found['frames']} frames"
    )
    terminal.result({"model": backbone.profile.name, "fingerprint": backbone.fingerprint, **found})
    return OK


def _consistency(args: Namespace, folder: Path, terminal: Terminal) -> int:
    from engine.backbone.loading import load_backbone
    from engine.evaluation.consistency import evaluate_consistency

    judge = _judge(args.judge)
    backbone = load_backbone(str(folder))
    checked = _check_judge(backbone, judge, min(HELD_OUT_SCENES, max(2, args.scenes)), terminal)
    with terminal.bars("scenes", args.scenes) as bars:
        report = evaluate_consistency(
            backbone,
            judge,
            args.scenes,
            SamplingSettings(steps=args.steps),
            lambda done: bars.whole(done, f"{done} of {args.scenes}"),
            thorough=args.thorough,
            workers=_workers(backbone, args.scenes),
        )
    figures = {"scenes": args.scenes, "steps": args.steps, **checked, "chance": CHANCE, **_plain(report)}
    sheets = write_sheets(report.sheets, Path(args.sheets)) if args.sheets else []
    if args.record:
        from engine.training.pipeline import record_stage

        record_stage(folder, args.record, figures)
    stages = {**read_stages(folder), **({args.record: figures} if args.record else {})}
    _tell(figures, stages, terminal)
    terminal.result(
        {**figures, "model": backbone.profile.name, "fingerprint": backbone.fingerprint, "stages": stages,
         "sheets": [str(path.resolve()) for path in sheets]}
    )  # fmt: skip
    return OK


def _workers(backbone: Backbone, scenes: int) -> int:
    """Return how many processes are worth their start: on a CPU one for every four scenes, at most one a core."""
    return 1 if backbone.device.type != "cpu" else max(1, min(os.cpu_count() or 1, scenes // 4))


def _judge(folder: str | None) -> Judge:
    from engine.evaluation.judge import JUDGE_FOLDER, load_judge

    place = Path(folder) if folder else JUDGE_FOLDER
    try:
        return load_judge(place)
    except FileNotFoundError as error:
        raise CommandError(f"There is no judge in {place}.", "Train it: main.py train judge.") from error


def _check_judge(backbone: Backbone, judge: Judge, scenes: int, terminal: Terminal) -> dict[str, Any]:
    """Return how well the judge reads held-out renders, and the same after the VAE."""
    from engine.evaluation.judge import judge_accuracy
    from engine.evaluation.vae import held_out_footage, judge_reconstructions

    terminal.note("checking the judge on held-out renders ...")
    with tempfile.TemporaryDirectory(prefix="matchcut-") as scratch:
        footage = held_out_footage(Path(scratch), scenes, backbone.profile.size)
        return {
            "judge_accuracy": judge_accuracy(judge, footage),
            "judge_reconstructions": judge_reconstructions(backbone, judge, footage),
        }


def _plain(report: Report) -> dict[str, Any]:
    """Return the shares; what was not asked (joint, two-sided in a quick run) is None, which JSON can say."""
    return {name: _without_nan(value) for name, value in report.as_dict().items()}


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nan(item) for name, item in value.items()}
    return None if isinstance(value, float) and value != value else value


def read_stages(folder: Path) -> dict[str, Any]:
    """Return what was recorded at each stage of the model's training; nothing where no file is."""
    path = folder / STAGES
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CommandError(f"{path} cannot be read ({error}).", "Delete it; --record writes it anew.") from error
    return found if isinstance(found, dict) else {}


def write_sheets(scenes: Sequence[tuple[str, Sequence[Any]]], folder: Path) -> list[Path]:
    """Write a contact sheet of each of the first scenes: a row a shot."""
    from engine.film.posters import contact_sheet

    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, (label, shots) in enumerate(scenes[:SHEETS], 1):
        path = folder / f"{number:02d}-{re.sub(r'[^a-z0-9]+', '-', label.lower()).strip('-')}.jpg"
        rows = [(f"{label}: shot {place}", frames) for place, frames in enumerate(shots, 1)]
        contact_sheet(rows, path, columns=5, scale=2.0)
        paths.append(path)
    return paths


def _tell(figures: dict[str, Any], stages: dict[str, Any], terminal: Terminal) -> None:
    names = ("without_context", "with_context", "as_wished", "joint", "one_sided", "two_sided")
    rows = [("now", *(_percent(figures.get(name)) for name in names))]
    rows += [(stage, *(_percent(kept.get(name)) for name in names)) for stage, kept in stages.items()]
    title = f"same coat as shot 1 (as wished: and its own action), {figures['scenes']} scenes, chance {CHANCE:.1%}"
    terminal.table(("stage", *(name.replace("_", " ") for name in names)), rows, title)
    read = figures["judge_accuracy"]
    terminal.say("the judge reads renders: " + ", ".join(f"{name} {share:.1%}" for name, share in read.items()))
    kept = figures["prompt"]
    terminal.say("prompts followed: " + ", ".join(f"{name} {_percent(share)}" for name, share in kept.items()))


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
