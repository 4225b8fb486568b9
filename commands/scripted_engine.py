"""An engine for benches: the worker's protocol and real takes on disk, but drawn in milliseconds instead of denoised.

`python -m commands.scripted_engine --steps 8 --step-s 0.02 --events 1`. With it the editor is measured, not the model:
how it stands a flood of events, what it keeps in memory over an hour.
"""

from __future__ import annotations

import argparse
import os
import queue
import sys
import threading
import time
from pathlib import Path
from typing import IO

import numpy as np

from commands.scripted_plans import answer_plan
from engine.contract import (
    CONTRACT_VERSION,
    CacheReport,
    Cancel,
    Cancelled,
    ContextRecord,
    Event,
    Finished,
    GenerateRequest,
    Hello,
    Phase,
    PlanRequest,
    Record,
    Saved,
    ShotTask,
    Starting,
    Step,
    TakeResult,
    TakeTask,
    decode,
    encode,
)
from engine.film.posters import preview_jpeg
from engine.film.take_files import write_take
from engine.pulse import Pulse

SIZE = (112, 64)
FPS = 8.0
_FILES = ("latents.safetensors", "video.mp4", "poster.png", "filmstrip.jpg", "manifest.json")


class ScriptedEngine:
    """One request after the other; `events` of them for each step, one in ten of a kind that may not be left out."""

    def __init__(self, steps: int, step_s: float, events: int, out: IO[str]) -> None:
        self._steps, self._step_s, self._events, self._out = steps, step_s, events, out
        self._lock = threading.Lock()
        self._work: queue.SimpleQueue[GenerateRequest | None] = queue.SimpleQueue()
        self._cancelled: set[str] = set()
        self._pulse = Pulse()

    def run(self) -> None:
        """Work until the input ends."""
        self._say(Starting(os.getpid()))
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._pulse.beat, args=(self._say, threading.Event()), daemon=True).start()
        self._say(Hello(CONTRACT_VERSION, "scripted", os.getpid(), "none", 1 << 30))
        while (request := self._work.get()) is not None:
            self._pulse.begin()
            self._carry_out(request)
            self._pulse.rest()

    def _say(self, *records: Record) -> None:
        with self._lock:
            self._out.write("".join(encode(record) + "\n" for record in records))
            self._out.flush()

    def _read(self) -> None:
        for line in sys.stdin:
            match decode(line):
                case Cancel(request_id=request_id):
                    self._cancelled.add(request_id)
                case PlanRequest() as asked:
                    self._plan(asked)
                case GenerateRequest() as request:
                    self._work.put(request)
                case _:
                    pass  # films are not made here
        self._work.put(None)

    def _plan(self, asked: PlanRequest) -> None:
        for event in answer_plan(asked):
            self._say(event)

    def _carry_out(self, request: GenerateRequest) -> None:
        self._say(Phase(request.id, "loading the scripted model"))
        for shot in request.shots:
            for task in shot.takes:
                film = _draw(shot, task.take_number)
                if not self._denoise(request, shot, task, film):
                    self._say(Cancelled(request.id))
                    return
                self._say(Saved(request.id, _save(request, shot, task, film)))
        self._say(Finished(request.id, 0.1))

    def _denoise(self, request: GenerateRequest, shot: ShotTask, task: TakeTask, film: np.ndarray) -> bool:
        preview = Path(task.folder).with_name(f"{task.take_id}.preview.jpg")
        due = time.monotonic()
        for step in range(1, self._steps + 1):
            preview_jpeg(film[step % len(film)], preview)
            left = (self._steps - step) * self._step_s
            told = Step(request.id, shot.shot_id, task.take_id, step, self._steps, left, str(preview))
            others: list[Event] = [CacheReport(request.id, shot.shot_id, step, 0, 0, 0, 0.0)] * (self._events // 10)
            self._say(*others, *[told] * max(1, self._events - len(others)))
            due += self._step_s
            time.sleep(max(0.0, due - time.monotonic()))
            if request.id in self._cancelled:
                preview.unlink(missing_ok=True)
                return False
        preview.unlink(missing_ok=True)
        return True


def _draw(shot: ShotTask, number: int) -> np.ndarray:
    """A light that wanders over a coloured ground: `(T, H, W, 3)` uint8, another one for each take."""
    width, height = SIZE
    chance = np.random.default_rng([number, shot.order])
    ground, light = chance.integers(0, 160, 3), chance.integers(160, 255, 3)
    frames = np.empty((shot.frames, height, width, 3), np.uint8)
    frames[:] = ground
    for place in range(shot.frames):
        left = (place * 5 + number * 13) % (width - 16)
        frames[place, 20:40, left : left + 16] = light
    return frames


def _save(request: GenerateRequest, shot: ShotTask, task: TakeTask, film: np.ndarray) -> TakeResult:
    context = tuple(
        ContextRecord(c.id, c.role, c.shot_id, c.latents_hash, 0.1, "before", "key")
        for c in request.candidates
        if c.latents_hash and c.order < shot.order
    )
    latents = {"latents": np.full((1, 4), task.take_number, np.float32)}
    files = write_take(Path(task.folder), film, FPS, latents, {"shot": shot.name, "take": task.take_id})
    latents_file, video, poster, filmstrip, manifest = (f"{task.folder}/{name}" for name in _FILES)
    return TakeResult(
        task.take_id, shot.shot_id, task.take_number, task.folder, latents_file, video, poster, filmstrip, manifest,
        files[_FILES[0]], files, shot.frames, FPS, SIZE, shot.seed or task.take_number, shot.text,
        {"steps": request.settings.steps or 1}, "scripted", "bench", context, 0.1,
    )  # fmt: skip


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="python -m commands.scripted_engine", description=__doc__)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--step-s", type=float, default=0.02, help="seconds a step takes")
    parser.add_argument("--events", type=int, default=1, help="events told for each step")
    given = parser.parse_args()
    ScriptedEngine(given.steps, given.step_s, given.events, sys.stdout).run()


if __name__ == "__main__":
    main()
