"""An hour of work in the editor, as fast as it goes: does it keep what it should let go of?

`python -m commands.benching_hour SCRATCH` opens the real window on a project of two scenes, with an engine that draws
real takes in milliseconds (`commands.scripted_engine`), and goes through six rounds of what a user does in ten minutes:
writing, inserting, deleting, moving, undo and redo, choosing shots, 20 renders, picking takes, playing, scrolling,
switching scenes and density, comparing. It prints the process's memory as one JSON object. The first round fills the
caches that are meant to be filled (posters, decoded frames), so growth is counted from its end on. Another number of
rounds may follow SCRATCH; after each one, what is held and what the bounded caches have of it goes to stderr.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from commands.editor_stage import SCRIPTED, Stage, private_places, story
from storyboards.project import Project
from storyboards.tables import ACTIVE_STATES

ROUNDS, SHOTS = 6, 24
EDITS, RENDERS = 100, 20  # in each round
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_STEADY = 3  # rounds at the end that the growth for each hundred actions is taken from


class Hour:
    """A user with a list of habits."""

    def __init__(self, stage: Stage, scenes: list[str]) -> None:
        self._stage, self._here, self._scenes = stage, stage.here, scenes
        self.actions = 0
        self._count = 0

    def ten_minutes(self) -> None:
        """One round of everything."""
        for number in range(EDITS):
            self._did(self._edits()[number % len(self._edits())])
        for part in range(4):
            self._render(RENDERS // 4)
            self._did(self._play)
            self._did(self._scroll)
            self._did(self._switch_scene)
            self._did(self._compare)
            self._did(lambda part=part: self._here.board.set_density("list" if part % 2 == 0 else "grid"))  # type: ignore[misc]
        self._did(self._here.verbs.clear_finished_jobs)

    def caches(self) -> str:
        """What the caches that have a budget hold."""
        here = self._here
        held = {"pictures": here.pictures.held, "frames": here.player.reader.cached_bytes,
                "compared": here.compare_view.reader.cached_bytes}  # fmt: skip
        return ", ".join(f"{name} {size / 2**20:.1f} MB" for name, size in held.items())

    def _did(self, act: Callable[[], object]) -> None:
        act()
        self._stage.process()
        self._here.document.flush()
        self._stage.process()
        self.actions += 1

    def _shot(self) -> str:
        self._count += 1
        shots = self._here.shots.shots()
        return shots[self._count * 7 % len(shots)].id

    def _edits(self) -> tuple[Callable[[], object], ...]:
        verbs, document = self._here.verbs, self._here.document
        return (
            lambda: self._here.choose(self._shot()),
            lambda: verbs.edit_prompt(self._shot(), f"The frog does number {self._count}."),
            lambda: verbs.edit_notes(self._shot(), f"Louder, {self._count}."),
            verbs.new_shot,
            lambda: verbs.move_to([self._shot()], 3),
            verbs.delete,
            document.undo,
            document.redo,
            lambda: verbs.set_frames(self._shot(), 9 + 4 * (self._count % 3)),
            verbs.next_take,
        )

    def _render(self, count: int) -> None:
        for _ in range(count):
            self._here.choose(self._shot())
            self._did(self._here.verbs.regenerate_new_seed)
        self._stage.until(lambda: not self._busy(), 300.0)

    def _busy(self) -> bool:
        return any(job.state in ACTIVE_STATES for job in self._here.document.jobs)

    def _play(self) -> None:
        self._here.play_scene()
        end = time.monotonic() + 0.5
        self._stage.until(lambda: time.monotonic() > end)
        self._here.player.transport.pause()

    def _scroll(self) -> None:
        bar = self._stage.view.verticalScrollBar()
        for place in (*range(11), *range(10, -1, -1)):
            bar.setValue(round(bar.maximum() * place / 10))
            self._stage.view.viewport().repaint()

    def _switch_scene(self) -> None:
        document, now = self._here.document, self._here.document.scene_id
        for scene in (next(one for one in self._scenes if one != now), now):
            document.show_scene(scene)
            self._stage.until(lambda scene=scene: document.snapshot is not None and document.snapshot.scene.id == scene)  # type: ignore[misc]

    def _compare(self) -> None:
        self._here.choose(self._shot())
        self._here.document.flush()
        self._here.compare()
        self._stage.process()
        self._here.compare_view.close_view()
        self._here.centre_wanted.emit(self._here.board)


def memory_mb() -> float:
    """Return what the process holds, its rubbish taken out."""
    gc.collect()
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE / 2**20
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(scratch: Path, rounds: int = ROUNDS) -> dict[str, float]:
    """Work for an hour, or for as many rounds; return what it took."""
    private_places(scratch)
    with Project.create(scratch / "hour") as project:
        scenes = [project.storyboard.import_story(story(name, SHOTS)).new_id("scene") for name in ("One", "Two")]
    stage = Stage(project.path, (*SCRIPTED, "--steps", "4", "--step-s", "0.01"))
    began, marks = time.monotonic(), [memory_mb()]
    try:
        hour = Hour(stage, scenes)
        for _ in range(rounds):
            hour.ten_minutes()
            marks.append(memory_mb())
            print(f"round {len(marks) - 1}: {marks[-1]:.1f} MB, {hour.caches()}", file=sys.stderr, flush=True)
    finally:
        stage.close()
    each = hour.actions / rounds
    return {
        "hour_actions": hour.actions,
        "hour_seconds": round(time.monotonic() - began, 1),
        "hour_start_mb": round(marks[0], 1),
        "hour_end_mb": round(marks[-1], 1),
        "hour_growth_mb": round(marks[-1] - marks[1], 1),
        "hour_mb_per_100_actions": round((marks[-1] - marks[-1 - _STEADY]) / (_STEADY * each) * 100, 2),
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), *(int(word) for word in sys.argv[2:3]))))
