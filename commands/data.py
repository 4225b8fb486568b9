"""`data build`: footage -> a data set that `train lct` reads."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.failing import OK, CommandError
from commands.model_folders import need_model
from commands.terminal import Terminal

if TYPE_CHECKING:
    from engine.footage.build import Built
    from engine.footage.describing import Describer

_TOLD = 12  # problems and notes that are printed; all are in report.json


def data(args: Namespace, terminal: Terminal) -> int:
    """`data build FOLDER --out DATASET`."""
    from engine.footage.build import build
    from engine.footage.order import order_for

    model = str(need_model(args.model))
    out = Path(args.out)
    order = order_for(Path(args.folder), out, model, args.size, _describer(args.captions), args.sheet)
    with terminal.bars("clips", 1) as bars:
        built = build(order, lambda done, clips, name: bars.whole(done / clips, f"{done} of {clips}: {name}"))
    if not built.shots:
        _tell(built, terminal)
        raise CommandError("No clip gave a shot to train on.", f"{out / 'report.json'} says why.")
    _tell(built, terminal)
    terminal.say(f"{built.scenes} scenes, {built.shots} shots, {built.seconds:g} s in {out}")
    if built.sheet is not None:
        terminal.say(f"look at them: {built.sheet}")
    terminal.result({"dataset": str(out.resolve()), **_plain(built)})
    return OK


def _describer(word: str) -> Describer | None:
    """`sidecar`, or `vlm:FOLDER`."""
    kind, _, folder = word.partition(":")
    if kind == "sidecar" and not folder:
        return None
    if kind != "vlm" or not folder:
        raise CommandError(f"Captions cannot come from {word!r}.", "Say --captions sidecar or --captions vlm:FOLDER.")
    from engine.footage.describing import VisionLanguageModel

    return VisionLanguageModel(Path(folder))


def _tell(built: Built, terminal: Terminal) -> None:
    fresh = built.clips - built.kept
    terminal.say(f"{built.clips} clips: {built.kept} unchanged, {fresh} looked at, {built.encoded} shots encoded")
    for source, what in (*built.problems[:_TOLD], *built.notes[:_TOLD]):
        terminal.say(f"  {source}: {what}")
    for reason, count in sorted(built.skipped.items()):
        terminal.say(f"  left out, {reason}: {count}")
    silent = built.shots - built.captioned
    if silent:
        terminal.say(f"  {silent} of {built.shots} shots have no caption: write sidecars, or use --captions vlm:FOLDER")


def _plain(built: Built) -> dict[str, Any]:
    return {name: getattr(built, name) for name in built.__slots__}
