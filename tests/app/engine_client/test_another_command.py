"""Other preferences are another command: the engine is replaced when it idles, and never in the middle of a job."""

from __future__ import annotations

from collections.abc import Callable

from pytestqt.qtbot import QtBot

from app.document.open_document import OpenDocument
from app.engine_client.queue_runner import QueueRunner
from tests.app.conftest import fake_engine

from .test_queue_runner import LONG, Heard, alive, states, verbs_on

Start = Callable[..., QueueRunner]


def devices_of(runner: QueueRunner) -> list[object]:
    """The fake engine names its precision as its device."""
    told: list[object] = []
    runner.hello.connect(lambda hello: told.append(hello["device"]))
    return told


def test_an_engine_that_idles_is_replaced_at_once_and_without_a_word(
    document: OpenDocument, start_runner: Start, qtbot: QtBot
) -> None:
    runner = start_runner(document)
    heard, devices = Heard(document, runner), devices_of(runner)
    qtbot.waitUntil(lambda: runner.state == "ready", timeout=LONG)
    first = runner.engine_pid
    runner.use_engine(fake_engine("--precision=fp16"))
    qtbot.waitUntil(lambda: devices == ["paper", "fp16"], timeout=LONG)
    qtbot.waitUntil(lambda: not alive(first), timeout=LONG)
    assert heard.problems == [] and "restarting" not in heard.states
    runner.use_engine(fake_engine("--precision=fp16"))
    assert runner.state == "ready", "the same command replaces nothing"
    verbs_on(document, runner).generate_scene()
    qtbot.waitUntil(lambda: states(document) == ["done"] * 4, timeout=LONG)


def test_a_job_that_runs_is_finished_first_and_the_next_is_made_by_the_other_engine(
    document: OpenDocument, start_runner: Start, qtbot: QtBot
) -> None:
    runner = start_runner(document, "--step-s", "0.2")
    heard, devices = Heard(document, runner), devices_of(runner)
    said: list[str] = []
    runner.status.connect(said.append)
    qtbot.waitUntil(lambda: runner.state == "ready", timeout=LONG)
    verbs_on(document, runner, 1, 2).generate()
    qtbot.waitUntil(lambda: bool(heard.steps), timeout=LONG)
    first = runner.engine_pid
    runner.use_engine(fake_engine("--precision=int8"))
    assert any("after shot 1" in text for text in said) and runner.engine_pid == first
    qtbot.waitUntil(lambda: states(document) == ["done", "done"], timeout=LONG)
    assert devices == ["paper", "int8"] and heard.problems == []


def test_a_question_that_was_open_is_answered_by_the_new_engine(
    document: OpenDocument, start_runner: Start, qtbot: QtBot
) -> None:
    runner = start_runner(document)
    runner.use_engine(fake_engine("--precision=bf16"))
    answers: list[object] = []
    runner.plan(document.storyboard.shot_ids(document.scene_id)[0], answers.append)
    qtbot.waitUntil(lambda: len(answers) == 1, timeout=LONG)


def test_an_engine_that_is_off_stays_off(document: OpenDocument, qtbot: QtBot) -> None:
    runner = QueueRunner(document, fake_engine())
    runner.use_engine(fake_engine("--precision=bf16"))
    assert runner.engine_pid == 0
    runner.close()
