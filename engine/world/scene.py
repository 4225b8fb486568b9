"""What a scene is before it is drawn: one cast, one place, a list of shots. Sampled from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from .vocabulary import (
    ACTIONS,
    CAMERAS,
    COLOURS,
    FRAMINGS,
    PLACES,
    SPECIES,
    TIMES,
    is_held_out,
)

FPS = 8
_FRAME_WEIGHTS = {9: 0.3, 13: 0.4, 17: 0.3}
_CAMERA_WEIGHTS = (0.5, 0.25, 0.25)
_FRAMING_WEIGHTS = (0.4, 0.35, 0.25)
_SAME_FRAMING_RATE = 0.12  # of cuts: the action changes and the figure turns round instead


@dataclass(frozen=True)
class ShotSpec:
    """One shot.

    `frames` counts what this shot adds; `start_frame` is where it begins in its run, which is 0 unless `continues`.
    `phase` in [0, 1) shifts the action's cycle, the same for all shots of a run.
    """

    action: str
    framing: str
    camera: str
    mirrored: bool
    frames: int
    continues: bool
    start_frame: int
    phase: float


@dataclass(frozen=True)
class SceneSpec:
    """A cast of one, a place at a time of day, and the shots that share them."""

    seed: int
    species: str
    colour: str
    hat: bool
    place: str
    time: str
    shots: tuple[ShotSpec, ...]


def run_frames(scene: SceneSpec, index: int) -> int:
    """Return the frames of the whole run (a shot and its continuations) that shot `index` belongs to."""
    last = index
    while last + 1 < len(scene.shots) and scene.shots[last + 1].continues:
        last += 1
    return scene.shots[last].start_frame + scene.shots[last].frames


def sample_scene(
    seed: int,
    shots: int,
    split: str = "train",
    *,
    continuation_rate: float = 0.15,
    frames: tuple[int, ...] = (9, 13, 17),
) -> SceneSpec:
    """Return the scene of this seed with `shots` shots; `split` is "train" or "heldout".

    `frames` are the allowed lengths (4n+1) of a shot after a cut; a continuation has one frame less.
    """
    if split not in ("train", "heldout"):
        raise ValueError(f"Unknown split {split!r}: use 'train' or 'heldout'.")
    rng = random.Random(f"{split}/{seed}")
    species, colour, place = _sample_identity(rng, split)
    hat, time = rng.random() < 0.3, rng.choice(TIMES)
    made: list[ShotSpec] = []
    for index in range(shots):
        if index and rng.random() < continuation_rate:
            made.append(_continue(rng, made[-1], frames))
        else:
            made.append(_cut_to(rng, made[-1] if made else None, frames))
    return SceneSpec(seed, species, colour, hat, place, time, tuple(made))


def _sample_identity(rng: random.Random, split: str) -> tuple[str, str, str]:
    while True:
        species, colour, place = rng.choice(SPECIES), rng.choice(tuple(COLOURS)), rng.choice(PLACES)
        if is_held_out(species, colour, place) == (split == "heldout"):
            return species, colour, place


def _length(rng: random.Random, frames: tuple[int, ...]) -> int:
    return rng.choices(frames, [_FRAME_WEIGHTS.get(n, 0.3) for n in frames])[0]


def _continue(rng: random.Random, previous: ShotSpec, frames: tuple[int, ...]) -> ShotSpec:
    return ShotSpec(
        previous.action,
        previous.framing,
        previous.camera,
        previous.mirrored,
        _length(rng, frames) - 1,
        True,
        previous.start_frame + previous.frames,
        previous.phase,
    )


def _cut_to(rng: random.Random, previous: ShotSpec | None, frames: tuple[int, ...]) -> ShotSpec:
    """Return a shot that looks different from the previous one, so that the cut shows."""
    action = _pick(rng, ACTIONS, (1.0,) * len(ACTIONS), lambda _: True)
    framing = _pick(rng, FRAMINGS, _FRAMING_WEIGHTS, lambda _: True)
    mirrored = rng.random() < 0.5
    if previous is not None:
        if rng.random() < _SAME_FRAMING_RATE:
            framing, mirrored = previous.framing, not previous.mirrored
            action = _pick(rng, ACTIONS, (1.0,) * len(ACTIONS), lambda a: a != previous.action)
        else:
            framing = _pick(rng, FRAMINGS, _FRAMING_WEIGHTS, lambda f: f != previous.framing)
    camera = rng.choices(CAMERAS, _CAMERA_WEIGHTS)[0]
    return ShotSpec(action, framing, camera, mirrored, _length(rng, frames), False, 0, rng.random())


def _pick(
    rng: random.Random, names: tuple[str, ...], weights: tuple[float, ...], allowed: Callable[[str], bool]
) -> str:
    pairs = [(n, w) for n, w in zip(names, weights, strict=True) if allowed(n)]
    return rng.choices([n for n, _ in pairs], [w for _, w in pairs])[0]
