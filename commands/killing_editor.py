"""`bench kill --what editor|worker`: SIGKILL at random moments, while a user edits and the engine renders.

The editor is the real one, in a process of its own, with its worker behind it (`commands.killing_user`). A killed
editor is looked at as its user would: the project is opened at once. A killed worker leaves an editor that must go on.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from commands.benching import bench_story
from commands.failing import ENGINE_FAILURE, OK
from commands.killing import integrity, whole
from commands.killing_user import ACTIVE, FIELDS
from commands.model_folders import stored_name
from commands.terminal import Terminal
from storyboards.errors import StoryboardError
from storyboards.paths import DATABASE, TAKES
from storyboards.project import Project
from storyboards.tables import Shot, Take

ROOT = Path(__file__).resolve().parents[1]
SHOTS, FRAMES = 6, 5
EARLY = 0.25  # share of kills while the engine still starts
WINDOW = 2.0  # seconds after the first sign of rendering in which the other kills lie
PATIENCE = 300.0  # seconds for anything to come, on a very busy machine
GONE = 30.0  # seconds that a worker may take to end after its editor has
MOST_PROBLEMS = 5
_MARK = "MATCHCUT_BENCH_KILL"  # in the environment of every process of a run: none may outlive it


@dataclass(slots=True)
class Tally:
    """What the kills did and what they found."""

    victim: str
    times: int = 0
    kills_while_rendering: int = 0
    kills_while_starting: int = 0
    edits: int = 0
    edits_lost: int = 0
    finished_takes: int = 0
    finished_takes_lost: int = 0
    open_failures: int = 0
    jobs_interrupted: int = 0
    jobs_stuck: int = 0
    processes_left: int = 0
    restarts: int = 0
    gave_up: int = 0
    adopted: int = 0
    leftovers_removed: int = 0
    completed: bool = False
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether all is as it must be."""
        lost = self.edits_lost or self.finished_takes_lost or self.open_failures
        return self.completed and not (lost or self.jobs_stuck or self.processes_left or self.problems)


