"""An engine that hangs in the middle of a render, and one that talks without end."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.document.open_document import OpenDocument
from app.engine_client import pace
from app.engine_client.queue_runner import QueueRunner
from app.shots_model import ShotProgress
from app.verbs import Verbs
from tests.app.conftest import fake_engine

LONG = 90_000
SCRIPTED = (sys.executable, "-m", "commands.scripted_engine")


@pytest.fixture
def runners() -> Iterator[list[QueueRunner]]:
    """Runners that are closed when the test ends."""
    made: list[QueueRunner] = []
    yield made
    for runner in made:
        runner.close()


def states(document: OpenDocument) -> list[str]:
    assert document.flush(30_000)
    return [job.state for job in document.jobs]


@pytest.mark.skipif(sys.platform == "win32", reason="stops a process by a signal")
@pytest.mark.timeout(200)
def test_an_engine_that_hangs_in_a_render_is_ended_and_the_queue_goes_on(
    document: OpenDocument, runners: list[QueueRunner], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "SILENCE_S", 3.0)
    monkeypatch.setattr(pace, "SILENCE_STEPS", 3)
    runner = QueueRunner(document, fake_engine("--steps", "60", "--step-s", "0.05"))
    runners.append(runner)
    runner.start()
    first, second = document.storyboard.shot_ids(document.scene_id)[:2]
    verbs = Verbs(document, runner, lambda: [first, second])
    with qtbot.waitSignal(runner.step, timeout=LONG, check_params_cb=lambda _, progress: progress.step > 2):
        verbs.generate()
    hung = runner.engine_pid
    with qtbot.waitSignal(runner.job_interrupted, timeout=LONG) as offered:
        os.kill(hung, signal.SIGSTOP)  # as a driver that never returns: alive, and deaf to everything
    assert offered.args[1] == first
    with pytest.raises(ProcessLookupError):
        os.kill(hung, 0)
    qtbot.waitUntil(lambda: states(document) == ["interrupted", "done"], timeout=LONG)
    assert runner.engine_pid not in (0, hung)
    assert document.storyboard.shot(second).take_count == 1


@pytest.fixture
def hung(document: OpenDocument, runners: list[QueueRunner], tmp_path: Path) -> QueueRunner:
    """An engine that stops for good in its third step, once, while its heart beats on."""
    once = ("--hang-at-step", "3", "--once", str(tmp_path / "hung"))
    runners.append(QueueRunner(document, fake_engine("--steps", "6", "--step-s", "0.05", *once)))
    runners[0].start()
    return runners[0]


def told_of(stalled: list[tuple[str, str, float]]) -> bool:
    return any(seconds > 0 for _, _, seconds in stalled)


@pytest.mark.timeout(200)
def test_an_engine_whose_main_thread_hangs_is_told_of_and_restarted_when_the_user_says_so(
    document: OpenDocument, hung: QueueRunner, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "TELL_STILL_S", 1.0)
    stalled: list[tuple[str, str, float]] = []
    shown: list[ShotProgress] = []
    hung.stalled.connect(lambda *words: stalled.append(words))
    hung.step.connect(lambda _shot, progress: shown.append(progress))
    first, second = document.storyboard.shot_ids(document.scene_id)[:2]
    verbs = Verbs(document, hung, lambda: [first, second])
    verbs.generate()
    qtbot.waitUntil(lambda: told_of(stalled), timeout=LONG)
    job_id, name, seconds = next(words for words in stalled if words[2])
    assert (job_id, name) == (document.jobs[0].id, "shot 1") and seconds > 1.0
    assert shown[-1].still_s > 1.0 and shown[-1].step >= 2, "the job says so, where it stands"
    assert states(document)[0] == "running", "nothing is ended before the user says so"
    pid = hung.engine_pid
    with qtbot.waitSignal(hung.job_interrupted, timeout=LONG) as offered:
        verbs.restart_engine()
    assert offered.args == [job_id, first] and stalled[-1][2] == 0.0
    qtbot.waitUntil(lambda: states(document) == ["interrupted", "done"], timeout=LONG)
    verbs.retry(job_id)
    qtbot.waitUntil(lambda: sorted(states(document)) == ["done", "done"], timeout=LONG)
    assert hung.engine_pid not in (0, pid)


@pytest.mark.timeout(200)
def test_an_engine_whose_main_thread_hangs_is_restarted_after_a_time_no_step_comes_near(
    document: OpenDocument, hung: QueueRunner, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "END_STILL_S", 4.0)
    problems: list[str] = []
    document.problem.connect(lambda message, _hint: problems.append(message))
    shots = document.storyboard.shot_ids(document.scene_id)[:2]
    Verbs(document, hung, lambda: shots).generate()
    qtbot.waitUntil(lambda: states(document) == ["interrupted", "done"], timeout=LONG)
    assert "while it was working on shot 1" in problems[0] and "no progress" in problems[0]


@pytest.mark.timeout(200)
def test_a_job_of_an_engine_that_hangs_can_be_cancelled(
    document: OpenDocument, hung: QueueRunner, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "TELL_STILL_S", 1.0)
    monkeypatch.setattr(pace, "CANCEL_S", 0.3)
    stalled: list[tuple[str, str, float]] = []
    hung.stalled.connect(lambda *words: stalled.append(words))
    shots = document.storyboard.shot_ids(document.scene_id)[:2]
    verbs = Verbs(document, hung, lambda: shots)
    verbs.generate()
    qtbot.waitUntil(lambda: told_of(stalled), timeout=LONG)
    verbs.cancel(document.jobs[0].id)
    qtbot.waitUntil(lambda: states(document) == ["cancelled", "done"], timeout=LONG)
    assert stalled[-1][2] == 0.0


@pytest.mark.timeout(200)
def test_an_engine_with_steps_that_take_long_is_let_be(
    document: OpenDocument, runners: list[QueueRunner], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "TELL_STILL_S", 0.1)
    monkeypatch.setattr(pace, "END_STILL_S", 0.1)
    monkeypatch.setattr(pace, "TELL_STILL_STEPS", 8)
    monkeypatch.setattr(pace, "END_STILL_STEPS", 8)
    runner = QueueRunner(document, fake_engine("--steps", "5", "--step-s", "1.0", "--hang-at-step", "99"))
    runners.append(runner)
    runner.start()
    stalled: list[tuple[str, str, float]] = []
    runner.stalled.connect(lambda *words: stalled.append(words))
    still: list[float] = []
    runner._engine.heartbeat.connect(lambda beat: still.append(beat.still_s))
    Verbs(document, runner, lambda: document.storyboard.shot_ids(document.scene_id)[:1]).generate()
    qtbot.waitUntil(lambda: states(document) == ["done"], timeout=LONG)
    assert max(still) > 0.3, "it did stand still, each time for a step"
    assert not told_of(stalled)


@pytest.mark.timeout(200)
def test_in_a_flood_of_events_every_take_and_every_end_gets_through(
    document: OpenDocument, runners: list[QueueRunner], qtbot: QtBot
) -> None:
    runner = QueueRunner(document, (*SCRIPTED, "--steps", "4", "--step-s", "0.01", "--events", "500"))
    runners.append(runner)
    runner.start()
    saved: list[str] = []
    runner.take_saved.connect(lambda shot, _take: saved.append(shot))
    Verbs(document, runner, list).generate_scene()
    qtbot.waitUntil(lambda: states(document) == ["done"] * 4, timeout=LONG)
    assert saved == document.storyboard.shot_ids(document.scene_id)
    (take,) = document.storyboard.takes(saved[0])
    assert all((take.folder / name).is_file() for name in take.files)
