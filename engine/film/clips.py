"""Any clip -> frames of a model's rate and size: what a camera or another program made, on its way to become a take.

Frames are chosen by their time stamps (a source of any or of no constant rate: the picture that stands at each moment),
turned as the file says, scaled to fill and cropped about the centre. Nothing is invented: a clip that is too short or
too long is refused with what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import av
import numpy as np
from av.container import InputContainer
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from engine.contract import FailureCode
from engine.film.encode import Frame, Frames
from engine.film.errors import FilmError

_UNSPECIFIED = 2
_SCALING = Interpolation.AREA | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
_EARLY = 1e-3  # of a frame: time stamps are rounded
_MP4 = "Convert it to an MP4 first, for instance: ffmpeg -i CLIP -c:v libx264 NEW.mp4"

_COPY = "Copy it again from where you got it; what is left can be saved with: ffmpeg -i CLIP -c:v libx264 NEW.mp4"


class ClipUnusable(FilmError):
    """A clip that cannot become a take; the hint says what would."""

    code = "bad_request"


class ClipGone(FilmError):
    """A clip that is not there (any more)."""

    code: ClassVar[FailureCode] = "missing_file"


@dataclass(frozen=True, slots=True)
class Clip:
    """Frames `(T, H, W, 3)` uint8 RGB, and what the file was: its size, rate and length in seconds."""

    frames: Frames
    source_size: tuple[int, int]
    source_fps: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a clip is made into: `stride * n + 1` frames, from `shortest` to `longest`, of `size` (w, h) at `fps`."""

    size: tuple[int, int]
    fps: float
    stride: int
    shortest: int
    longest: int


