"""How the puppet moves: each action is a closed formula of time, so any frame of any run can be drawn alone."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sin


@dataclass(frozen=True)
class Pose:
    """A pose in figure heights and degrees; y points down, and `y` below 0 lifts the feet off the ground.

    Arms: 0 hangs down, 90 points outwards, 180 straight up. Legs and head: clockwise on the screen.
    """

    x: float = 0.0
    y: float = 0.0
    lean: float = 0.0
    stretch: float = 1.0  # of the height; the width gives way
    left_arm: float = 14.0
    right_arm: float = 14.0
    left_leg: float = 3.0
    right_leg: float = -3.0
    head: float = 0.0
    balloon: float | None = None  # the angle of the balloon's string, when one is held
    snore: float | None = None  # the cycle of the sleeper's Z, in [0, 1)


# Frames of one cycle at 8 frames a second; none divides another's, so shots do not look alike in step.
PERIODS = {"walks": 8.0, "jumps": 9.0, "waves": 6.0, "sleeps": 18.0, "dances": 10.0, "floats": 16.0}
WALKING_SPEED = 0.40 / 8  # figure heights a frame


def pose_at(action: str, frame: float, phase: float) -> Pose:
    """Return the pose at `frame` (frames since the run began) of an action that began at `phase` of its cycle."""
    cycle = frame / PERIODS[action] + phase
    return _POSES[action](cycle)


def _wave(cycle: float) -> float:
    return sin(2 * pi * cycle)


def _walks(cycle: float) -> Pose:
    swing = _wave(cycle)
    bounce = abs(_wave(cycle + 0.25))
    return Pose(
        y=-0.03 * bounce,
        lean=2.5 * swing,
        left_arm=14 + 34 * swing,
        right_arm=14 - 34 * swing,
        left_leg=34 * swing,
        right_leg=-34 * swing,
        head=-3.0 * swing,
    )


def _jumps(cycle: float) -> Pose:
    """Crouch for a third of the cycle, fly a parabola for the rest."""
    c = cycle % 1.0
    if c < 0.34:
        dip = sin(pi * c / 0.34)
        return Pose(stretch=1.0 - 0.13 * dip, left_arm=30 + 20 * (1 - dip), right_arm=30 + 20 * (1 - dip))
    u = (c - 0.34) / 0.66
    up = 4 * u * (1 - u)
    return Pose(
        y=-0.17 * up,
        stretch=1.0 + 0.03 * up,
        left_arm=50 + 62 * up,
        right_arm=50 + 62 * up,
        left_leg=3 + 24 * up,
        right_leg=-3 - 24 * up,
    )


def _waves(cycle: float) -> Pose:
    swing = _wave(cycle)
    return Pose(lean=1.5 * swing, right_arm=122 + 27 * swing, left_arm=12, head=4 + 3 * swing)


def _sleeps(cycle: float) -> Pose:
    breath = _wave(cycle)
    return Pose(
        lean=-84.0,
        stretch=1.0 + 0.012 * breath,
        left_arm=18 + 2 * breath,
        right_arm=24,
        left_leg=10,
        right_leg=-12,
        head=34 + 2 * breath,
        snore=cycle % 1.0,
    )


def _dances(cycle: float) -> Pose:
    sway = _wave(cycle)
    step = abs(_wave(cycle + 0.25))
    return Pose(
        x=0.07 * sway,
        y=-0.035 * step,
        lean=13 * sway,
        left_arm=132 + 24 * sway,
        right_arm=132 - 24 * sway,
        left_leg=12 + 14 * sway,
        right_leg=-12 + 14 * sway,
        head=7 * sway,
    )


def _floats(cycle: float) -> Pose:
    bob = _wave(cycle)
    drift = _wave(cycle + 0.22)
    return Pose(
        x=0.02 * drift,
        y=-0.20 - 0.045 * bob,
        lean=5 * drift,
        left_arm=40 + 8 * bob,
        right_arm=126 + 4 * bob,
        left_leg=10 + 10 * drift,
        right_leg=-8 + 10 * drift,
        head=-4 * drift,
        balloon=3 - 5 * drift,
    )


_POSES = {
    "walks": _walks,
    "jumps": _jumps,
    "waves": _waves,
    "sleeps": _sleeps,
    "dances": _dances,
    "floats": _floats,
}
