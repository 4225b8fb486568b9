"""Frames come exact, from a bounded cache, and a broken clip breaks nothing else."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.player.clips import BrokenClip, OpenClip
from app.player.frames import FrameReader
from app.player.timeline import File

from .footage import SIZE, footage, read_back, write_clip

FRAME_BYTES = SIZE[0] * SIZE[1] * 4


@pytest.fixture
def clip(tmp_path: Path) -> File:
    write_clip(tmp_path / "clip.mp4", footage(33, mark=2))
    return File(tmp_path / "clip.mp4")


@pytest.fixture
def reader(qtbot: QtBot) -> Iterator[FrameReader]:
    reader = FrameReader(budget=64 * 2**20)
    yield reader
    reader.close()


def test_every_frame_is_the_one_that_was_asked_for_in_any_order(clip: File) -> None:
    opened = OpenClip(clip.video)
    assert (len(opened), opened.fps) == (33, 8.0)
    order = list(range(33)) + random.Random(1).sample(range(33), 33) + list(reversed(range(33)))
    for number in order:
        shown = dict(opened.frames_to(number))
        assert read_back(shown[number]) == (number, 2)
        assert len(shown) <= 12, "a key frame is at most twelve frames away"
    opened.close()


def test_colours_are_those_that_were_encoded(tmp_path: Path) -> None:
    frames = np.zeros((1, 64, 112, 3), np.uint8)
    frames[:] = (200, 40, 90)
    write_clip(tmp_path / "red.mp4", frames)
    opened = OpenClip(tmp_path / "red.mp4")
    ((_, image),) = opened.frames_to(0)
    found = image.pixelColor(50, 30)
    assert abs(found.red() - 200) <= 3
    assert abs(found.green() - 40) <= 3
    assert abs(found.blue() - 90) <= 3
    opened.close()


def test_a_frame_that_is_missing_is_announced_when_it_has_come(qtbot: QtBot, reader: FrameReader, clip: File) -> None:
    assert reader.frame(clip, 20) is None
    with qtbot.waitSignal(reader.ready, timeout=20_000):
        reader.want([(clip, 20)])
    image = reader.frame(clip, 20)
    assert image is not None
    assert read_back(image) == (20, 2)


def test_what_is_wished_for_is_decoded_ahead(qtbot: QtBot, reader: FrameReader, clip: File) -> None:
    reader.want([(clip, number) for number in range(33)])
    qtbot.waitUntil(lambda: reader.frame(clip, 32) is not None, timeout=20_000)
    assert all(reader.frame(clip, number) is not None for number in range(33))


def test_the_cache_keeps_to_its_budget_and_to_what_is_most_urgent(qtbot: QtBot, clip: File) -> None:
    reader = FrameReader(budget=20 * FRAME_BYTES)
    reader.want([(clip, number) for number in reversed(range(33))])
    qtbot.waitUntil(lambda: reader.frame(clip, 18) is not None, timeout=20_000)
    time.sleep(0.1)
    assert reader.cached_bytes <= 20 * FRAME_BYTES
    assert reader.frame(clip, 32) is not None, "the most urgent frame is kept"
    assert reader.frame(clip, 0) is None, "what has no room is not read"
    reader.close()


def test_of_takes_the_scene_shows_no_more_only_the_last_few_keep_their_frames(
    qtbot: QtBot, reader: FrameReader, tmp_path: Path
) -> None:
    takes = []
    for number in range(8):
        write_clip(tmp_path / f"{number}.mp4", footage(9, mark=2))
        takes.append(File(tmp_path / f"{number}.mp4"))
        reader.want([(takes[-1], 0)])
        qtbot.waitUntil(lambda number=number: reader.frame(takes[number], 0) is not None, timeout=20_000)  # type: ignore[misc]
    reader.let_go({takes[0].id})
    kept = [number for number, take in enumerate(takes) if reader.frame(take, 0) is not None]
    assert kept == [0, 4, 5, 6, 7]
    assert reader.cached_bytes == 5 * FRAME_BYTES


def test_a_clip_that_is_gone_says_so_and_the_next_one_plays(
    qtbot: QtBot, reader: FrameReader, clip: File, tmp_path: Path
) -> None:
    gone = File(tmp_path / "gone.mp4")
    with qtbot.waitSignal(reader.failed, timeout=20_000) as failed:
        reader.want([(gone, 0), (clip, 0)])
    assert failed.args == [gone.id, "its file is gone"]
    assert reader.problem(gone)
    qtbot.waitUntil(lambda: reader.frame(clip, 0) is not None, timeout=20_000)


@pytest.mark.parametrize("kind", ["text", "cut short", "empty", "folder"])
def test_a_damaged_file_is_a_broken_clip_and_nothing_worse(clip: File, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "damaged.mp4"
    if kind == "folder":
        path.mkdir()
    else:
        data = {"text": b"no film", "cut short": clip.video.read_bytes()[:900], "empty": b""}[kind]
        path.write_bytes(data)
    with pytest.raises(BrokenClip):
        list(OpenClip(path).frames_to(0))


def test_a_broken_clip_is_tried_again_after_its_file_is_back(
    qtbot: QtBot, reader: FrameReader, clip: File, tmp_path: Path
) -> None:
    late = File(tmp_path / "late.mp4")
    with qtbot.waitSignal(reader.failed, timeout=20_000):
        reader.want([(late, 0)])
    late.video.write_bytes(clip.video.read_bytes())
    reader.forget_problems()
    reader.want([(late, 0)])
    qtbot.waitUntil(lambda: reader.frame(late, 0) is not None, timeout=20_000)


def test_a_clip_tells_its_length(qtbot: QtBot, reader: FrameReader, clip: File) -> None:
    with qtbot.waitSignal(reader.described, timeout=20_000) as described:
        reader.describe(clip)
    assert described.args == [clip.id, 33, 8.0]


def test_closing_ends_the_thread_also_twice_and_unused(qtbot: QtBot, clip: File) -> None:
    unused = FrameReader()
    unused.close()
    reader = FrameReader()
    reader.want([(clip, number) for number in range(33)])
    reader.close()
    reader.close()
    assert reader.cached_bytes == 0