def read_clip(path: Path, wanted: Wanted, go_on: Callable[[], None] = lambda: None) -> Clip:
    """Decode a clip. `go_on` is called for every frame and raises to stop. Raises ClipUnusable, ClipGone."""
    with _open(path) as container:
        stream = _picture_of(container, path)
        promised = _promised_seconds(container, stream)
        _refuse_long(path, promised, wanted)
        frames: list[Frame] = []
        try:
            for frame in _at_rate(container, stream, wanted, go_on):
                frames.append(frame)
                if len(frames) >= wanted.longest + wanted.stride:
                    _refuse_long(path, len(frames) / wanted.fps, wanted)
        except av.FFmpegError as error:
            where = f"after {len(frames) / wanted.fps:.1f} s" if frames else "from its first frame on"
            raise ClipUnusable(f"{path.name} is damaged {where} ({error.strerror}).", _MP4) from error
        _refuse_half(path, promised, len(frames) / wanted.fps)
        _refuse_short(path, len(frames), wanted, container.format.name)
        size = (stream.codec_context.width, stream.codec_context.height)
        rate = float(stream.average_rate or stream.guessed_rate or 0)
    kept = min((len(frames) - 1) // wanted.stride * wanted.stride + 1, wanted.longest)
    return Clip(np.stack(frames[:kept]), size, rate, len(frames) / wanted.fps)


def _open(path: Path) -> InputContainer:
    if not path.is_file():
        raise ClipGone(f"There is no clip {path} any more.", "Put it back, or import it again from where it is now.")
    try:
        return av.open(str(path))
    except PermissionError as error:
        raise ClipGone(f"The clip {path} may not be read.", "Check its permissions.") from error
    except (av.FFmpegError, OSError) as error:
        raise ClipUnusable(f"{path.name} is no clip that can be read ({error.strerror}).", _MP4) from error


def _picture_of(container: InputContainer, path: Path) -> VideoStream:
    pictures = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if not pictures:
        sound = "has sound but no picture" if container.streams.audio else "has no picture"
        raise ClipUnusable(f"{path.name} {sound}.", "Choose a video. Sound goes under a film when it is exported.")
    stream = pictures[0]
    stream.thread_type = "AUTO"
    # Without this the decoder paints over what it cannot read, and rubbish would become context of later shots.
    stream.codec_context.options = {"err_detect": "explode"}
    return stream


def _promised_seconds(container: InputContainer, stream: VideoStream) -> float:
    """How long the header says it is, 0 where it does not."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / 1e6 if container.duration else 0.0


def _refuse_long(path: Path, seconds: float, wanted: Wanted) -> None:
    most = wanted.longest / wanted.fps
    if seconds * wanted.fps >= wanted.longest + wanted.stride:
        raise ClipUnusable(
            f"{path.name} is {seconds:.1f} s long; a shot has at most {most:.1f} s "
            f"({wanted.longest} frames at {wanted.fps:g} a second).",
            f"Cut out the part that you want, for instance: ffmpeg -ss 0 -t {most:.1f} -i CLIP PART.mp4",
        )


def _refuse_half(path: Path, promised: float, seconds: float) -> None:
    """A file that was not copied to its end is not taken for a short one."""
    if promised > seconds + max(0.5, 0.1 * promised):
        raise ClipUnusable(f"{path.name} is damaged: it ends after {seconds:.1f} s of {promised:.1f} s.", _COPY)


def _refuse_short(path: Path, frames: int, wanted: Wanted, kind: str) -> None:
    if frames >= wanted.shortest:
        return
    if kind in ("image2", "gif") or kind.endswith("_pipe"):
        raise ClipUnusable(
            f"{path.name} is a single picture.", "Add it to an element as a reference image: shots see those too."
        )
    raise ClipUnusable(
        f"{path.name} gives {frames} frames at {wanted.fps:g} a second; a shot has at least {wanted.shortest}.",
        f"Choose a clip of {wanted.shortest / wanted.fps:.1f} s or more.",
    )


def _at_rate(
    container: InputContainer, stream: VideoStream, wanted: Wanted, go_on: Callable[[], None]
) -> Iterator[Frame]:
    """The picture that stands at each moment `k / fps`, counted from the first one."""
    fitter = _Fitter(stream, wanted.size)
    shown: av.VideoFrame | None = None
    fitted: Frame | None = None
    start = at = 0.0
    count = 0
    for number, picture in enumerate(container.decode(stream)):
        go_on()
        at = picture.time if picture.time is not None else number / float(stream.average_rate or wanted.fps)
        if shown is None:
            start = at
        while shown is not None and count / wanted.fps < at - start - _EARLY / wanted.fps:
            fitted = fitter.fit(shown) if fitted is None else fitted
            yield fitted
            count += 1
        shown, fitted = picture, None
    if shown is None:
        return
    end = at - start + _lasts(shown, stream, wanted)
    while count / wanted.fps < end - _EARLY / wanted.fps:
        fitted = fitter.fit(shown) if fitted is None else fitted
        yield fitted
        count += 1


def _lasts(picture: av.VideoFrame, stream: VideoStream, wanted: Wanted) -> float:
    """Seconds that the last picture stands."""
    if picture.duration and picture.time_base:
        return float(picture.duration * picture.time_base)
    return 1.0 / float(stream.average_rate or wanted.fps)


class _Fitter:
    """Turns, scales to fill and crops pictures to one size."""

    def __init__(self, stream: VideoStream, size: tuple[int, int]) -> None:
        self._size = size
        self._pixel = float(stream.sample_aspect_ratio or 1) or 1.0
        self._reformatter = VideoReformatter()

    def fit(self, picture: av.VideoFrame) -> Frame:
        """The picture as `(H, W, 3)` uint8 RGB of the size."""
        turns = round(picture.rotation / 90) % 4
        width, height = self._size if turns % 2 == 0 else self._size[::-1]
        seen = picture.width * self._pixel, float(picture.height)
        scale = max(width / seen[0], height / seen[1])
        wide, high = max(width, round(seen[0] * scale)), max(height, round(seen[1] * scale))
        space = picture.colorspace
        if space == _UNSPECIFIED:  # what players assume when a file does not say
            space = int(Colorspace.ITU709 if picture.height >= 720 else Colorspace.ITU601)
        rgb = self._reformatter.reformat(
            picture,
            width=wide,
            height=high,
            format="rgb24",
            src_colorspace=space,
            src_color_range=picture.color_range or int(ColorRange.MPEG),
            dst_color_range=int(ColorRange.JPEG),
            interpolation=_SCALING if scale < 1 else Interpolation.LANCZOS,
            threads=1,
        ).to_ndarray()
        left, top = (wide - width) // 2, (high - height) // 2
        return np.ascontiguousarray(np.rot90(rgb[top : top + height, left : left + width], turns), dtype=np.uint8)
