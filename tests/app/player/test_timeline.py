"""What the player plays, as numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.player.lookahead import wishes
from app.player.timeline import File, Segment, Timeline, timecode
from app.player.transport import moved_points


def timeline(*lengths: int, names: str = "abcdefgh", fps: float = 8.0) -> Timeline:
    segments, start = [], 0
    for name, frames in zip(names, lengths, strict=False):
        segments.append(Segment(name, len(segments) + 1, "", start, frames, File(Path(f"{name}.mp4"))))
        start += frames
    return Timeline(tuple(segments), fps)


def test_a_frame_of_the_scene_is_a_frame_of_the_take_under_it() -> None:
    scene = timeline(17, 13, 9)
    for frame, expected in ((0, ("a", 0)), (16, ("a", 16)), (17, ("b", 0)), (38, ("c", 8)), (99, ("c", 8))):
        place = scene.at(frame)
        assert place is not None
        assert (place[0].shot_id, place[1]) == expected


def test_up_and_down_go_from_cut_to_cut_and_stop_at_the_ends() -> None:
    scene = timeline(17, 13, 9)
    assert [scene.next_cut(frame) for frame in (0, 16, 17, 30, 38)] == [17, 17, 30, 38, 38]
    assert [scene.previous_cut(frame) for frame in (38, 30, 18, 17, 3, 0)] == [30, 17, 17, 0, 0, 0]


@pytest.mark.parametrize(
    ("frame", "fps", "text"),
    [(0, 8, "00:00:00:00"), (7, 8, "00:00:00:07"), (8, 8, "00:00:01:00"), (8 * 3661 + 3, 8, "01:01:01:03"),
     (24, 23.976, "00:00:01:00"), (90, 60, "00:00:01:30")],
)  # fmt: skip
def test_timecode_counts_frames_within_the_second(frame: int, fps: float, text: str) -> None:
    assert timecode(frame, fps) == text


def test_the_head_stays_on_its_moment_of_its_shot_when_shots_before_it_change() -> None:
    before = timeline(17, 13, 9)
    longer = timeline(29, 13, 9)
    assert longer.place_from(before, 20) == 32
    without_first = timeline(13, 9, names="bc")
    assert without_first.place_from(before, 20) == 3
    shorter = timeline(17, 5, 9)
    assert shorter.place_from(before, 29) == 21, "the last frame of the shot that became shorter"
    assert timeline(17, names="a").place_from(before, 20) == 16, "its shot is gone: the nearest frame"


def test_in_and_out_points_move_with_their_shots() -> None:
    before, after = timeline(17, 13, 9), timeline(29, 13, 9)
    assert moved_points((17, 30), before, after) == (29, 42)
    assert moved_points((20, before.length), before, after) == (32, after.length)
    assert moved_points((20, 25), before, timeline(17, names="a")) == (None, None)


def test_the_frames_around_the_head_are_wished_for_first() -> None:
    scene = timeline(40, 40)
    standing = [index for _, index in wishes(scene, 20)][:5]
    assert standing == [20, 21, 19, 22, 18]
    playing = [index for _, index in wishes(scene, 20, speed=1)][:5]
    assert playing == [20, 21, 22, 23, 24]
    back = [index for _, index in wishes(scene, 20, speed=-1)][:5]
    assert back == [20, 19, 18, 17, 16]


def test_a_loop_wishes_for_its_beginning_and_a_shot_without_a_take_for_nothing() -> None:
    scene = timeline(40, 40)
    assert ("a.mp4", 3) in {(clip.id, index) for clip, index in wishes(scene, 79, 1, wrap_to=0)}
    assert wishes(Timeline((Segment("a", 1, "", 0, 9),)), 3) == []
    assert wishes(Timeline(), 0) == []


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(0, 300))
def test_every_frame_belongs_to_exactly_one_shot(lengths: list[int], frame: int) -> None:
    scene = timeline(*lengths)
    assert scene.length == sum(lengths)
    place = scene.at(frame)
    assert place is not None
    segment, local = place
    assert 0 <= local < segment.frames
    assert segment.start + local == min(frame, scene.length - 1)
    assert scene.place_from(scene, frame) == scene.clamp(frame)