class Editor:
    """The editor's process and what it has said. `rows`: a shot's fields as last acknowledged, by shot."""

    def __init__(self, project: Path, seed: int, steps: int, scratch: Path, mark: str) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.at_stake = False  # an act has begun that is not acknowledged yet
        self.saved: set[str] = set()
        self.engines: set[int] = set()
        self.engine = self.ready = 0
        self.rendering = False
        self.edits = self.gave_up = 0
        self.interrupted: list[str] = []
        self.jobs: dict[str, str] = {}
        places = {f"XDG_{name}_HOME": str(scratch / name.lower()) for name in ("CONFIG", "DATA", "STATE")}
        self._log = (scratch / "editor.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "commands.killing_user", str(project), str(seed), str(steps)],
            cwd=ROOT, env={**os.environ, **places, "QT_QPA_PLATFORM": "offscreen", _MARK: mark},
            start_new_session=True,  # Ctrl-C is for the one who kills
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.endswith(b"\n"):
                self._take(json.loads(line))

    def _take(self, news: dict[str, Any]) -> None:
        match news:
            case {"trying": _}:
                self.at_stake = True
            case {"done": _}:
                self.at_stake = False
            case {"rows": rows}:
                self.edits += 1
                for shot, values in rows.items():
                    self.rows.setdefault(shot, {}).update(values)
            case {"saved": take}:
                self.saved.add(take)
            case {"interrupted": job}:
                self.interrupted.append(job)
            case {"jobs": jobs}:
                self.jobs = jobs
            case {"rendering": _}:
                self.rendering = True
            case {"ready": pid}:
                self.ready = pid
            case {"engine": pid}:
                self.engine, self.rendering = pid, False
                self.engines |= {pid} - {0}
            case {"gave_up": _}:
                self.gave_up += 1

    @property
    def alive(self) -> bool:
        """Whether the process has not ended."""
        return self.process.poll() is None

    def until(self, there: Callable[[], bool], seconds: float = PATIENCE) -> bool:
        """Wait for something; False when the time is over or the editor has ended."""
        end = time.monotonic() + seconds
        while not there():
            if time.monotonic() > end or not self.alive:
                return there()
            time.sleep(0.002)
        return True

    def kill(self) -> None:
        """End it as a power cut would, and take in what it had said."""
        self.process.kill()
        self.wait()

    def leave(self) -> None:
        """Ask it to let the queue run dry and to close its window."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def wait(self) -> int:
        """Wait for its end and let go of it; return the exit code."""
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout, self._log):
            if stream is not None:
                stream.close()
        return code


def bench_kill_editor(args: Namespace, terminal: Terminal) -> int:
    """Kill `args.times` editors, or the worker of one editor so often; print and return what was lost."""
    tally, began = Tally(args.victim), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="matchcut-") as scratch:
        run = _Run(Path(scratch), stored_name(args.model), args, tally)
        try:
            _kill_again_and_again(run, args, terminal)
            run.finish()
        finally:
            run.end()
    tally.seconds = round(time.monotonic() - began, 1)
    terminal.say(
        f"{tally.times} kills of the {tally.victim} ({tally.kills_while_rendering} while rendering): "
        f"{tally.edits} edits, {tally.edits_lost} lost; {tally.finished_takes} finished takes, "
        f"{tally.finished_takes_lost} lost; {tally.jobs_stuck} jobs stuck, {tally.processes_left} processes left, "
        f"{tally.open_failures} times not opened, queue run dry: {'yes' if tally.completed else 'NO'}"
    )
    for problem in tally.problems:
        terminal.say(problem)
    terminal.result({**asdict(tally), "holds": tally.holds})
    return OK if tally.holds else ENGINE_FAILURE


def _kill_again_and_again(run: _Run, args: Namespace, terminal: Terminal) -> None:
    """Kill as often as was asked for, or until Ctrl-C, or until too much has gone wrong."""
    tally = run.tally
    try:
        with terminal.bars("kills", args.times) as bars:
            while tally.times < args.times and len(tally.problems) < MOST_PROBLEMS:
                run.kill_editor() if args.victim == "editor" else run.kill_worker()
                bars.whole(tally.times, f"{tally.times} of {args.times}")
    except KeyboardInterrupt:
        terminal.note(f"stopped after {tally.times} kills; the last editor works off its queue ...")


class _Run:
    def __init__(self, scratch: Path, model: str, args: Namespace, tally: Tally) -> None:
        self.scratch, self.steps, self.tally = scratch, args.steps, tally
        self.chance = random.Random(args.seed)
        self.mark = str(uuid.uuid4())
        self.start = 4.0  # seconds from a start to the first sign of rendering, as last seen
        self.known: set[str] = set()  # takes that were found whole
        self.rows: dict[str, dict[str, Any]] = {}  # the shots as they were found
        self.victim: Editor | None = None  # the editor that is to be killed
        self.editor: Editor | None = None  # the editor whose workers are killed
        with Project.create(scratch / "killed", model=model) as project:
            project.storyboard.import_story(bench_story(SHOTS, FRAMES))
            self.project = project.path

    def end(self) -> None:
        """Leave no process behind, whatever has happened."""
        for pid in _marked(self.mark):
            _kill(pid)

    def kill_editor(self) -> None:
        """Start an editor, kill it at a random moment, look."""
        editor = self.victim = self._new_editor()
        early = self._wait_for_moment(editor)
        if not editor.alive:
            self.tally.problems.append(f"the editor ended by itself (exit code {editor.wait()})")
            return
        rendering = editor.rendering
        editor.kill()
        self._count(early, rendering)
        self._look(editor, as_writer=True)
        self._expect_gone(editor.engines, "a worker outlives its editor")
        self.tally.jobs_interrupted += len(editor.interrupted)

    def kill_worker(self) -> None:
        """Kill the worker of the running editor at a random moment; the editor must go on with another one."""
        editor = self.editor = self.editor if self.editor is not None else self._new_editor()
        early = self._wait_for_moment(editor)
        victim, saved, told = editor.engine, len(editor.saved), len(editor.interrupted)
        ran = [job for job, state in editor.jobs.items() if state == "running"]
        if not victim or not _kill(victim):
            return  # between two lives
        self._count(early, editor.rendering)
        self._expect_gone({victim}, "the killed worker stays in the process table")
        if not editor.until(lambda: editor.engine not in (0, victim)):
            code = editor.process.poll()
            ended = f"the editor ended (exit code {code})" if code is not None else "no new worker came"
            self.tally.problems.append(f"after kill {self.tally.times} {ended}")
            return
        self.tally.restarts += 1
        # What ran is offered again, unless its last take came to its end right before the kill.
        settled = editor.until(
            lambda: len(editor.interrupted) > told or len(editor.saved) > saved
            or all(editor.jobs.get(job) != "running" for job in ran)
        )  # fmt: skip
        self.tally.jobs_stuck += 0 if settled else 1
        self._look(editor, as_writer=False)

    def _new_editor(self) -> Editor:
        return Editor(self.project, self.chance.randrange(1 << 30), self.steps, self.scratch, self.mark)

    def _wait_for_moment(self, editor: Editor) -> bool:
        """Wait for a random moment; return whether it was to lie before rendering."""
        began = time.monotonic()
        if self.chance.random() < EARLY:
            editor.until(lambda: editor.rendering, self.start * self.chance.random())
            return True
        if not editor.until(lambda: editor.rendering) and editor.alive:
            self.tally.problems.append(f"nothing was rendered for {PATIENCE:.0f} s: {editor.jobs}")
        self.start = max(1.0, time.monotonic() - began)
        moment = time.monotonic() + WINDOW * self.chance.random()
        editor.until(lambda: time.monotonic() > moment)
        return False

    def _count(self, early: bool, rendering: bool) -> None:
        self.tally.times += 1
        self.tally.kills_while_rendering += rendering
        self.tally.kills_while_starting += early and not rendering

    def _look(self, editor: Editor, *, as_writer: bool) -> None:
        """Open the project, as after any crash or beside the editor that goes on, and check all that must hold."""
        told = set(editor.saved)
        try:
            with Project.open(self.project, read_only=not as_writer) as project:
                if as_writer:
                    self.tally.adopted += len(project.report.adopted)
                    self.tally.leftovers_removed += len(project.report.removed)
                    self._check_jobs(project)
                    self._check_rows(project, editor, editor.at_stake)
                self._check_takes(project, told)
        except StoryboardError as error:
            self.tally.open_failures += 1
            self.tally.problems.append(f"after kill {self.tally.times}: {error}")
        sound = integrity(self.project / DATABASE)
        if sound != "ok":
            self.tally.problems.append(f"after kill {self.tally.times} the database is not sound: {sound}")

    def _check_takes(self, project: Project, told: set[str]) -> None:
        with project.storyboard.reading() as session:
            takes = {take.id: take for take in session.scalars(select(Take).where(Take.deleted_at.is_(None)))}
        good = {take.id for take in takes.values() if whole(project.path / take.folder, take.files)}
        lost = (self.known | told | takes.keys()) - good
        self.tally.finished_takes_lost += len(lost)
        self.tally.finished_takes += len(good - self.known)
        self.tally.problems += [f"take {take_id} was finished and is lost" for take_id in sorted(lost)]
        self.known |= good

    def _check_rows(self, project: Project, editor: Editor, at_stake: bool) -> None:
        """Compare the shots with what was acknowledged. The one act under way may have got through or not."""
        with project.storyboard.reading() as session:
            found = {shot.id: {name: getattr(shot, name) for name in FIELDS} for shot in session.scalars(select(Shot))}
        for shot_id, values in editor.rows.items():
            self.rows.setdefault(shot_id, {}).update(values)
        lost = [key for key, row in self.rows.items() if {**found.get(key, {}), **row} != found.get(key)]
        if len(lost) > at_stake:
            self.tally.edits_lost += len(lost)
            told = "; ".join(f"{key}: told {self.rows[key]}, found {found.get(key)}" for key in lost)
            self.tally.problems.append(f"after kill {self.tally.times} edits are lost: {told}")
        self.tally.edits += editor.edits
        self.rows = found

    def _check_jobs(self, project: Project) -> None:
        states = [job.state for job in project.storyboard.jobs()]
        self.tally.jobs_stuck += states.count("running") + states.count("cancelling")

    def _expect_gone(self, pids: set[int], problem: str) -> None:
        """Wait for processes to leave the process table; zombies count as still there."""
        end = time.monotonic() + GONE
        while left := [pid for pid in pids if _exists(pid)]:
            if time.monotonic() > end:
                self.tally.processes_left += len(left)
                self.tally.problems.append(f"after kill {self.tally.times} {problem}: {left}")
                return
            time.sleep(0.01)

    def finish(self) -> None:
        """Let an editor work off the queue and close; then nothing may be left to do, on the disk or running."""
        if self.victim is not None and self.victim.alive:  # Ctrl-C came before its moment
            self.victim.kill()
            self._look(self.victim, as_writer=True)
        editor = self.editor or self._new_editor()
        editor.until(lambda: bool(editor.rows) and editor.ready == editor.engine != 0)
        editor.leave()
        code = editor.wait()
        self.tally.jobs_interrupted += len(editor.interrupted)
        self.tally.gave_up += editor.gave_up
        self._look(editor, as_writer=True)
        with Project.open(self.project) as project, project.storyboard.reading() as session:
            unfinished = [job for job in project.storyboard.jobs() if job.state in (*ACTIVE, "interrupted")]
            strangers = {path.name for path in (project.path / TAKES).iterdir()} - set(session.scalars(select(Take.id)))
        self.tally.jobs_stuck += len(unfinished)
        self.tally.problems += [f"{name} in takes/ belongs to no take" for name in sorted(strangers)]
        self._expect_gone(editor.engines, "a worker outlives its editor")
        self._expect_gone(_marked(self.mark), "a process outlives the run")
        self.tally.completed = code == 0 and not unfinished
        if code:
            self.tally.problems.append(f"the last editor ended with exit code {code}: {self._last_words()}")

    def _last_words(self) -> str:
        return (self.scratch / "editor.log").read_text(errors="replace")[-600:]


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _marked(mark: str) -> set[int]:
    """Return the processes that carry this run's mark in their environment, where the system shows that."""
    found = set()
    for place in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"{_MARK}={mark}".encode() in place.read_bytes():
                found.add(int(place.parent.name))
        except OSError:
            continue  # it has ended meanwhile, or is somebody else's
    return found
