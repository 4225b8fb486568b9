"""Clips from elsewhere become frames of a model's rate and size, or a sentence that says why not."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from engine.film.clips import Clip, ClipGone, ClipUnusable, Wanted, read_clip


def film(
    path: Path, times: list[float], size: tuple[int, int] = (64, 32), codec: str = "libx264", aspect: int = 1
) -> Path:
    """A clip whose picture at each of the times (seconds) is a grey of its own: 8 times its number."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 12_000)
        stream.codec_context.sample_aspect_ratio = Fraction(aspect, 1)
        for number, time in enumerate(times):
            picture = av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), 8 * number, np.uint8), format="rgb24")
            picture.pts, picture.time_base = round(time * 12_000), Fraction(1, 12_000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def numbers(clip: Clip) -> list[int]:
    """Which pictures of the source were taken."""
    return [round(float(frame.mean()) / 8) for frame in clip.frames]


def wanted(fps: float = 8.0, size: tuple[int, int] = (64, 32), longest: int = 401) -> Wanted:
    """What the tiny model needs."""
    return Wanted(size, fps, 4, 5, longest)


def every(fps: float, count: int) -> list[float]:
    """Times of a constant rate."""
    return [number / fps for number in range(count)]


@pytest.mark.parametrize(
    ("fps", "count", "expected"),
    [
        (8, 17, list(range(17))),  # as it is
        (24, 27, [0, 3, 6, 9, 12, 15, 18, 21, 24]),  # every third
        (4, 5, [0, 0, 1, 1, 2, 2, 3, 3, 4]),  # each twice; 10 frames, of which 9 are 4n+1
        (30, 31, [0, 3, 7, 11, 15, 18, 22, 26, 30]),  # the one that stands at each eighth of a second
        (8, 12, list(range(9))),  # cut down to 4n+1
    ],
)
def test_any_rate_becomes_the_models(tmp_path: Path, fps: float, count: int, expected: list[int]) -> None:
    clip = read_clip(film(tmp_path / "a.mp4", every(fps, count)), wanted())
    assert numbers(clip) == expected and clip.frames.shape[1:] == (32, 64, 3)
    assert clip.seconds == pytest.approx(count / fps, abs=0.13) and clip.source_size == (64, 32)


def test_a_clip_without_a_constant_rate_is_read_by_its_time_stamps(tmp_path: Path) -> None:
    clip = read_clip(film(tmp_path / "a.mkv", [0.0, 0.5, 0.55, 1.0, 1.01, 1.25]), wanted())
    assert numbers(clip)[:10] == [0, 0, 0, 0, 1, 2, 2, 2, 3, 4][: len(clip.frames)]


@pytest.mark.parametrize(("source", "aspect"), [((128, 32), 1), ((32, 64), 1), ((640, 360), 1), ((32, 32), 2)])
def test_any_size_fills_the_models_without_distortion(tmp_path: Path, source: tuple[int, int], aspect: int) -> None:
    path = tmp_path / "a.mp4"
    pixels = np.zeros((source[1], source[0], 3), np.uint8)
    height = source[1] // 4
    width = height // aspect
    top, left = (source[1] - height) // 2, (source[0] - width) // 2
    pixels[top : top + height, left : left + width] = 255  # a square in the middle, as it is seen
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=8, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = *source, "yuv444p"
        stream.codec_context.sample_aspect_ratio = Fraction(aspect, 1)
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    frame = read_clip(path, wanted()).frames[0][..., 0] > 127
    rows, columns = np.flatnonzero(frame.any(1)), np.flatnonzero(frame.any(0))
    assert abs(len(rows) - len(columns)) <= 2, "a square stays one"
    assert abs(rows.mean() - 15.5) <= 1 and abs(columns.mean() - 31.5) <= 1, "and stays in the middle"


def test_what_cannot_become_a_take_is_told_with_what_to_do(tmp_path: Path) -> None:
    good = film(tmp_path / "good.mp4", every(8, 17))
    (tmp_path / "letter.mp4").write_text("dear")
    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=48_000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 9600), np.float32), format="fltp", layout="mono")
        sound.sample_rate = 48_000
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    Image.new("RGB", (64, 32)).save(tmp_path / "still.png")
    whole = film(tmp_path / "whole.mkv", every(8, 32)).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    broken = bytearray(good.read_bytes())
    broken[len(broken) // 3 : len(broken) // 2] = bytes(len(broken) // 2 - len(broken) // 3)
    (tmp_path / "broken.mp4").write_bytes(bytes(broken))
    for name, words, hint in (
        ("letter.mp4", "is no clip that can be read", "ffmpeg"),
        ("sound.mp4", "has sound but no picture", "exported"),
        ("still.png", "is a single picture", "reference image"),
        ("cut.mkv", r"is damaged: it ends after .* s of 3\.9 s", "Copy it again"),
        ("broken.mp4", "is damaged", "ffmpeg"),
    ):
        with pytest.raises(ClipUnusable, match=words) as told:
            read_clip(tmp_path / name, wanted())
        assert hint in told.value.hint and told.value.code == "bad_request"
    with pytest.raises(ClipUnusable, match=r"gives 3 frames at 8 a second; a shot has at least 5"):
        read_clip(film(tmp_path / "short.mp4", every(8, 3)), wanted())
    with pytest.raises(ClipUnusable, match=r"is 2\.[01] s long; a shot has at most 1\.1 s \(9 frames at 8 a second\)"):
        read_clip(good, wanted(longest=9))
    with pytest.raises(ClipGone, match="There is no clip"):
        read_clip(tmp_path / "nowhere.mp4", wanted())


def test_reading_can_be_stopped(tmp_path: Path) -> None:
    calls = 0

    def go_on() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_clip(film(tmp_path / "a.mp4", every(8, 17)), wanted(), go_on)
    assert calls == 3
