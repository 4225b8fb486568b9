"""`bench kill`: a rendering process is killed at random moments; nothing that was finished may be lost.

Each time a process that does `main.py render` gets SIGKILL, then the project is opened as any program would open it:
the database must be sound, every take that the child had told of must be there, and every take's files must have
their hashes.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import sqlite3
import tempfile
import threading
import time
from argparse import Namespace
from dataclasses import asdict, dataclass, field
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

from commands.benching import bench_story
from commands.failing import ENGINE_FAILURE, OK, CommandError
from commands.model_folders import stored_name
from commands.terminal import Terminal
from storyboards.errors import StoryboardError
from storyboards.paths import DATABASE, TAKES, sha256
from storyboards.project import Project

ROOT = Path(__file__).resolve().parents[1]
SHOTS = 8
LIMIT = 600.0  # seconds that a child may take
EARLY = 0.15  # share of kills while the child still starts
_SAVED = re.compile(r"^shot \d+ take \d+: .*\[([0-9a-f-]{36})\]\s*$")


@dataclass(slots=True)
class Tally:
    """What the kills did. `kills_while_rendering`: the child had begun to render when it was killed."""

    times: int = 0
    kills_while_rendering: int = 0
    finished_takes: int = 0
    finished_takes_lost: int = 0
    open_failures: int = 0
    adopted: int = 0
    leftovers_removed: int = 0
    scenes: int = 0
    completed: bool = True
    problems: list[str] = field(default_factory=list)


class Child:
    """A process that does `main.py render` on a project; `told` are the takes that it said it had finished.

    Where the system can, it is forked from a server that has imported the engine already, so that it spends its short
    life on opening, rendering and writing rather than on imports.
    """

    def __init__(self, server: BaseContext, project: Path, steps: int) -> None:
        self.told: list[str] = []
        self.rendering = threading.Event()
        listen, speak = server.Pipe(duplex=False)
        words = ["render", str(project), "--steps", str(steps), "--json"]
        self._process = server.Process(target=_render, args=(words, speak), daemon=True)  # type: ignore[attr-defined]
        self._process.start()
        speak.close()
        self._reader = threading.Thread(target=self._read, args=(listen,), daemon=True)
        self._reader.start()

    def _read(self, listen: Connection) -> None:
        with listen, os.fdopen(os.dup(listen.fileno()), encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("loading "):
                    self.rendering.set()
                found = _SAVED.match(line)
                if found:
                    self.told.append(found[1])

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return bool(self._process.is_alive())

    def kill(self) -> None:
        """End it as a power cut would, and take in what it had said."""
        self._process.kill()
        self.wait()

    def wait(self) -> int:
        """Wait for its end; return its exit code."""
        self._process.join(LIMIT)
        self._reader.join()
        return int(self._process.exitcode or 0)


def _render(words: list[str], speak: Connection) -> None:
    """The child's whole life."""
    from commands.program import main

    os.dup2(speak.fileno(), 2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os._exit(main(words))


def engine_server() -> BaseContext:
    """Return the way to start children: forked from a process that has imported the engine, where that can be."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["commands.making", "engine.engine"])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *([before] if before else [])])  # its path is not ours
    try:
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
    return server


def bench_kill(args: Namespace, terminal: Terminal) -> int:
    """Kill `args.times` children; print and return what was lost, which must be nothing."""
    if args.victim != "render":
        from commands.killing_editor import bench_kill_editor

        return bench_kill_editor(args, terminal)
    tally, chance = Tally(), random.Random(args.seed)
    with tempfile.TemporaryDirectory(prefix="matchcut-") as scratch:
        run = _Run(Path(scratch), stored_name(args.model), args.steps, tally, chance)
        with terminal.bars("kills", args.times) as bars:
            while tally.times < args.times and len(tally.problems) < 10:
                run.one_kill()
                bars.whole(tally.times, f"{tally.times} of {args.times}")
        run.finish_scene()
    good = tally.completed and not (tally.finished_takes_lost or tally.open_failures or tally.problems)
    terminal.say(
        f"{tally.times} kills ({tally.kills_while_rendering} while rendering) over {tally.scenes} scene(s): "
        f"{tally.finished_takes} finished takes, {tally.finished_takes_lost} lost, "
        f"{tally.open_failures} times not opened, all scenes complete: {'yes' if tally.completed else 'NO'}"
    )
    for problem in tally.problems:
        terminal.say(problem)
    terminal.result({**asdict(tally), "holds": good})
    return OK if good else ENGINE_FAILURE


class _Run:
    def __init__(self, scratch: Path, model: str, steps: int, tally: Tally, chance: random.Random) -> None:
        self.scratch, self.model, self.steps = scratch, model, steps
        self.tally, self.chance = tally, chance
        self.server = engine_server()
        self.project: Path | None = None
        self.known: set[str] = set()
        self.start, self.render = 5.0, 2.0  # seconds that a child took to start, and to render a whole scene

    def one_kill(self) -> None:
        """Start a child, kill it at a random moment, look. A child that ended before counts for nothing."""
        project = self._scene()
        started, child = time.monotonic(), Child(self.server, project, self.steps)
        early = self.chance.random() < EARLY
        self._doze(child, self.start * self.chance.random() if early else LIMIT, until_rendering=True)
        if child.rendering.is_set():
            self.start = time.monotonic() - started
            self._doze(child, self.render * self.chance.random())
        alive, rendering = child.running, child.rendering.is_set()
        child.kill()
        if alive:
            self.tally.times += 1
            self.tally.kills_while_rendering += rendering
            if rendering and not child.told:
                self.render *= 1.2  # the moments lay too early, while the model was still being loaded
        elif rendering:
            self.render = max(0.2, self.render * 0.8)  # the moments lay too late
        elif child.wait():
            raise CommandError(
                f"The render ended with exit code {child.wait()} before it was killed.", "", ENGINE_FAILURE
            )
        self._look(child)

    def _doze(self, child: Child, seconds: float, *, until_rendering: bool = False) -> None:
        until = time.monotonic() + seconds
        while child.running and time.monotonic() < until and not (until_rendering and child.rendering.is_set()):
            time.sleep(0.002)

    def _scene(self) -> Path:
        if self.project is None:
            self.tally.scenes += 1
            path = self.scratch / f"scene-{self.tally.scenes}"
            with Project.create(path, model=self.model) as project:
                project.storyboard.import_story(bench_story(SHOTS))
                self.project = project.path
            self.known = set()
        return self.project

    def _look(self, child: Child) -> None:
        """Open the project as after any crash, and check all that must hold."""
        assert self.project is not None
        try:
            with Project.open(self.project) as project:
                self.tally.adopted += len(project.report.adopted)
                self.tally.leftovers_removed += len(project.report.removed)
                complete = self._check(project, {*self.known, *child.told})
        except StoryboardError as error:
            self.tally.open_failures += 1
            self.tally.problems.append(str(error))
            self.project = None
            return
        sound = integrity(self.project / DATABASE)
        if sound != "ok":
            self.tally.problems.append(f"the database is not sound: {sound}")
        if complete:
            self.project = None

    def _check(self, project: Project, finished: set[str]) -> bool:
        """Count lost takes; return whether every shot shows a take."""
        board = project.storyboard
        (scene,) = board.scenes()
        shots = board.shots(scene.id)
        takes = [take for shot in shots for take in board.takes(shot.id)]
        good = {take.id for take in takes if whole(take.folder, take.files)}
        lost = (finished | {take.id for take in takes}) - good
        self.tally.finished_takes_lost += len(lost)
        self.tally.finished_takes += len(good - self.known)
        self.tally.problems += [f"take {take_id} was finished and is lost" for take_id in sorted(lost)]
        strangers = {path.name for path in (project.path / TAKES).iterdir()} - {take.id for take in takes}
        self.tally.problems += [f"{name} in takes/ belongs to no take" for name in sorted(strangers)]
        self.known = good
        return all(shot.selected is not None for shot in shots)

    def finish_scene(self) -> None:
        """Let the last scene be rendered to its end, undisturbed."""
        if self.project is None:
            return
        child = Child(self.server, self.project, self.steps)
        code = child.wait()
        self._look(child)
        if code or self.project is not None:
            self.tally.completed = False
            self.tally.problems.append(f"the last scene is not complete (exit code {code})")


def whole(folder: Path, files: dict[str, Any]) -> bool:
    """Say whether a take's files are all there with the hashes that were written down."""
    return bool(files) and all(
        (folder / name).is_file() and sha256(folder / name) == digest for name, digest in files.items()
    )


def integrity(file: Path) -> str:
    """Return what SQLite finds wrong with a database; "ok" for nothing."""
    connection = sqlite3.connect(file)
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()
