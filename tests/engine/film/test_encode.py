"""What a take's video is: exact frames in, playable anywhere, the same bytes every time."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from engine.film.decode import FrameReader, boxes, probe, read_frames
from engine.film.encode import GOP, encode_video, exact_rate
from engine.film.errors import BadFrames, DamagedClip, MissingClip
from tests.engine.film.footage import CLIPS, moving_shot, psnr


def test_a_video_is_h264_yuv420p_with_its_index_in_front_and_all_its_frames(tmp_path: Path) -> None:
    encode_video(tmp_path / "take.mp4", moving_shot(17), 8.0)
    info = probe(tmp_path / "take.mp4")
    assert (info.codec, info.pix_fmt, info.width, info.height) == ("h264", "yuv420p", 96, 64)
    assert (info.fps, info.frames, info.faststart) == (8.0, 17, True)
    order = boxes(tmp_path / "take.mp4")
    assert order.index("moov") < order.index("mdat")


def test_decoded_frames_look_like_the_source(tmp_path: Path) -> None:
    frames = moving_shot(17)
    encode_video(tmp_path / "take.mp4", frames, 8.0)
    decoded = read_frames(tmp_path / "take.mp4")
    assert decoded.shape == frames.shape
    assert psnr(decoded, frames) > 38
    assert abs(float(decoded.mean()) - float(frames.mean())) < 0.5  # neither washed out nor darkened


def test_the_stream_says_bt709_limited_range_short_gop_and_fixed_time_base(tmp_path: Path) -> None:
    encode_video(tmp_path / "take.mp4", moving_shot(30), 23.976)
    with av.open(str(tmp_path / "take.mp4")) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        tags = (context.color_range, context.colorspace, context.color_primaries, context.color_trc)
        packets = [packet for packet in container.demux(stream) if packet.size]
        assert stream.time_base == Fraction(1, 120_000)
        assert stream.average_rate == Fraction(24_000, 1001)
    assert tags == (1, 1, 1, 1)
    keys = [place for place, packet in enumerate(packets) if packet.is_keyframe]
    assert keys[0] == 0 and max(np.diff([*keys, len(packets)])) <= GOP
    assert [packet.pts for packet in packets] == [packet.dts for packet in packets] == [5005 * n for n in range(30)]


def test_encoding_the_same_frames_again_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.mp4", "two.mp4"):
        encode_video(tmp_path / name, moving_shot(13), 8.0)
    digests = {hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("one.mp4", "two.mp4")}
    assert len(digests) == 1


def test_odd_sizes_gain_one_repeated_row_and_column(tmp_path: Path) -> None:
    frames = moving_shot(3, size=(33, 21))
    encode_video(tmp_path / "odd.mp4", frames, 8.0)
    decoded = read_frames(tmp_path / "odd.mp4")
    assert decoded.shape == (3, 22, 34, 3)
    assert psnr(decoded[:, :21, :33], frames) > 36


@pytest.mark.parametrize(("fps", "rate"), [(8.0, "8"), (23.976, "24000/1001"), (29.97, "30000/1001"), (12.5, "25/2")])
def test_a_rate_given_as_a_float_is_the_rate_that_was_meant(fps: float, rate: str) -> None:
    assert exact_rate(fps) == Fraction(rate)


@pytest.mark.parametrize("shape", [(0, 8, 8, 3), (4, 8, 8), (4, 8, 8, 4)])
def test_frames_of_another_shape_are_refused_with_the_shape_to_use(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(BadFrames, match=r"\(T, H, W, 3\)"):
        encode_video(tmp_path / "bad.mp4", np.zeros(shape, np.uint8), 8.0)


def test_any_order_of_seeks_gives_the_same_frames_as_playing_through(tmp_path: Path) -> None:
    encode_video(tmp_path / "take.mp4", moving_shot(40), 8.0)
    played = read_frames(tmp_path / "take.mp4")
    order = np.random.default_rng(0).permutation(40)
    with FrameReader(tmp_path / "take.mp4", cache_bytes=5 * played[0].nbytes) as reader:
        for index in [*order, 39, 0, 38, 1]:
            assert np.array_equal(reader.frame(int(index)), played[index])
            assert len(reader._cache) <= 5
    assert np.array_equal(read_frames(tmp_path / "take.mp4", 11, 14), played[11:14])


def test_frames_outside_a_clip_are_refused(tmp_path: Path) -> None:
    encode_video(tmp_path / "take.mp4", moving_shot(5), 8.0)
    with pytest.raises(BadFrames, match="5 frames"):
        read_frames(tmp_path / "take.mp4", 3, 6)
    with FrameReader(tmp_path / "take.mp4") as reader, pytest.raises(BadFrames, match="no frame 5"):
        reader.frame(5)


def test_missing_truncated_garbled_and_foreign_files_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(MissingClip, match=r"gone\.mp4"):
        probe(tmp_path / "gone.mp4")
    (tmp_path / "text.mp4").write_text("not a video")
    with pytest.raises(DamagedClip, match=r"text\.mp4"):
        probe(tmp_path / "text.mp4")
    encode_video(tmp_path / "take.mp4", moving_shot(25), 8.0)
    whole = (tmp_path / "take.mp4").read_bytes()
    (tmp_path / "short.mp4").write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(DamagedClip, match=r"short\.mp4"):
        read_frames(tmp_path / "short.mp4")
    middle = len(whole) * 2 // 3
    (tmp_path / "rotten.mp4").write_bytes(whole[:middle] + bytes(200) + whole[middle + 200 :])
    with pytest.raises(DamagedClip, match=r"rotten\.mp4"):
        read_frames(tmp_path / "rotten.mp4")


@pytest.mark.skipif(not CLIPS.is_dir(), reason=f"real clips are not here: {CLIPS}")
def test_seeking_in_a_foreign_clip_with_b_frames_is_exact() -> None:
    clip = CLIPS / "toy-rabbit.mp4"
    played = read_frames(clip, 60, 70)
    with FrameReader(clip) as reader:
        for index in (65, 61, 69, 60):
            assert np.array_equal(reader.frame(index), played[index - 60])
