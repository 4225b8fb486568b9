"""`export`: the takes that the scene shows as one film, GIF or pictures; or the story as text."""

from __future__ import annotations

import os
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commands.failing import CANCELLED, ENGINE_FAILURE, OK, USER_ERROR, USERS, CommandError
from commands.interrupt import Interrupt
from commands.places import find_scene, find_scenes, find_shots, open_project
from commands.terminal import Terminal
from engine.contract import (
    Cancelled,
    Exported,
    ExportOptions,
    ExportProgress,
    ExportRequest,
    Failed,
)
from storyboards import films
from storyboards.films import Format, film_target
from storyboards.project import Project
from storyboards.story_text import SUFFIX, write_story


def export(args: Namespace, terminal: Terminal) -> int:
    """`export`: a film by default, the story's text with `--story`."""
    with open_project(args, terminal, read_only=True) as project:
        if args.story is not None:
            return _export_story(args, project, terminal)
        request = film_request(args, project, terminal)
        film = run_export(request, terminal)
        terminal.result({"project": str(project.path.resolve()), **film.facts()})
        return film.exit_code


def _export_story(args: Namespace, project: Project, terminal: Terminal) -> int:
    scene = find_scene(project.storyboard, args.scene)
    out = Path(args.story)
    text = write_story(project.storyboard.export_story(scene.id))
    if args.story == "-":
        terminal.say(text.rstrip("\n"))
    else:
        out = out if out.suffix else out.with_name(out.name + SUFFIX)
        temporary = out.with_name(f".{out.name}.tmp-{os.getpid()}")
        try:
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(out)
        finally:
            temporary.unlink(missing_ok=True)
        terminal.say(f"wrote {out}")
    terminal.result({"project": str(project.path.resolve()), "scene": scene.number, "story": str(out), "text": text})
    return OK


@dataclass(frozen=True, slots=True)
class Film:
    """How an export ended: `done`, or why not."""

    done: Exported | None
    failed: Failed | None = None

    @property
    def exit_code(self) -> int:
        """How the command ends."""
        if self.done is not None:
            return OK
        if self.failed is None:
            return CANCELLED
        return USER_ERROR if self.failed.code in USERS else ENGINE_FAILURE

    def facts(self) -> dict[str, Any]:
        """Plain values for scripts."""
        if self.done is None:
            return {"cancelled": self.failed is None}
        names = ("path", "sidecar", "frames", "fps", "reencoded")
        return {**{name: getattr(self.done, name) for name in names}, "cancelled": False}


def run_export(request: ExportRequest, terminal: Terminal) -> Film:
    """Have the engine make the film. Raises CommandError when it fails."""
    done: Exported | None = None
    failed: Failed | None = None
    with Interrupt() as interrupt, terminal.bars("exporting", 1.0) as bars:
        from engine.film.maker import FilmMaker  # here: a story is written without PyAV

        maker = FilmMaker()  # the engine itself would load torch, which no film needs
        interrupt.on_ask(maker.cancel)
        for event in maker.run(request):
            match event:
                case ExportProgress(done=share, text=text):
                    bars.whole(share, text)
                case Exported():
                    done = event
                case Failed():
                    failed = event
                case Cancelled():
                    terminal.note("Stopped; nothing was written.")
                case _:
                    pass
            if interrupt.asked and done is None:
                maker.cancel()
    if failed is not None:
        raise CommandError(failed.message, failed.hint, USER_ERROR if failed.code in USERS else ENGINE_FAILURE)
    if done is not None:
        how = "encoded anew" if done.reencoded else "joined without encoding"
        terminal.say(f"{done.path}: {done.frames} frames, {done.frames / done.fps:.1f} s, {how}")
    return Film(done, failed)


def film_request(args: Namespace, project: Project, terminal: Terminal) -> ExportRequest:
    """Return the request for the chosen shots, or for all that show a take. Raises StoryboardError if none does."""
    board = project.storyboard
    scenes = [find_scene(board, args.scene)] if args.words else find_scenes(board, args.scene)
    shots = [
        (scene, shot)
        for scene in scenes
        for shot in (find_shots(board, scene, args.words) if args.words else board.shots(scene.id))
    ]
    without = [str(shot.number) for _, shot in shots if shot.selected is None]
    if len(without) == len(shots):
        raise CommandError("No shot shows a take yet.", "Render the scene first: main.py render.")
    if without:
        terminal.note(f"left out, because they show no take: shot {', '.join(without)}")
    default = project.path.resolve().with_suffix("." + (args.format or "mp4")).name
    out, kind = film_target(project.path, Path(args.out or default), args.format)
    return films.film_request(board, shots, out, _options(args, kind))


def _options(args: Namespace, kind: Format) -> ExportOptions:
    width, height = args.size or (None, None)
    audio = str(Path(args.audio).resolve()) if args.audio else None
    return ExportOptions(kind, width, height, args.fps, args.titles, args.crossfade, audio)
