"""One clip, decoded by frame number with PyAV. Used by the thread that reads frames, and only there.

The house's clips have a key frame every twelve frames and no B-frames, so a frame is at most twelve decodes away; other
clips play as well, only slower. PyAV is imported when the first clip is opened: the window is up long before.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

if TYPE_CHECKING:
    import av

_UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED
_FINE_WIDTH = 480  # smaller pictures are shown enlarged: their colours are worth the careful, slower conversion


class BrokenClip(Exception):
    """A clip that cannot be shown; the text says why, in a few words."""


class OpenClip:
    """An open video file. `frame(i)` decodes; on the way it hands out the frames it meets. Raises BrokenClip."""

    def __init__(self, path: Path) -> None:
        import av
        from av.video.reformatter import VideoReformatter

        self._error = av.FFmpegError
        self._reformatter = VideoReformatter()
        try:
            self._container = av.open(str(path))
        except FileNotFoundError:
            raise BrokenClip("its file is gone") from None
        except (av.FFmpegError, OSError) as error:
            raise BrokenClip(f"its file does not open ({error.strerror or 'not a video'})") from error
        try:
            self._list_frames()
        except BaseException:
            self._container.close()
            raise
        self._decoder: Iterator[av.VideoFrame] = iter(())
        self._next = -1

    def __len__(self) -> int:
        return len(self._times)

    @property
    def fps(self) -> float:
        """Frames a second."""
        return float(self._stream.average_rate or self._stream.guessed_rate or Fraction(8))

    @property
    def frame_bytes(self) -> int:
        """How large one decoded frame is."""
        return self._stream.codec_context.width * self._stream.codec_context.height * 4

    def frames_to(self, index: int) -> Iterator[tuple[int, QImage]]:
        """Decode up to frame `index` from the key frame before it, or from where the last call ended, if nearer."""
        index = min(index, len(self) - 1)
        place = bisect_right(self._keys, index) - 1
        key = self._keys[max(0, place)]
        try:
            if not key <= self._next <= index:
                self._seek(key)
            for picture in self._decoder:
                found = bisect_left(self._times, picture.pts or 0)
                self._next = found + 1
                yield found, self._image(picture)
                if found >= index:
                    return
        except self._error as error:
            self._next = -1
            raise BrokenClip(f"frame {index + 1} does not decode") from error
        self._next = -1
        raise BrokenClip("it ends too early")

    def close(self) -> None:
        """Release the file."""
        self._decoder = iter(())
        self._container.close()

    def _list_frames(self) -> None:
        """Presentation times of all frames, and which of them are key frames; read from the packets, undecoded."""
        if not self._container.streams.video:
            raise BrokenClip("it has no picture")
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "SLICE"  # frame threads would keep a dozen frames back after every seek
        try:
            packets = [packet for packet in self._container.demux(self._stream) if packet.pts is not None]
        except self._error as error:
            raise BrokenClip("its file is damaged") from error
        self._times = sorted({packet.pts for packet in packets if packet.pts is not None})
        keys = (bisect_left(self._times, packet.pts or 0) for packet in packets if packet.is_keyframe)
        self._keys = sorted(keys)
        if not self._times or not self._keys:
            raise BrokenClip("it has no frames")

    def _seek(self, index: int) -> None:
        self._container.seek(self._times[index], stream=self._stream)
        self._decoder = self._container.decode(self._stream)
        self._next = index

    def _image(self, picture: av.VideoFrame) -> QImage:
        """The frame as Qt paints it fastest, in the colours the file says (BT.709 limited for our takes)."""
        from av.video.reformatter import ColorRange, Colorspace, Interpolation

        space = picture.colorspace
        if space == _UNSPECIFIED:
            space = int(Colorspace.ITU709 if picture.height >= 720 else Colorspace.ITU601)
        fine = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
        pixels = self._reformatter.reformat(
            picture,
            format="bgra",
            src_colorspace=space,
            src_color_range=picture.color_range or int(ColorRange.MPEG),
            dst_color_range=int(ColorRange.JPEG),
            interpolation=fine if picture.width < _FINE_WIDTH else Interpolation.BICUBIC,
            threads=1,
        ).planes[0]
        shared = QImage(memoryview(pixels), picture.width, picture.height, pixels.line_size, QImage.Format.Format_RGB32)
        return shared.copy()  # the frame's memory goes back to the decoder
