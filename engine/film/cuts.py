"""Where shots begin in a finished video, by what the pictures look like."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.film.decode import FrameReader
from engine.film.encode import Frame

SHORTEST_SHOT = 4  # frames; shots of the built-in model have 8 to 17 at 8 frames a second
_WIDTH = 128  # pictures are judged at most this wide: cuts are not a matter of detail
_NEIGHBOURS = 2  # frames on either side that say how much this video moves anyway
# Found on 40 rendered paper theatre scenes (129 cuts, 112x64, 8 frames a second): every cut, nothing else.
_RATIO = 2.5  # a cut changes this many times more than its neighbours do ...
_CHANGE = 8.0  # ... and by at least this much, on a scale of 0 to 255
_CONTENT = 9.0  # the same least change on the detector's own scale
_VISIBLE = 6.0  # the detector also counts the hue of blacks, which no one sees: its cuts must change this much too


def detect_cuts(path: Path | str, method: Literal["auto", "scenedetect", "own"] = "auto") -> list[int]:
    """Frame numbers at which a new shot starts (not 0), in order.

    PySceneDetect's AdaptiveDetector when it is installed (extra `evaluation`), else `own_cuts`; both compare the
    change of colour from frame to frame with that of the two frames on either side, so they work at 8 frames a second,
    where everything moves in leaps. Dissolves and fades are not found, nor are shots shorter than 4 frames.
    Raises MissingClip, DamagedClip, and ImportError when PySceneDetect is asked for by name but absent.
    """
    installed = importlib.util.find_spec("scenedetect") is not None
    with FrameReader(path, cache_bytes=0, max_width=_WIDTH) as reader:
        if method == "scenedetect" or (method == "auto" and installed):
            return _scenedetect_cuts(reader)
        return own_cuts(list(_changes(reader.frames())))


def own_cuts(changes: Sequence[float]) -> list[int]:
    """Cuts from the mean HSV change of every frame against the one before (`changes[0]` belongs to frame 1).

    Frame k starts a shot when its change is at least 8 of 255 and at least 2.5 times the mean of the two changes on
    either side of it, and the last cut is four frames away or more.
    """
    cuts: list[int] = []
    for place, change in enumerate(changes):
        around = [*changes[max(0, place - _NEIGHBOURS) : place], *changes[place + 1 : place + 1 + _NEIGHBOURS]]
        usual = float(np.mean(around)) if around else 0.0
        frame = place + 1
        if change >= _CHANGE and change >= _RATIO * usual and frame - (cuts[-1] if cuts else 0) >= SHORTEST_SHOT:
            cuts.append(frame)
    return cuts


def _changes(frames: Iterable[Frame]) -> Iterator[float]:
    """Mean absolute change of every frame against the one before, in the HSV cone."""
    before = None
    for frame in frames:
        now = _cone(frame)
        if before is not None:
            yield float(np.abs(now - before).mean())
        before = now


def _cone(frame: Frame) -> npt.NDArray[np.float32]:
    """HSV as points of a cone `(H, W, 3)`: hue and saturation count less the darker a pixel is, and hue is a circle."""
    hsv = np.asarray(Image.fromarray(frame).convert("HSV"), dtype=np.float32)
    angle, colour = hsv[..., 0] * (2 * np.pi / 256), hsv[..., 1] * hsv[..., 2] / 255
    return np.stack([hsv[..., 2], colour * np.cos(angle), colour * np.sin(angle)], axis=-1)


def _scenedetect_cuts(reader: FrameReader) -> list[int]:
    # The detector is fed our own exact frames; its frame numbers then are ours.
    scenedetect: Any = importlib.import_module("scenedetect")
    detector = scenedetect.AdaptiveDetector(
        adaptive_threshold=_RATIO, min_scene_len=SHORTEST_SHOT, window_width=_NEIGHBOURS, min_content_val=_CONTENT
    )
    timecode = scenedetect.FrameTimecode(0, fps=reader.info.fps)
    found: list[Any] = []

    def watched() -> Iterator[Frame]:
        nonlocal timecode
        for frame in reader.frames():
            found.extend(detector.process_frame(timecode, np.ascontiguousarray(frame[..., ::-1])))  # it wants BGR
            timecode = timecode + 1
            yield frame

    changes = list(_changes(watched()))
    cuts = {int(cut.frame_num) for cut in [*found, *detector.post_process(timecode)]} - {0}
    return sorted(cut for cut in cuts if changes[cut - 1] >= _VISIBLE)
