"""How long an engine may stand still follows from its steps: slow work is let be, a hang is not."""

from __future__ import annotations

import pytest

from app.engine_client.pace import Pace

MINUTE = 60.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr("app.engine_client.pace.time.monotonic", found)
    return found


def paced(clock: Clock, *seconds: float) -> Pace:
    """An engine that took so long for each step of a request."""
    pace = Pace()
    pace.begin()
    for number, each in enumerate(seconds, 1):
        clock.now += each
        pace.step(number)
    return pace


def test_a_fast_engine_is_still_given_many_minutes(clock: Clock) -> None:
    pace = paced(clock, 0.2, 0.2, 0.2)
    assert pace.tell_still_s >= MINUTE and pace.end_still_s >= 10 * MINUTE


def test_steps_of_minutes_make_for_hours_of_patience(clock: Clock) -> None:
    pace = paced(clock, 400.0, 240.0, 300.0)
    assert pace.step_s == 270.0
    assert pace.tell_still_s == 3 * 300.0 and pace.end_still_s == 10 * 300.0


def test_before_there_are_steps_nobody_knows_what_is_long(clock: Clock) -> None:
    pace = paced(clock, 700.0)  # loading, compiling, and the first step
    assert pace.tell_still_s == 3 * MINUTE and pace.end_still_s == 30 * MINUTE


def test_a_request_says_nothing_about_the_next_one_which_may_be_far_larger(clock: Clock) -> None:
    pace = paced(clock, 0.2, 0.2, 0.2)
    pace.begin()
    assert pace.end_still_s == 30 * MINUTE
    assert pace.step_s == pytest.approx(0.2), "but how long a cancelled step may take is remembered"


def test_the_first_step_of_a_take_has_the_files_of_the_one_before_in_it(clock: Clock) -> None:
    pace = paced(clock, 1.0, 2.0)
    clock.now += 500.0
    pace.step(1)
    assert pace.step_s == 2.0 and pace.end_still_s == 10 * MINUTE
