"""Joining takes without re-encoding: the packets of every clip, one after the other, bit for bit.

Re-encoding is about a hundred times slower and loses a little each time (Zulko/moviepy#961), so a plain join of takes
of one kind copies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
from av.packet import Packet
from av.video.stream import VideoStream

from engine.film.encode import TIMESCALE
from engine.film.errors import DamagedClip, ExportCancelled, ExportFailed, MissingClip

Signature = tuple[object, ...]


def codec_signature(path: Path) -> Signature | None:
    """What must be equal for clips to be joined by copying; None when this clip cannot be copied at all.

    Copying needs H.264 in MP4, frames stored in the order shown, and a first frame at time 0.
    """
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            context = stream.codec_context
            if context.name != "h264" or "mp4" not in container.format.name or stream.start_time not in (0, None):
                return None
            if context.has_b_frames or stream.time_base is None or not stream.average_rate:
                return None
            extradata = bytes(context.extradata or b"")
            return (extradata, stream.time_base, stream.average_rate, context.width, context.height, context.pix_fmt)
    except (FileNotFoundError, PermissionError) as error:
        raise MissingClip(path) from error
    except (av.FFmpegError, IndexError) as error:
        raise DamagedClip(path, "not a video") from error


def can_join(paths: Sequence[Path]) -> bool:
    """True when all clips share their codec parameters, so that `join` may copy them."""
    first = codec_signature(paths[0])
    return first is not None and all(codec_signature(path) == first for path in paths[1:])


def join(
    paths: Sequence[Path],
    out: Path,
    metadata: Mapping[str, str],
    progress: Callable[[float, str], None],
    cancelled: Callable[[], bool],
) -> int:
    """Copy the pictures of `paths` (all `can_join`) into one faststart MP4 at `out`; returns the number of frames.

    Time stamps run on without a gap: a clip begins one frame after the last frame of the one before. `cancelled` is
    asked before every clip. Raises ExportCancelled, MissingClip, DamagedClip, ExportFailed, OSError.
    """
    options = {"movflags": "+faststart", "video_track_timescale": str(TIMESCALE), "fflags": "+bitexact"}
    target: VideoStream | None = None
    frames = 0
    with av.open(str(out), "w", format="mp4", options=options) as container:
        container.metadata.update(metadata)
        for number, path in enumerate(paths):
            if cancelled():
                raise ExportCancelled
            progress(number / len(paths), f"joining {number + 1} of {len(paths)}")
            with _opened(path) as source:
                stream = source.streams.video[0]
                if target is None:
                    target = container.add_stream_from_template(stream)
                frames += _copy(source, stream, container, target, frames, path)
    _check_count(out, frames)
    return frames


def _copy(
    source: av.container.InputContainer,
    stream: VideoStream,
    container: av.container.OutputContainer,
    target: VideoStream,
    frames_before: int,
    path: Path,
) -> int:
    """Append one clip's packets `frames_before` frames into the film; returns how many there were."""
    assert stream.average_rate and stream.time_base  # codec_signature saw both
    tick = Fraction(stream.time_base.numerator, stream.time_base.denominator)
    rate = Fraction(stream.average_rate.numerator, stream.average_rate.denominator)
    offset = round(frames_before / rate / tick)
    count = 0
    for packet in _packets(source, stream, path):
        packet.pts = (packet.pts or 0) + offset
        packet.dts = (packet.dts or 0) + offset
        packet.stream = target
        container.mux(packet)
        count += 1
    if count == 0 or (stream.frames and count != stream.frames):
        raise DamagedClip(path, "it ends too early")
    return count


def _packets(source: av.container.InputContainer, stream: VideoStream, path: Path) -> list[Packet[VideoStream]]:
    try:
        packets = [packet for packet in source.demux(stream) if packet.size]
    except av.FFmpegError as error:
        raise DamagedClip(path, error.strerror or "cannot be read") from error
    if any(packet.is_corrupt for packet in packets):
        raise DamagedClip(path, "it ends too early")
    return packets


def _opened(path: Path) -> av.container.InputContainer:
    try:
        return av.open(str(path))
    except (FileNotFoundError, PermissionError) as error:
        raise MissingClip(path) from error
    except av.FFmpegError as error:
        raise DamagedClip(path, error.strerror or "not a video") from error


def _check_count(out: Path, frames: int) -> None:
    with av.open(str(out)) as container:
        written = container.streams.video[0].frames
    if written != frames:
        raise ExportFailed(
            f"The joined film has {written} of {frames} frames.", "Export again with a size set, which re-encodes."
        )
