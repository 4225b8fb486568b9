"""`loras`: which LoRAs the shots of a scene are rendered with, kept in the document."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from commands.documents import refuse_words
from commands.failing import OK, CommandError
from commands.places import find_lora, find_scene, find_shot, open_project
from commands.terminal import Terminal
from storyboards.loras import Lora, lora_word
from storyboards.storyboard import Storyboard
from storyboards.views import SceneView, ShotView


def loras(args: Namespace, terminal: Terminal) -> int:
    """`loras`: show the lists of a scene and its shots, or set the one that is meant."""
    changing = bool(args.set or args.clear or args.none)
    with open_project(args, terminal, read_only=not changing) as project:
        refuse_words(args, 0)
        board = project.storyboard
        scene = find_scene(board, args.scene)
        shot = None if args.shot is None else find_shot(board, scene, args.shot)
        if changing:
            _change(args, board, scene, shot)
            terminal.say("Takes that are there stay as they are; takes to come are made with this.")
        _tell(board, board.scene(scene.id), None if shot is None else shot.id, terminal)
    return OK


def _change(args: Namespace, board: Storyboard, scene: SceneView, shot: ShotView | None) -> None:
    if args.none and shot is None:
        raise CommandError("A scene without LoRAs is simply cleared.", "Use --clear; --none is for one --shot.")
    chosen = None if args.clear else [find_lora(word) for word in args.set or ()]
    if shot is None:
        board.edit_scene(scene.id, settings=_settings(scene.settings, chosen))
    else:
        board.edit_shot(shot.id, settings=_settings(shot.settings, chosen))


def _settings(now: Mapping[str, Any], chosen: list[Lora] | None) -> dict[str, Any]:
    """The settings with other LoRAs; None: without a list of its own."""
    return {**{name: value for name, value in now.items() if name != "loras"}, "loras": chosen}


def _tell(board: Storyboard, scene: SceneView, only: str | None, terminal: Terminal) -> None:
    shots = [shot for shot in board.shots(scene.id) if only in (None, shot.id)]
    of_scene: list[Lora] = scene.settings.get("loras") or []
    rows = [(f"scene {scene.number}", _words(of_scene), "")]
    for shot in shots:
        own = shot.settings.get("loras")
        if own is not None or only:
            rows.append((f"shot {shot.number}", _words(of_scene if own is None else own), _whose(own, of_scene)))
    terminal.table(("of", "LoRAs", ""), rows)
    terminal.result(
        {
            "scene": scene.number,
            "loras": of_scene,
            "shots": [{"number": shot.number, "own": shot.settings.get("loras")} for shot in shots],
        }
    )


def _whose(own: list[Lora] | None, of_scene: list[Lora]) -> str:
    if own is None:
        return "as the scene"
    return "in place of the scene's" if of_scene else ""


def _words(chosen: list[Lora]) -> str:
    """One LoRA a line, as `--set` reads it; what is missing is said."""
    return "\n".join(
        lora_word(lora) + ("" if Path(lora["path"]).is_file() else "  (not there)") for lora in chosen
    ) or "none"
