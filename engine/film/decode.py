"""Files -> exact frames: whole clips, ranges, and a reader with a bounded cache for players and exports.

A frame is found by its time stamp, not by counting from a guessed position: opening a clip lists its packets once
(without decoding), a seek goes to the key frame before the wanted frame and decodes forward from there.
"""

from __future__ import annotations

import bisect
import contextlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from engine.film.encode import GOP, Frame, Frames
from engine.film.errors import BadFrames, DamagedClip, MissingClip

_UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED
_SCALING = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
CACHE_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a clip is: size in pixels, exact frame count, codec and pixel format; `faststart`: index before the data."""

    width: int
    height: int
    fps: float
    frames: int
    codec: str
    pix_fmt: str
    faststart: bool


class FrameReader:
    """Random access to the frames of one clip; decoded frames stay in a cache of at most `cache_bytes`.

    With `max_width` wider clips are given smaller, in their own aspect (`info` still tells the file's size): quicker
    and lighter where details do not matter. Frames are read-only uint8 `(H, W, 3)` RGB. Not thread-safe: one reader
    per thread. Raises MissingClip, DamagedClip (also later, while decoding), BadFrames for an index outside the clip.
    """

    def __init__(self, path: Path | str, cache_bytes: int = CACHE_BYTES, *, max_width: int | None = None) -> None:
        self.path = Path(path)
        self._max_width = max_width
        self._cache: OrderedDict[int, Frame] = OrderedDict()
        self._cache_bytes = cache_bytes
        self._reformatter = VideoReformatter()
        self._next = -1  # index that the decoder would give next; -1 = it must seek first
        self._decoder: Iterator[av.VideoFrame] = iter(())
        self._container, self._stream = _open(self.path)
        try:
            self._times, self._keys = _list_frames(self._container, self._stream, self.path)
            self.info = _describe(self._stream, self.path, len(self._times))
        except BaseException:
            self._container.close()
            raise

    def __len__(self) -> int:
        return len(self._times)

    def frame(self, index: int) -> Frame:
        """The frame with this number, from the cache or decoded from the key frame before it."""
        if not 0 <= index < len(self):
            raise BadFrames(f"{self.path} has no frame {index}.", f"It has {len(self)} frames, counted from 0.")
        if index in self._cache:
            self._cache.move_to_end(index)
            return self._cache[index]
        key = bisect.bisect_right(self._keys, index) - 1
        if self._next < 0 or not self._keys[max(key, 0)] <= self._next <= index:
            self._seek(self._keys[max(key, 0)])
        with self._decoding():
            return self._decode_until(index, key)

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Frames `start` to `stop` (exclusive), one after the other."""
        for index in range(start, len(self) if stop is None else stop):
            yield self.frame(index)

    def close(self) -> None:
        """Release the file and the cache."""
        self._cache.clear()
        self._decoder = iter(())
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _decode_until(self, index: int, key: int) -> Frame:
        while True:
            for picture in self._decoder:
                found = bisect.bisect_left(self._times, picture.pts or 0)
                if found == len(self) or self._times[found] != (picture.pts or 0):
                    continue  # outside the presented range
                self._next = found + 1
                if index - GOP < found <= index:  # older ones would be pushed out before anyone asks for them
                    frame = self._keep(found, picture)
                if found == index:
                    return frame
                if found > index:
                    break
            # The container went to a later key frame than asked (its index counts decoding times): go further back.
            key -= 1
            if key < 0:
                raise DamagedClip(self.path, f"frame {index} does not decode")
            self._seek(self._keys[key])

    def _seek(self, index: int) -> None:
        with self._decoding():
            self._container.seek(self._times[index], stream=self._stream)
        self._decoder = self._container.decode(self._stream)
        self._next = index

    def _keep(self, index: int, picture: av.VideoFrame) -> Frame:
        frame = _to_rgb(picture, self._reformatter, self._max_width)
        self._cache[index] = frame
        self._cache.move_to_end(index)
        room = max(1, self._cache_bytes // frame.nbytes)
        while len(self._cache) > room:
            self._cache.popitem(last=False)
        return frame

    @contextlib.contextmanager
    def _decoding(self) -> Iterator[None]:
        try:
            yield
        except av.FFmpegError as error:
            self._next = -1
            raise DamagedClip(self.path, error.strerror or "cannot be decoded") from error


def read_frames(path: Path | str, start: int | None = None, stop: int | None = None) -> Frames:
    """Frames `start` to `stop` (exclusive; None = the clip's ends) as uint8 `(T, H, W, 3)` RGB.

    Raises MissingClip, DamagedClip, BadFrames for a range outside the clip.
    """
    with FrameReader(path, cache_bytes=0) as reader:
        first, last = 0 if start is None else start, len(reader) if stop is None else stop
        if not 0 <= first <= last <= len(reader):
            raise BadFrames(f"{path} has {len(reader)} frames, not {first} to {last}.", "Ask for a range inside it.")
        frames = np.empty((last - first, reader.info.height, reader.info.width, 3), np.uint8)
        for place, frame in enumerate(reader.frames(first, last)):
            frames[place] = frame
        return frames


def probe(path: Path | str) -> VideoInfo:
    """What a clip is, with its exact number of frames (reads the file's packets, decodes nothing).

    Raises MissingClip, DamagedClip.
    """
    with FrameReader(path, cache_bytes=0) as reader:
        return reader.info


def boxes(path: Path) -> list[str]:
    """Names of the top-level boxes of an MP4 in file order; stops at the first thing that is not a box."""
    names = []
    size = path.stat().st_size
    with path.open("rb") as file:
        while file.tell() + 8 <= size:
            start = file.tell()
            length, name = int.from_bytes(file.read(4)), file.read(4)
            length = {0: size - start, 1: int.from_bytes(file.read(8))}.get(length, length) if length < 2 else length
            if length < 8:
                break
            names.append(name.decode("latin-1"))
            file.seek(start + length)
    return names


def _open(path: Path) -> tuple[av.container.InputContainer, VideoStream]:
    try:
        container = av.open(str(path))
    except (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError) as error:
        raise MissingClip(path) from error
    except av.FFmpegError as error:
        raise DamagedClip(path, error.strerror or "not a video") from error
    if not container.streams.video:
        container.close()
        raise DamagedClip(path, "it has no picture")
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    # Without this the decoder paints over what it cannot read, and a damaged take would pass for a good one.
    stream.codec_context.options = {"err_detect": "explode"}
    return container, stream


def _list_frames(
    container: av.container.InputContainer, stream: VideoStream, path: Path
) -> tuple[list[int], list[int]]:
    """Presentation times of all frames in order, and the places of the key frames among them."""
    try:
        packets = [p for p in container.demux(stream) if p.size and p.pts is not None and not p.is_discard]
    except av.FFmpegError as error:
        raise DamagedClip(path, error.strerror or "cannot be read") from error
    if any(packet.is_corrupt for packet in packets) or len(packets) < _promised(stream):
        raise DamagedClip(path, "it ends too early")
    times = sorted({p.pts for p in packets if p.pts is not None})
    keys = sorted(bisect.bisect_left(times, p.pts) for p in packets if p.is_keyframe and p.pts is not None)
    if not times or not keys:
        raise DamagedClip(path, "it has no frames")
    return times, keys


def _promised(stream: VideoStream) -> int:
    """How many frames the header promises, as far as an edit list lets it be compared (0 = no promise)."""
    return stream.frames if stream.start_time in (0, None) else 0


def _describe(stream: VideoStream, path: Path, frames: int) -> VideoInfo:
    context = stream.codec_context
    rate = stream.average_rate or stream.guessed_rate
    if not rate or not context.width or not context.height:
        raise DamagedClip(path, "its header says neither size nor rate")
    names = boxes(path)
    return VideoInfo(
        width=context.width,
        height=context.height,
        fps=float(rate),
        frames=frames,
        codec=context.name,
        pix_fmt=context.pix_fmt or "",
        faststart="moov" in names and "mdat" in names and names.index("moov") < names.index("mdat"),
    )


def _to_rgb(picture: av.VideoFrame, reformatter: VideoReformatter, max_width: int | None) -> Frame:
    space = picture.colorspace
    if space == _UNSPECIFIED:  # what players assume when a file does not say
        space = int(Colorspace.ITU709 if picture.height >= 720 else Colorspace.ITU601)
    scale = min(1.0, (max_width or picture.width) / picture.width)
    rgb = reformatter.reformat(
        picture,
        width=max(1, round(picture.width * scale)),
        height=max(1, round(picture.height * scale)),
        format="rgb24",
        src_colorspace=space,
        src_color_range=picture.color_range or int(ColorRange.MPEG),
        dst_color_range=int(ColorRange.JPEG),
        interpolation=_SCALING if scale == 1 else Interpolation.AREA,
        threads=1,
    )
    frame = np.array(rgb.to_ndarray(), dtype=np.uint8)
    frame.flags.writeable = False
    return frame
