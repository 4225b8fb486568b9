"""How the head moves."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.player.transport import Transport

from .test_timeline import timeline


@pytest.fixture
def transport(qtbot: QtBot) -> Transport:
    made = Transport()
    made.set_timeline(timeline(10, 10, 10, fps=60.0), keep=False)
    return made


def test_playing_goes_to_the_end_and_stops_on_the_last_frame(qtbot: QtBot, transport: Transport) -> None:
    transport.play()
    qtbot.waitUntil(lambda: not transport.playing, timeout=10_000)
    assert transport.head == 29


def test_playing_from_the_end_begins_again(transport: Transport) -> None:
    transport.go_to_end()
    transport.play()
    assert (transport.head, transport.playing) == (0, True)


def test_playing_keeps_the_speed_of_the_clock_not_of_the_painting(qtbot: QtBot, transport: Transport) -> None:
    transport.set_timeline(timeline(10_000, fps=100.0), keep=False)
    transport.moved.connect(lambda _frame: qtbot.wait(25))
    transport.play()
    qtbot.wait(600)
    assert transport.head >= 40, "late frames are skipped"
    transport.moved.disconnect()
    transport.pause()


def test_l_and_j_are_faster_with_every_press_and_turn_round(transport: Transport) -> None:
    transport.seek(15)
    speeds = []
    for direction in (1, 1, 1, 1, 1, -1, -1, 1):
        transport.shuttle(direction)
        speeds.append(transport.speed)
    assert speeds == [1, 2, 4, 8, 8, -1, -2, 1]
    transport.pause()
    assert transport.speed == 0


def test_playing_backwards_ends_at_the_beginning(qtbot: QtBot, transport: Transport) -> None:
    transport.seek(5)
    transport.shuttle(-1)
    qtbot.waitUntil(lambda: not transport.playing, timeout=10_000)
    assert transport.head == 0


def test_in_and_out_points_hold_what_is_played(qtbot: QtBot, transport: Transport) -> None:
    transport.seek(8)
    transport.set_in()
    transport.seek(14)
    transport.set_out()
    assert (transport.in_point, transport.out_point) == (8, 15)
    transport.seek(25)
    seen: list[int] = []
    transport.moved.connect(seen.append)
    transport.play()
    qtbot.waitUntil(lambda: not transport.playing, timeout=10_000)
    assert (min(seen), max(seen), transport.head) == (8, 14, 14)
    transport.clear_in()
    assert (transport.in_point, transport.out_point) == (0, 15)
    transport.clear_out()
    assert not transport.has_range


def test_an_out_point_before_the_in_point_takes_that_away(transport: Transport) -> None:
    transport.seek(20)
    transport.set_in()
    transport.seek(10)
    transport.set_out()
    assert transport.points == (None, 11)
    transport.seek(25)
    transport.set_in()
    assert transport.points == (25, None)


def test_a_loop_goes_round_inside_the_range(qtbot: QtBot, transport: Transport) -> None:
    transport.set_points((10, 14))
    transport.toggle_loop()
    transport.play()
    starts: list[int] = []
    transport.moved.connect(lambda frame: starts.append(frame) if frame == 10 else None)
    qtbot.waitUntil(lambda: len(starts) >= 3, timeout=10_000)
    assert transport.playing
    transport.pause()


def test_stepping_stops_and_stays_inside(transport: Transport) -> None:
    transport.play()
    transport.step(1)
    assert not transport.playing
    transport.seek(0)
    transport.step(-1)
    assert transport.head == 0
    transport.step_seconds(1)
    assert transport.head == 29


def test_the_head_stays_where_it_is_when_the_timeline_changes_under_it(transport: Transport) -> None:
    transport.seek(12)
    transport.set_points((10, 20))
    transport.play()
    transport.set_timeline(timeline(30, 10, 10, fps=60.0), keep=True)
    assert transport.head >= 32
    assert transport.points == (30, 40)
    assert transport.playing
    transport.pause()
    transport.set_timeline(timeline(fps=60.0), keep=True)
    assert (transport.head, transport.playing) == (0, False)
    transport.play()
    assert not transport.playing, "there is nothing to play"
