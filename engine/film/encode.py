"""Frames -> H.264 in MP4, the one way this house writes video.

libx264, CRF 12 (visually lossless), yuv420p, BT.709 limited range with the tags that say so, a key frame at least every
12 frames and no B-frames (scrubbing decodes at most 12 frames; presentation order is decoding order, so takes join
without edit lists), the index in front (faststart), and one time base of 1/120000 s for every rate, in which 24000/1001
is as exact as 8. One encoder thread and no dates: the same frames give the same bytes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from engine.film.errors import BadFrames

Frame = npt.NDArray[np.uint8]  # (H, W, 3) RGB
Frames = npt.NDArray[np.uint8]  # (T, H, W, 3) RGB

CRF = 12
GOP = 12
TIMESCALE = 120_000  # ticks a second: divisible by 8, 12, 16, 24, 25, 30, 48, 50, 60 and their 1000/1001 relatives
AUDIO_RATE = 48_000
_BT709 = 1  # the same number for matrix, transfer and primaries in H.264
_SCALING = Interpolation.LANCZOS | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP
_NTSC = (24, 30, 48, 60, 120)


def exact_rate(fps: float) -> Fraction:
    """The frame rate meant by a float: 23.976 is 24000/1001, 8.0 is 8. Raises BadFrames unless 0 < fps <= 1000."""
    if not 0 < fps <= 1000:
        raise BadFrames(f"{fps} frames per second is not a frame rate.", "Use a rate above 0 and at most 1000.")
    for nominal in _NTSC:
        if abs(fps - nominal / 1.001) < 0.002:
            return Fraction(nominal * 1000, 1001)
    return Fraction(fps).limit_denominator(1001)


def check_frames(frames: Frames) -> None:
    """Raise BadFrames unless `frames` is uint8 `(T, H, W, 3)` with at least one frame and one pixel."""
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3 or 0 in frames.shape:
        raise BadFrames(
            f"Frames are {frames.dtype} {frames.shape}.", "Pass uint8 RGB frames of shape (T, H, W, 3), at least one."
        )


def pad_even(frame: Frame) -> Frame:
    """Repeat the last column and/or row once where the width or height is odd (yuv420p needs even sizes)."""
    height, width = frame.shape[:2]
    if width % 2 == 0 and height % 2 == 0:
        return frame
    return np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


class VideoWriter:
    """An MP4 being written frame by frame; memory does not grow with its length.

    Odd widths or heights are padded by one repeated column or row. `sound` adds a stereo AAC track of 48 kHz that
    `write_sound` feeds. `threads` other than 1 gives up byte-identical repetition for speed (0 = as many as useful).
    Use as a context manager: the file is only complete after it closes without an exception.
    """

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        fps: Fraction,
        *,
        metadata: Mapping[str, str] | None = None,
        sound: bool = False,
        threads: int = 1,
    ) -> None:
        self.frames = 0
        self._size = size
        self._samples = 0
        self._options = {"movflags": "+faststart", "video_track_timescale": str(TIMESCALE), "fflags": "+bitexact"}
        self._container = av.open(str(path), "w", format="mp4", options=self._options)
        self._container.metadata.update(metadata or {})
        self._video = _video_stream(self._container, size, fps, threads)
        self._audio = _audio_stream(self._container) if sound else None
        self._reformatter = VideoReformatter()

    def write(self, frame: Frame) -> None:
        """Append one `(H, W, 3)` uint8 frame of the writer's size. Raises BadFrames for any other shape."""
        if frame.shape != (self._size[1], self._size[0], 3) or frame.dtype != np.uint8:
            raise BadFrames(f"A frame is {frame.dtype} {frame.shape}.", f"Every frame must be uint8 {self._size} RGB.")
        picture = self._reformatter.reformat(
            av.VideoFrame.from_ndarray(np.ascontiguousarray(pad_even(frame)), format="rgb24"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=_SCALING,
            threads=1,
        )
        picture.pts = self.frames
        picture.time_base = self._video.codec_context.time_base
        self.frames += 1
        self._container.mux(self._video.encode(picture))

    def write_sound(self, samples: npt.NDArray[np.float32]) -> None:
        """Append `(N, 2)` float samples in [-1, 1] at 48 kHz to the sound track."""
        if self._audio is None:
            raise BadFrames("This video has no sound track.", "Open the writer with sound=True.")
        planes = np.ascontiguousarray(samples.T, dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
        frame.sample_rate = AUDIO_RATE
        frame.pts = self._samples
        frame.time_base = Fraction(1, AUDIO_RATE)
        self._samples += len(samples)
        self._container.mux(self._audio.encode(frame))

    def close(self) -> None:
        """Flush the encoders and write the index."""
        self._container.mux(self._video.encode(None))
        if self._audio is not None:
            self._container.mux(self._audio.encode(None))
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
            return
        with contextlib.suppress(av.FFmpegError):  # the first error is the one to report
            self._container.close()


def encode_video(path: Path, frames: Frames, fps: float, *, metadata: Mapping[str, str] | None = None) -> None:
    """Write frames `(T, H, W, 3)` uint8 as an MP4 (odd sizes padded by one edge pixel; same frames, same bytes).

    Raises BadFrames, and OSError when the disk does not take it.
    """
    check_frames(frames)
    height, width = frames.shape[1:3]
    with VideoWriter(path, (width, height), exact_rate(fps), metadata=metadata) as writer:
        for frame in frames:
            writer.write(frame)


def _video_stream(
    container: av.container.OutputContainer, size: tuple[int, int], fps: Fraction, threads: int
) -> VideoStream:
    options = {
        "crf": str(CRF),
        "preset": "medium",
        "x264-params": f"keyint={GOP}:bframes=0:open-gop=0",
    }
    stream = container.add_stream("libx264", rate=fps, options=options)
    stream.width, stream.height = size[0] + size[0] % 2, size[1] + size[1] % 2
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base = 1 / fps
    context.thread_count = threads
    context.color_range = int(ColorRange.MPEG)
    context.colorspace = context.color_trc = context.color_primaries = _BT709
    return stream


def _audio_stream(container: av.container.OutputContainer) -> AudioStream:
    stream = container.add_stream("aac", rate=AUDIO_RATE)
    stream.layout = "stereo"
    stream.bit_rate = 192_000
    return stream
