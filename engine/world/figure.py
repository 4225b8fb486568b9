"""The puppet: which cut-outs it is made of, and where each lies on the screen in a frame."""

from __future__ import annotations

from dataclasses import dataclass

from .affine import Affine, compose, rotation, scaling, translation
from .camera import SHOWN, View
from .motion import Pose, pose_at
from .scene import SceneSpec

_SHOULDER = (0.135, -0.50)
_HIP = (0.085, -0.165)
_CHIN = (0.0, -0.515)
_HAND = 0.245  # from the shoulder


@dataclass(frozen=True)
class Part:
    """A cut-out and the map from its own plane (figure heights) to pixels of the frame.

    `body` parts carry the sticker outline and count for the figure's box.
    """

    name: str
    to_frame: Affine
    body: bool = True


@dataclass(frozen=True)
class Figure:
    """The parts from back to front, the one that is the head, and the shadow: centre, radii (pixels), strength."""

    parts: tuple[Part, ...]
    head: int
    shadow: tuple[float, float, float, float, float]


def figure_at(scene: SceneSpec, index: int, frame: int, view: View, height: int) -> Figure:
    """Lay out the figure of shot `index` at `frame` (since the run began) for a picture `height` pixels tall."""
    shot = scene.shots[index]
    pose = pose_at(shot.action, frame, shot.phase)
    scale = view.height * height
    flip = scaling(-1.0, 1.0) if shot.mirrored else scaling(1.0, 1.0)
    feet = compose(translation(view.x * height, view.y * height), scaling(scale, scale), flip)
    if pose.snore is not None:
        root = compose(feet, translation(0.44, -0.21), rotation(pose.lean), scaling(1.0, pose.stretch))
    else:
        shown = SHOWN[shot.framing]
        crouch = shown * (1.0 - pose.stretch)
        squash = scaling(1.0 + 0.6 * crouch, 1.0 - crouch)
        root = compose(feet, translation(pose.x * shown, pose.y * shown), rotation(pose.lean * shown), squash)
    parts = _parts(scene, pose, root, feet)
    head = next(i for i, part in enumerate(parts) if part.name.startswith("head"))
    return Figure(parts, head, _shadow(pose, feet, scale))


def _parts(scene: SceneSpec, pose: Pose, root: Affine, feet: Affine) -> tuple[Part, ...]:
    arm = f"arm/{scene.colour}/{scene.species}"
    eyes = "awake" if pose.snore is None else "asleep"
    left_arm = compose(root, translation(-_SHOULDER[0], _SHOULDER[1]), rotation(pose.left_arm))
    right_arm = compose(root, translation(*_SHOULDER), rotation(-pose.right_arm))
    parts = [
        Part("leg", compose(root, translation(-_HIP[0], _HIP[1]), rotation(pose.left_leg))),
        Part("leg", compose(root, translation(*_HIP), rotation(pose.right_leg))),
        Part(f"coat/{scene.colour}", root),
        Part(arm, left_arm),
        Part(arm, right_arm),
        Part(
            f"head/{scene.species}/{scene.colour if scene.hat else '-'}/{eyes}",
            compose(root, translation(*_CHIN), rotation(pose.head)),
        ),
    ]
    if pose.balloon is not None:
        hand = compose(right_arm, translation(0.0, _HAND), rotation(pose.right_arm + pose.balloon - pose.lean))
        parts.insert(0, Part("balloon", hand))
    if pose.snore is not None:
        parts += [_snore(feet, pose.snore), _snore(feet, (pose.snore + 0.5) % 1.0)]
    return tuple(parts)


def _snore(feet: Affine, cycle: float) -> Part:
    """Place one Z on its way up from the sleeper's head; it grows from nothing and shrinks away."""
    size = max(1e-3, min(1.0, 5.0 * cycle, 5.0 * (1.0 - cycle))) * (0.75 + 0.5 * cycle)
    x, y = -0.30 + 0.20 * cycle, -0.56 - 0.16 * cycle
    readable = -size if feet[0] < 0 else size  # a mirrored Z would be a wrong letter
    return Part("snore", compose(feet, translation(x, y), rotation(-12 + 24 * cycle), scaling(readable, size)))


def _shadow(pose: Pose, feet: Affine, scale: float) -> tuple[float, float, float, float, float]:
    if pose.snore is not None:
        return feet[2], feet[5] - 0.012 * scale, 0.50 * scale, 0.05 * scale, 0.34
    lift = min(1.0, -pose.y / 0.25)
    x = feet[2] + feet[0] * pose.x
    return x, feet[5] - 0.008 * scale, (0.27 - 0.05 * lift) * scale, 0.042 * scale, 0.36 - 0.12 * lift
