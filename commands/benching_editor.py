"""`bench editor`: does the window come at once, does a long scene stay light, does a key answer while the engine works?

All without a screen, on the real window and a real document. Times are of the wall clock: other work on the machine
shows in them, so run this on a quiet one.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from functools import partial
from pathlib import Path
from typing import Any

from commands.editor_stage import SCRIPTED, Stage, p95, private_places, story
from commands.failing import ENGINE_FAILURE, OK, CommandError
from commands.terminal import Terminal
from storyboards.project import Project

ROOT = Path(__file__).resolve().parents[1]
MOST = {
    "first_paint_s": 1.0, "open_1000_ms": 300.0, "insert_ms": 30.0, "move_ms": 30.0, "input_p95_ms": 50.0,
    "cancel_ms": 100.0, "flood_input_p95_ms": 50.0, "flood_lost": 0.0, "hour_growth_mb": 64.0,
}  # fmt: skip
LEAST = {"scroll_fps": 60.0, "flood_events_s": 1000.0}
FLOOD_SHOTS, FLOOD_STEPS, FLOOD_STEP_S, FLOOD_EVENTS = 8, 16, 0.05, 100
CANCELS = 5
_PROBE = "from commands.benching_editor import paint_once; paint_once()"


def bench_editor(args: Namespace, terminal: Terminal) -> int:
    """Measure, print, and compare with what is promised."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    with tempfile.TemporaryDirectory(prefix="matchcut-") as name:
        scratch = Path(name)
        private_places(scratch)
        terminal.note("starting the editor a few times ...")
        found: dict[str, float] = {"first_paint_s": _first_paint()}
        bench = _Bench(scratch, args.shots, terminal)
        found |= bench.with_the_engine(render=not args.quick)
        if not args.quick:
            found |= bench.flooded()
            found |= _an_hour(scratch, terminal)
    missed = [name for name, bar in MOST.items() if name in found and found[name] > bar]
    missed += [name for name, bar in LEAST.items() if name in found and found[name] < bar]
    for name, value in found.items():
        limit = f"   (at most {MOST[name]:g})" if name in MOST else ""
        limit = f"   (at least {LEAST[name]:g})" if name in LEAST else limit
        terminal.say(f"{name}: {value:g}{limit}{'   MISSED' if name in missed else ''}")
    terminal.say(f"load average when it began: {load:.2f}")
    terminal.result({**found, "shots": args.shots, "load": round(load, 2), "missed": missed})
    return ENGINE_FAILURE if missed else OK


