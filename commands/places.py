"""What the user's words mean: which project, which scene, which shot, which take."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from commands.failing import CommandError
from commands.terminal import Terminal
from storyboards.loras import Lora, read_lora
from storyboards.paths import DATABASE, SUFFIX
from storyboards.project import Project
from storyboards.storyboard import Storyboard
from storyboards.sweep import StartReport
from storyboards.views import SceneView, ShotView, TakeView

SHORTEST_ID = 4  # characters of an id prefix


def looks_like_project(word: str) -> bool:
    """Say whether a word of the command line names a project rather than a shot."""
    return word.rstrip("/\\").endswith(SUFFIX) or (Path(word) / DATABASE).is_file()


def take_project(args: Namespace) -> Path:
    """Return the project of the command and take its name out of `args.words`.

    It is `--project`, or the first word that names one, or else the one project of the current folder.
    """
    words: list[str] = list(getattr(args, "words", []))
    named = args.project
    if named is None and words and (looks_like_project(words[0]) or _beside(words[0])):
        named = words.pop(0)
    args.words = words
    return _the_project_here() if named is None else Path(named)


def _beside(word: str) -> bool:
    """A project may be named without its ending."""
    return Path(word + SUFFIX).is_dir()


def _the_project_here() -> Path:
    here = Path.cwd()
    if (here / DATABASE).is_file():
        return here
    found = sorted(path for path in here.glob(f"*{SUFFIX}") if path.is_dir())
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(path.name for path in found)
        raise CommandError(f"There are {len(found)} projects here: {names}.", "Say which one: --project NAME.")
    raise CommandError(
        "No project was named, and there is none in this folder.",
        "Name one (--project PATH), or make one: main.py new NAME.",
    )


@contextmanager
def open_project(args: Namespace, terminal: Terminal, *, read_only: bool = False) -> Iterator[Project]:
    """Open the project of the command and say what a crash had left in it."""
    with Project.open(take_project(args), read_only=read_only) as project:
        _tell(project.report, terminal)
        yield project


def _tell(report: StartReport, terminal: Terminal) -> None:
    if report.crashed_pid is not None:
        terminal.note("The last program that worked on this project did not close it; everything finished is there.")
    if report.adopted:
        terminal.note(f"{len(report.adopted)} finished take(s) of an interrupted job were taken in.")
    if report.missing:
        terminal.note(f"The files of {len(report.missing)} take(s) are missing: put them back, or `main.py repair`.")
    if report.backup_before_upgrade is not None:
        terminal.note(f"The project was upgraded; a copy of the old file is {report.backup_before_upgrade.name}.")


def find_scenes(storyboard: Storyboard, number: int | None) -> list[SceneView]:
    """Return the scene of this number, or all of them. Raises CommandError."""
    scenes = storyboard.scenes()
    if not scenes:
        raise CommandError("This project has no scene yet.", "Import a story: main.py import fox-at-sunset.")
    if number is None:
        return scenes
    if not 1 <= number <= len(scenes):
        raise CommandError(f"There is no scene {number}.", f"The project has {_range('scene', len(scenes))}.")
    return [scenes[number - 1]]


def find_scene(storyboard: Storyboard, number: int | None) -> SceneView:
    """Return the one scene that is meant. Raises CommandError where there are several and none was named."""
    scenes = find_scenes(storyboard, number)
    if len(scenes) > 1:
        raise CommandError(f"This project has {len(scenes)} scenes.", f"Say which one: --scene 1 to {len(scenes)}.")
    return scenes[0]


def find_shot(storyboard: Storyboard, scene: SceneView, word: str) -> ShotView:
    """Return the shot of this number (from 1) or id prefix. Raises CommandError."""
    return _shot_of(storyboard.shots(scene.id), word)


def find_shots(storyboard: Storyboard, scene: SceneView, words: Sequence[str]) -> list[ShotView]:
    """Return the shots of these numbers or id prefixes, each once and in the order of the scene."""
    shots = storyboard.shots(scene.id)
    wanted = {_shot_of(shots, word).id for word in words}
    return [shot for shot in shots if shot.id in wanted]


def _shot_of(shots: list[ShotView], word: str) -> ShotView:
    if word.isdecimal() and 1 <= int(word) <= len(shots):
        return shots[int(word) - 1]
    found = [shot for shot in shots if len(word) >= SHORTEST_ID and shot.id.startswith(word.lower())]
    if len(found) == 1:
        return found[0]
    have = f"The scene has {_range('shot', len(shots))}." if shots else "The scene has no shots yet."
    raise CommandError(f"There is no shot {word}.", f"{have} A shot is named by its number or its id.")


def find_take(storyboard: Storyboard, shot: ShotView, word: str) -> TakeView:
    """Return the take of this number of a shot. Raises CommandError."""
    takes = storyboard.takes(shot.id)
    found = [take for take in takes if word.isdecimal() and take.number == int(word)]
    found = found or [take for take in takes if len(word) >= SHORTEST_ID and take.id.startswith(word.lower())]
    if len(found) == 1:
        return found[0]
    numbers = ", ".join(str(take.number) for take in takes)
    hint = f"Its takes are {numbers}." if takes else f"It has none yet: main.py render {shot.number}."
    raise CommandError(f"Shot {shot.number} has no take {word}.", hint)


def _range(what: str, count: int) -> str:
    return f"one {what}" if count == 1 else f"{what}s 1 to {count}"


def find_file(word: str, what: str) -> Path:
    """Return the whole path of a file. Raises CommandError where there is none."""
    path = Path(word).expanduser().resolve()
    if not path.is_file():
        raise CommandError(f"There is no {what} at {word}.", "Give the path of the file.")
    return path


def find_lora(word: str) -> Lora:
    """Return the LoRA that a word names (see `read_lora`), with its whole path. Raises CommandError."""
    lora = read_lora(word)
    return {**lora, "path": str(find_file(lora["path"], "LoRA"))}
