"""`models` and `world`: what there is to render with, and what the built-in model was taught."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

from commands.failing import OK, CommandError
from commands.model_folders import BUILT_IN, built_in_models, need_model
from commands.terminal import Terminal, megabytes


def models(args: Namespace, terminal: Terminal) -> int:
    """`models [FOLDER ...]`: built-in models, and the folders that were named."""
    folders = [BUILT_IN / name for name in built_in_models()] + [need_model(word) for word in args.folders]
    found = [model_facts(folder) for folder in folders]
    rows = [
        (
            facts["name"],
            "built in" if facts["built_in"] else facts["folder"],
            megabytes(facts["bytes"]),
            facts["licence"],
            facts["fingerprint"][:12],
            facts["problem"] or "ready",
        )
        for facts in found
    ]
    if rows:
        terminal.table(("model", "where", "size", "licence", "fingerprint", "state"), rows)
    else:
        terminal.say("No model is built in yet: train one (main.py train --help), or name a folder.")
    terminal.result({"models": found})
    return OK


def model_facts(folder: Path) -> dict[str, Any]:
    """Return what is known of a model folder without loading its weights; `problem` is "" when nothing is missing."""
    from engine.backbone.loading import PARTS, model_fingerprint
    from engine.backbone.profiles import ProfileError, load_profile

    missing = [part for part in PARTS if not (folder / part).is_dir()]
    problem = f"lacks {', '.join(missing)}" if missing else ""
    profile: dict[str, Any] = {}
    try:
        profile = asdict(load_profile(folder / "profile.json"))
    except (ProfileError, TypeError, ValueError) as error:
        problem = str(error)
    return {
        "name": folder.name,
        "folder": str(folder.resolve()),
        "built_in": folder.parent == BUILT_IN,
        "bytes": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        "licence": profile.get("licence", "unknown"),
        "fingerprint": model_fingerprint(folder),
        "problem": problem,
        "profile": profile,
    }


def world(args: Namespace, terminal: Terminal) -> int:
    """`world --sheet FILE`: scenes of the paper theatre with their captions, to look at."""
    from engine.world.sheet import write_sheet

    if not 0 < args.scale <= 8:
        raise CommandError(f"The scale {args.scale:g} makes no sheet.", "Use a number from above 0 to 8.")
    size = (max(16, round(112 * args.scale / 16) * 16), max(16, round(64 * args.scale / 16) * 16))
    path = write_sheet(args.sheet, args.scenes, args.shots, args.seed, size, args.split)
    terminal.say(f"wrote {path}: {args.scenes} scenes of {args.shots} shots, split {args.split}")
    terminal.result(
        {"sheet": str(path.resolve()), "scenes": args.scenes, "shots": args.shots, "seed": args.seed,
         "split": args.split, "size": size}
    )  # fmt: skip
    return OK
