"""A heart that beats says whether the thread behind it still moves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from engine import pulse
from engine.contract import Heartbeat
from engine.pulse import Pulse

SOON = 60.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "HEARTBEAT_S", 0.1)
    monkeypatch.setattr(pulse, "LOOK_S", 0.01)


class Patient:
    """A thread at work, and what its heart says."""

    def __init__(self, work: Callable[[threading.Event], object], busy: bool = True) -> None:
        self.beats: list[Heartbeat] = []
        self._end, self._began = threading.Event(), threading.Event()
        self._work = work
        self.threads = [threading.Thread(target=self._run, args=(busy,))]
        self.threads[0].start()
        assert self._began.wait(SOON)
        self.threads.append(threading.Thread(target=self.pulse.beat, args=(self.beats.append, self._end)))
        self.threads[1].start()

    def _run(self, busy: bool) -> None:
        self.pulse = Pulse(busy)
        self._began.set()
        self._work(self._end)

    def beats_until(self, there: Callable[[], bool]) -> list[Heartbeat]:
        end = time.monotonic() + SOON
        while not there() and time.monotonic() < end:
            time.sleep(0.01)
        return list(self.beats)

    def close(self) -> None:
        self._end.set()
        for thread in self.threads:
            thread.join()


@pytest.fixture
def patients() -> Iterator[list[Patient]]:
    found: list[Patient] = []
    yield found
    for patient in found:
        patient.close()


def compute(end: threading.Event) -> None:
    """Work as a model does it: many calls, one after the other, without a word."""
    while not end.is_set():
        sum(number * number for number in range(200))


def test_a_thread_that_waits_in_one_call_is_seen_to_stand_still(patients: list[Patient]) -> None:
    patients.append(Patient(threading.Event.wait))
    beats = patients[0].beats_until(lambda: any(beat.still_s > 1.0 for beat in patients[0].beats))
    assert beats[-1].still_s > 1.0, "and its heart beats on"
    assert beats[-1].rss > 1 << 20
    still = [beat.still_s for beat in beats]
    assert still == sorted(still)


def test_a_thread_that_computes_without_a_word_moves(patients: list[Patient]) -> None:
    patients.append(Patient(compute))
    later = slice(5, None)  # one that stood still would have told of it by then, in every beat
    beats = patients[0].beats_until(lambda: any(beat.still_s == 0.0 for beat in patients[0].beats[later]))
    assert any(beat.still_s == 0.0 for beat in beats[later])


def test_a_thread_without_work_rests_and_does_not_stand_still(patients: list[Patient]) -> None:
    patients.append(Patient(threading.Event.wait, busy=False))
    beats = patients[0].beats_until(lambda: len(patients[0].beats) >= 5)
    assert {beat.still_s for beat in beats} == {0.0}


def test_what_is_told_is_a_sign_and_work_begins_at_nought(patients: list[Patient]) -> None:
    patients.append(Patient(threading.Event.wait))
    heart = patients[0].pulse
    patients[0].beats_until(lambda: heart.still_s > 0.5)
    heart.sign()
    assert heart.still_s < 0.5
    heart.rest()
    assert heart.still_s == 0.0
    time.sleep(0.2)
    heart.begin()
    assert heart.still_s < 0.2