def paint_once() -> None:
    """A process's whole life: start the editor as `main.py` does, print the time of its first paint, end."""
    from PySide6.QtCore import QEvent, QObject

    from app.folders import config_folder
    from app.settings import SettingsStore
    from app.start import make_application, open_window

    class Watch(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint:
                print(time.time(), flush=True)
                os._exit(0)
            return False

    app = make_application()
    watch = Watch()
    app.installEventFilter(watch)
    window = open_window(SettingsStore(config_folder()))
    app.exec()
    del window


def _first_paint() -> float:
    """Return the seconds from starting a process to its window's first paint: the median of five warm starts."""
    times = []
    for _ in range(6):
        began = time.time()
        done = _child("-c", _PROBE)
        times.append(float(done.split()[-1]) - began)
    return round(statistics.median(times[1:]), 3)


def _child(*words: str) -> str:
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout.strip():
        raise CommandError("The editor did not come up.", done.stderr.strip()[-400:], ENGINE_FAILURE)
    return done.stdout


def _an_hour(scratch: Path, terminal: Terminal) -> dict[str, float]:
    """Work for an hour, as fast as it goes, in a process of its own that starts small."""
    terminal.note("working for an hour, as fast as it goes ...")
    found: dict[str, Any] = json.loads(_child("-m", "commands.benching_hour", str(scratch)).splitlines()[-1])
    return found


class _Bench:
    """A project with a short and a long scene."""

    def __init__(self, folder: Path, shots: int, terminal: Terminal) -> None:
        self.folder, self.count, self.terminal = folder, shots, terminal
        with Project.create(folder / "bench") as project:
            self.path, board = project.path, project.storyboard
            self.short = board.import_story(story("Short", FLOOD_SHOTS)).new_id("scene")
            self.long = board.import_story(story("Long", shots)).new_id("scene")

    def with_the_engine(self, *, render: bool) -> dict[str, float]:
        """Use the long scene; then press keys while the real engine renders the short one, and cancel."""
        stage = Stage(self.path)
        try:
            found = self._long_scene(stage)
            if render:
                found |= self._while_rendering(stage)
        finally:
            stage.close()
        return found

    def _long_scene(self, stage: Stage) -> dict[str, float]:
        here, model = stage.here, stage.here.shots
        opening = []
        for _ in range(3):
            stage.show_scene(self.short, FLOOD_SHOTS)
            act = partial(here.document.show_scene, self.long)
            opening.append(stage.timed(act, lambda: model.rowCount() == self.count))
        found = {"open_1000_ms": round(statistics.median(opening), 1), "scroll_fps": _scroll(stage)}
        inserting, moving = [], []
        for _ in range(9):
            rows = model.rowCount()
            here.board.select_shot(model.shots()[rows // 2].id)
            stage.rest()
            inserting.append(stage.timed(here.verbs.new_shot, partial(_has_rows, model, rows + 1)))
            stage.rest()
            first = model.shots()[0].id
            act = partial(here.verbs.move_to, [first], 4)
            moving.append(stage.timed(act, partial(_stands_in, model, first, 3)))
            stage.rest()
        found["insert_ms"] = round(statistics.median(inserting), 1)
        found["move_ms"] = round(statistics.median(moving), 1)
        return found

    def _while_rendering(self, stage: Stage) -> dict[str, float]:
        """Hold an arrow key while the engine renders, and see how long each press takes to the screen."""
        here = stage.here
        self.terminal.note("pressing keys while the engine renders ...")
        stage.show_scene(self.short, FLOOD_SHOTS)
        here.board.select_shot(here.shots.shots()[0].id)
        steps: list[object] = []
        here.runner.step.connect(lambda *found: steps.append(found))
        here.verbs.generate_scene()
        stage.until(lambda: bool(steps), 300.0)
        before = len(steps)
        times = stage.hold_key(10.0)
        if len(steps) == before:
            raise CommandError("The engine did not go on meanwhile.", "Look at the log.", ENGINE_FAILURE)
        return {
            "input_p95_ms": p95(times), "input_max_ms": round(times[-1], 1), "keys": len(times),
            "cancel_ms": _cancel(stage),
        }  # fmt: skip

    def flooded(self) -> dict[str, float]:
        """Press keys while an engine says more than a thousand things a second; count what got through."""
        self.terminal.note("pressing keys in a flood of events ...")
        words = ("--steps", FLOOD_STEPS, "--step-s", FLOOD_STEP_S, "--events", FLOOD_EVENTS)
        stage = Stage(self._fresh("flood"), (*SCRIPTED, *map(str, words)))
        try:
            return _flood(stage)
        finally:
            stage.close()

    def _fresh(self, name: str) -> Path:
        with Project.create(self.folder / name) as project:
            project.storyboard.import_story(story("Flood", FLOOD_SHOTS))
            return project.path


def _scroll(stage: Stage) -> float:
    bar, frames = stage.view.verticalScrollBar(), 240
    began = time.perf_counter()
    for frame in range(frames):
        bar.setValue(round(bar.maximum() * frame / frames))
        stage.view.viewport().repaint()
    return round(frames / (time.perf_counter() - began), 1)


def _cancel(stage: Stage) -> float:
    """Cancel jobs that are being denoised; return the milliseconds until the card says so, the longest of a few."""
    here, times = stage.here, []
    here.board.select_all()
    here.verbs.regenerate_new_seed()
    for number in range(CANCELS):
        stage.until(lambda: _denoised(stage) is not None, 300.0)
        stage.rest(0.1 + 0.07 * number)  # at another moment of a step each time
        job = _denoised(stage)
        if job is not None:
            row = here.shots.row_of(job.shot_id)
            act = partial(here.verbs.cancel, job.id)
            times.append(stage.timed(act, partial(_looks_cancelled, stage, row)))
        stage.until(lambda job=job: _denoised(stage) != job, 300.0)  # type: ignore[misc]
    return round(max(times, default=float("inf")), 1)


def _denoised(stage: Stage) -> Any:
    """Return the job whose shot shows a step, None while there is none."""
    here = stage.here
    for job in here.document.jobs:
        progress = here.shots.index(here.shots.row_of(job.shot_id)).data(here.shots.ProgressRole)
        if job.state == "running" and progress is not None and progress.step and progress.job_id == job.id:
            return job
    return None


def _looks_cancelled(stage: Stage, row: int) -> bool:
    return bool(stage.view.state_of(row).kind != "rendering")


def _flood(stage: Stage) -> dict[str, float]:
    here = stage.here
    saved: list[object] = []
    ends: list[float] = []
    stage.until(lambda: here.runner.state == "ready", 60.0)
    here.runner.take_saved.connect(lambda *found: saved.append(found))
    here.board.select_shot(here.shots.shots()[0].id)
    began = time.monotonic()
    here.verbs.generate_scene()

    def over() -> bool:
        jobs = here.document.jobs
        if jobs and all(job.state not in ("queued", "running") for job in jobs) and not ends:
            ends.append(time.monotonic())
        return bool(ends)

    times = stage.hold_key(3.0, until=over)
    told = FLOOD_SHOTS * FLOOD_STEPS * FLOOD_EVENTS
    done = sum(job.state == "done" for job in here.document.jobs)
    takes = sum(shot.take_count for shot in here.shots.shots())
    return {
        "flood_events_s": round(told / (ends[0] - began)),
        "flood_input_p95_ms": p95(times),
        "flood_input_max_ms": round(times[-1], 1),
        "flood_lost": (FLOOD_SHOTS - done) + (FLOOD_SHOTS - takes) + (FLOOD_SHOTS - len(saved)),
    }


def _has_rows(model: Any, rows: int) -> bool:
    return int(model.rowCount()) == rows


def _stands_in(model: Any, shot_id: str, row: int) -> bool:
    return int(model.row_of(shot_id)) == row
