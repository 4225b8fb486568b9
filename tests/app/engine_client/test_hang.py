"""An engine that hangs in the middle of a render, and one that talks without end."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from app.document.open_document import OpenDocument
from app.engine_client import supervisor
from app.engine_client.queue_runner import QueueRunner
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
    monkeypatch.setattr(supervisor, "SILENCE_S", 3.0)
    monkeypatch.setattr(supervisor, "SILENCE_STEPS", 3)
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
