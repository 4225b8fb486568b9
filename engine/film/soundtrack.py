"""The audio file under an export, as blocks of samples: cut at the film's end, silence where it is shorter."""

from __future__ import annotations

import importlib
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
import numpy.typing as npt

from engine.film.encode import AUDIO_RATE
from engine.film.errors import DamagedClip, MissingClip

_BLOCK = 4096


class Soundtrack:
    """An audio file read by MoviePy (its own ffmpeg), 48 kHz stereo, block by block.

    Raises MissingClip, or DamagedClip when there is no sound in the file.
    """

    def __init__(self, path: Path, fps: Fraction) -> None:
        _check_sound(path)
        self._fps = fps
        self._given = 0
        try:
            self._clip: Any = importlib.import_module("moviepy").AudioFileClip(str(path), fps=AUDIO_RATE)
        except (OSError, KeyError, ValueError) as error:
            raise DamagedClip(path, "there is no sound in it", "audio file") from error
        self._samples = int(self._clip.duration * AUDIO_RATE)

    def up_to(self, frames: int) -> npt.NDArray[np.float32]:
        """The samples `(N, 2)` not given yet until the end of output frame number `frames` (counted from 1)."""
        stop = round(frames * AUDIO_RATE / self._fps)
        blocks = []
        while self._given < stop:
            count = min(stop - self._given, self._block())
            blocks.append(self._read(count))
            self._given += count
        return np.concatenate(blocks) if blocks else np.zeros((0, 2), np.float32)

    def close(self) -> None:
        """End MoviePy's ffmpeg and close its pipes (MoviePy forgets them when the process has ended by itself)."""
        process = self._clip.reader.proc if self._clip.reader else None
        self._clip.close()
        for pipe in (process.stdout, process.stderr) if process else ():
            if pipe is not None:
                pipe.close()
        if process:
            process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _block(self) -> int:
        # MoviePy's reader mixes up times and flags when one question spans half its buffer, so ask for less.
        return max(1, min(_BLOCK, int(self._clip.reader.buffersize) // 2 - 1))

    def _read(self, count: int) -> npt.NDArray[np.float32]:
        block = np.zeros((count, 2), np.float32)
        sounding = min(count, self._samples - self._given)
        if sounding > 0:
            times = np.arange(self._given, self._given + sounding) / AUDIO_RATE
            block[:sounding] = self._clip.get_frame(times)
        return block


def _check_sound(path: Path) -> None:
    """Look before MoviePy does: its reader's destructor fails when its constructor did."""
    if not path.is_file():
        raise MissingClip(path, "audio file")
    try:
        with av.open(str(path)) as container:
            if container.streams.audio:
                return
    except av.FFmpegError as error:
        raise DamagedClip(path, error.strerror or "not a sound file", "audio file") from error
    raise DamagedClip(path, "there is no sound in it", "audio file")
