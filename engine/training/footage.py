"""Training footage: paper-theatre scenes rendered once to disk, in shards that several processes can make.

A shard is `NNNN.npy` (all frames of its scenes, uint8 (F, H, W, 3)) beside `NNNN.json` (which frames are which shot).
A *run* is a shot and the continuations that follow it without a cut: one clip, one VAE sequence.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ShotRecord:
    """One shot of a shard. `start` counts frames of the shard; captions as the trainer may use them."""

    start: int
    frames: int
    continues: bool
    caption: str  # as the story tells it: mostly silent about identity
    full_caption: str  # names everything
    action: str
    framing: str
    figure: tuple[tuple[float, float, float, float], ...] = ()  # x0, y0, x1, y1 in pixels, a frame; () unknown


@dataclass(frozen=True, slots=True)
class SceneRecord:
    """One scene of a shard with its identity attributes."""

    seed: int
    species: str
    colour: str
    place: str
    time: str
    global_prompt: str
    shots: tuple[ShotRecord, ...]

    def runs(self) -> list[list[ShotRecord]]:
        """Shots grouped by continuation."""
        runs: list[list[ShotRecord]] = []
        for shot in self.shots:
            if shot.continues and runs:
                runs[-1].append(shot)
            else:
                runs.append([shot])
        return runs


def _rendered(index: Path) -> bool:
    """Both files: frames are big, and get deleted where room is needed."""
    return index.exists() and index.with_suffix(".npy").exists()


def render_shard(folder: Path, number: int, scenes: int, size: tuple[int, int], split: str) -> Path:
    """Render `scenes` scenes of 4 shots into shard `number`; skips what is there."""
    from engine.world.captions import full_caption, global_prompt, shot_captions
    from engine.world.render import render_scene
    from engine.world.scene import sample_scene
    from engine.world.truth import figure_boxes

    index = folder / f"{number:04d}.json"
    if _rendered(index):
        return index
    base = (0 if split == "train" else 900_000_000) + number * 100_000
    frames: list[Frames] = []
    records: list[SceneRecord] = []
    at = 0
    for n in range(scenes):
        scene = sample_scene(base + n, 4, split=split, frames=(17,))  # trainers crop shorter ones
        captions = shot_captions(scene)
        shots = []
        for i, (spec, clip) in enumerate(zip(scene.shots, render_scene(scene, size), strict=True)):
            full = full_caption(scene, i, base + n * 16 + i)
            figure = tuple(tuple(box) for box in figure_boxes(scene, i, size).tolist())
            shots.append(
                ShotRecord(at, len(clip), spec.continues, captions[i], full, spec.action, spec.framing, figure)
            )
            frames.append(clip)
            at += len(clip)
        records.append(
            SceneRecord(
                base + n, scene.species, scene.colour, scene.place, scene.time, global_prompt(scene), tuple(shots)
            )
        )
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{number:04d}.tmp.npy"
    np.save(temporary, np.concatenate(frames))
    temporary.replace(folder / f"{number:04d}.npy")
    index.write_text(json.dumps([asdict(r) for r in records]))
    return index


def render_footage(
    folder: Path, shards: int, scenes_per_shard: int, size: tuple[int, int], split: str = "train", processes: int = 1
) -> None:
    """Make sure that `shards` shards exist; renders the missing ones in `processes` processes."""
    jobs = [(folder, n, scenes_per_shard, size, split) for n in range(shards)]
    jobs = [job for job in jobs if not _rendered(folder / f"{job[1]:04d}.json")]
    if not jobs:
        return
    if processes == 1:
        for job in jobs:
            render_shard(*job)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        pool.starmap(render_shard, jobs, chunksize=1)


def read_shard(index: Path) -> tuple[list[SceneRecord], Frames]:
    """Records and memory-mapped frames of a shard."""
    records = []
    for raw in json.loads(index.read_text()):
        shots = tuple(ShotRecord(**s) for s in raw.pop("shots"))
        records.append(SceneRecord(shots=shots, **raw))
    return records, np.load(index.with_suffix(".npy"), mmap_mode="r")


def shards(folder: Path) -> list[Path]:
    """Index files of the finished shards, in order."""
    return sorted(p for p in folder.glob("[0-9]*.json"))


def clips(folder: Path) -> Iterator[Frames]:
    """Every run of every shard as one clip (F, H, W, 3)."""
    for index in shards(folder):
        records, frames = read_shard(index)
        for scene in records:
            for run in scene.runs():
                yield frames[run[0].start : run[-1].start + run[-1].frames]
