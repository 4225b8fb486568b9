"""Where the camera stands: the figure's place on the screen and the backdrop's, frame by frame.

Screen lengths are in frame heights, with the origin at the frame's top left; the aspect is width / height.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, tanh

from .motion import WALKING_SPEED
from .scene import SceneSpec, run_frames

HORIZON = 0.66  # of a backdrop's own height, where zooming out of a framing leaves it fixed


@dataclass(frozen=True)
class Framing:
    """A shot size: the figure's height, where its feet stand, the backdrop's zoom and where its horizon lies."""

    height: float
    feet: float
    zoom: float
    horizon: float
    reach: float  # how far a walker strays from the middle, in frame widths, before the camera follows
    blur: float  # of the backdrop, in frame heights


FRAMINGS = {
    "wide": Framing(0.60, 0.935, 1.0, 0.66, 0.20, 0.0),
    "medium": Framing(0.79, 0.965, 1.3, 0.69, 0.16, 0.0),
    "close": Framing(1.30, 1.40, 1.75, 0.72, 0.11, 0.012),
}
# Some actions need room: factors on the figure's height, and shifts of its feet in frame heights.
_ROOM: dict[tuple[str, str], tuple[float, float]] = {
    ("jumps", "wide"): (1.0, 0.0),
    ("jumps", "medium"): (0.94, 0.0),
    ("jumps", "close"): (0.92, -0.02),
    ("floats", "wide"): (0.92, 0.02),
    ("floats", "medium"): (0.80, 0.01),
    ("floats", "close"): (0.86, 0.04),
    ("sleeps", "wide"): (1.12, -0.04),
    ("sleeps", "medium"): (1.10, -0.10),
    ("sleeps", "close"): (0.88, -0.475),
    ("dances", "close"): (0.97, 0.0),
}
SHOWN = {"wide": 1.0, "medium": 0.8, "close": 0.5}  # of a leap or a sway: the camera follows the rest
_HAT_ROOM = {"wide": 0.0, "medium": 0.012, "close": 0.06}
_PUSH_RATE = 0.0125  # of the logarithm of the zoom, a frame
_PUSH_LIMIT = log(1.3)
_PAN_SPEED = 0.030  # frame heights a frame, of what lies as near as the figure
FOCUS = (0.5, 0.6)  # of the frame: what a push goes towards
MAX_ZOOM = exp(_PUSH_LIMIT / 2)


@dataclass(frozen=True)
class View:
    """One frame's camera: the figure's feet (x, y) and height, the backdrop's travel, and the push-in zoom."""

    x: float
    y: float
    height: float
    travel: float
    zoom: float


def view_at(scene: SceneSpec, index: int, frame: int, aspect: float) -> View:
    """Return the view at `frame` (since the run began) of shot `index`; lengths in frame heights."""
    shot = scene.shots[index]
    framing = FRAMINGS[shot.framing]
    factor, drop = _ROOM.get((shot.action, shot.framing), (1.0, 0.0))
    height = framing.height * factor
    roomy = shot.action in ("sleeps", "floats")
    feet = framing.feet + drop + (_HAT_ROOM[shot.framing] if scene.hat and not roomy else 0.0)
    side = -1.0 if shot.mirrored else 1.0
    if shot.action == "walks":
        offset, travel = _walk(frame, height, framing.reach * aspect, shot.camera == "pan")
    else:
        offset, travel = -0.08 * aspect, (_PAN_SPEED * frame if shot.camera == "pan" else 0.0)
    x = 0.5 * aspect + side * offset
    zoom = 1.0
    if shot.camera == "push":
        total = max(1, run_frames(scene, index) - 1)
        rate = min(_PUSH_RATE, _PUSH_LIMIT / total)
        zoom = exp(rate * (frame - total / 2))
    fx, fy = FOCUS[0] * aspect, FOCUS[1]
    # A mirrored shot looks at the place from a little further along.
    along = 0.0 if not shot.mirrored else 0.3
    return View(fx + (x - fx) * zoom, fy + (feet - fy) * zoom, height * zoom, along + side * travel, zoom)


def _walk(frame: int, height: float, reach: float, tracked: bool) -> tuple[float, float]:
    """Return a walker's offset from the middle and how far the backdrop has slid; the camera keeps up in the end."""
    way = WALKING_SPEED * height * frame
    if tracked:
        return -0.05, way * 1.35
    wanted = way - reach
    limit = reach * 1.35
    past = wanted - reach
    offset = wanted if past <= 0 else reach + (limit - reach) * tanh(past / (limit - reach))
    return offset, wanted - offset
