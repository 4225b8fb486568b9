"""The queue at work with a scripted engine in a real process: events, cancelling, deaths, floods."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from app.document.open_document import OpenDocument
from app.engine_client import pace, supervisor
from app.engine_client.queue_runner import QueueRunner
from app.shots_model import ShotProgress
from app.verbs import Verbs

Start = Callable[..., QueueRunner]
LONG = 60_000


def states(document: OpenDocument) -> list[str]:
    assert document.flush(30_000)
    return [job.state for job in document.jobs]


def verbs_on(document: OpenDocument, runner: QueueRunner, *numbers: int) -> Verbs:
    ids = document.storyboard.shot_ids(document.scene_id)
    return Verbs(document, runner, lambda: [ids[number - 1] for number in numbers])


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Heard:
    """Everything a runner says, as it comes."""

    def __init__(self, document: OpenDocument, runner: QueueRunner) -> None:
        self.states: list[str] = []
        self.steps: list[tuple[str, ShotProgress]] = []
        self.problems: list[tuple[str, str]] = []
        runner.engine_state.connect(self.states.append)
        runner.step.connect(lambda shot, progress: self.steps.append((shot, progress)))
        document.problem.connect(lambda message, hint: self.problems.append((message, hint)))


def test_a_scene_is_rendered_shot_after_shot(document: OpenDocument, start_runner: Start, qtbot: QtBot) -> None:
    runner = start_runner(document)
    heard = Heard(document, runner)
    hellos: list[dict[str, object]] = []
    runner.hello.connect(hellos.append)
    verbs_on(document, runner).generate_scene()
    qtbot.waitUntil(lambda: states(document) == ["done"] * 4, timeout=LONG)
    assert document.snapshot is not None
    assert [shot.take_count for shot in document.snapshot.shots] == [1, 1, 1, 1]
    qtbot.waitUntil(lambda: runner.state == "ready", timeout=LONG)
    assert heard.states[0] in ("starting", "ready") and {"loading", "working"} <= set(heard.states)
    assert hellos[0]["model"] == "paper-theatre" and hellos[0]["device"] == "paper"
    order = list(dict.fromkeys(shot for shot, _ in heard.steps))
    assert order == document.storyboard.shot_ids(document.scene_id)
    last = [progress for _, progress in heard.steps if progress.steps][-1]
    assert (last.step, last.steps, last.take_number) == (4, 4, 1)


def test_what_is_queued_while_nothing_runs_begins_at_once(
    document: OpenDocument, start_runner: Start, qtbot: QtBot
) -> None:
    runner = start_runner(document)
    qtbot.waitUntil(lambda: runner.state == "ready", timeout=LONG)
    with qtbot.waitSignal(runner.take_saved, timeout=LONG) as saved:
        verbs_on(document, runner, 2).generate()
    assert saved.args[0] == document.storyboard.shot_ids(document.scene_id)[1]


def test_a_paused_queue_begins_nothing_until_it_is_resumed(
    document: OpenDocument, start_runner: Start, qtbot: QtBot
) -> None:
    runner = start_runner(document)
    verbs = verbs_on(document, runner, 1)
    verbs.pause_queue()
    verbs.generate()
    qtbot.waitUntil(lambda: runner.state == "ready", timeout=LONG)
    assert states(document) == ["queued"]
    verbs.resume_queue()
    qtbot.waitUntil(lambda: states(document) == ["done"], timeout=LONG)


def test_cancelling_shows_within_a_tenth_of_a_second_and_the_next_job_begins(
    document: OpenDocument, start_runner: Start, qtbot: QtBot
) -> None:
    runner = start_runner(document, "--steps", "2000", "--step-s", "0.05")
    verbs = verbs_on(document, runner, 1, 2)
    with qtbot.waitSignal(runner.step, timeout=LONG, check_params_cb=lambda _, progress: progress.step > 2):
        verbs.generate()
    document.flush(30_000)
    first, second = document.jobs
    asked = time.monotonic()
    with qtbot.waitSignal(document.jobs_read, timeout=LONG) as read:
        verbs.cancel(first.id)
    shown = time.monotonic() - asked
    assert read.args[0][0].state in ("cancelling", "cancelled")
    assert shown < 1.0  # on this loaded machine; a tenth of it on an idle one
    qtbot.waitUntil(lambda: states(document) == ["cancelled", "running"], timeout=LONG)
    verbs.cancel(second.id)
    qtbot.waitUntil(lambda: states(document) == ["cancelled", "cancelled"], timeout=LONG)


def test_an_engine_that_does_not_let_go_is_ended_and_the_queue_goes_on(
    document: OpenDocument, start_runner: Start, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "CANCEL_S", 0.3)
    runner = start_runner(document, "--steps", "100", "--step-s", "0.05", "--deaf")
    heard = Heard(document, runner)
    verbs = verbs_on(document, runner, 1, 2)
    with qtbot.waitSignal(runner.step, timeout=LONG, check_params_cb=lambda _, progress: progress.step > 2):
        verbs.generate()
    pid = runner.engine_pid
    document.flush(30_000)
    verbs.cancel(document.jobs[0].id)
    qtbot.waitUntil(lambda: states(document) == ["cancelled", "done"], timeout=LONG)
    assert runner.engine_pid != pid and not alive(pid)
    assert "restarting" in heard.states and heard.problems == []


def test_an_engine_killed_in_a_render_comes_back_and_the_job_is_offered_again(
    document: OpenDocument, start_runner: Start, qtbot: QtBot, tmp_path: Path
) -> None:
    runner = start_runner(document, "--die-at-step", "3", "--once", str(tmp_path / "died"))
    heard = Heard(document, runner)
    verbs = verbs_on(document, runner, 1, 2)
    with qtbot.waitSignal(runner.job_interrupted, timeout=LONG) as offered:
        verbs.generate()
    qtbot.waitUntil(lambda: states(document) == ["interrupted", "done"], timeout=LONG)
    assert offered.args[0] == document.jobs[0].id
    message, hint = heard.problems[0]
    assert "while it was working on shot 1" in message and "Resume" in hint
    verbs.retry(document.jobs[0].id)
    qtbot.waitUntil(lambda: sorted(states(document)) == ["done", "done"], timeout=LONG)


def test_an_engine_that_dies_again_and_again_is_given_up_and_editing_goes_on(
    document: OpenDocument, start_runner: Start, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "RESTART_AFTER_S", (0.01, 0.01, 0.01))
    runner = start_runner(document, "--die-at-start")
    heard = Heard(document, runner)
    qtbot.waitUntil(lambda: runner.state == "failed", timeout=LONG)
    assert heard.states.count("restarting") == 3
    assert "does not stay alive" in heard.problems[0][0] and "go on writing" in heard.problems[0][1]
    verbs_on(document, runner, 1).edit_prompt(document.storyboard.shot_ids(document.scene_id)[0], "I go on.")
    assert document.flush(30_000) and document.snapshot is not None
    assert document.snapshot.shots[0].prompt == "I go on."


def test_an_engine_that_falls_silent_is_ended(
    document: OpenDocument, start_runner: Start, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "SILENCE_S", 1.0)
    runner = start_runner(document)
    qtbot.waitUntil(lambda: runner.state == "ready", timeout=LONG)
    with qtbot.waitSignal(runner.engine_state, timeout=LONG, check_params_cb=lambda state: state == "restarting"):
        pass  # the scripted engine has no heartbeat beyond its first


def test_a_failure_is_told_with_what_to_do_and_the_next_job_begins(
    document: OpenDocument, start_runner: Start, qtbot: QtBot
) -> None:
    runner = start_runner(document, "--fail", "out_of_memory")
    heard = Heard(document, runner)
    verbs_on(document, runner, 1, 2).generate()
    qtbot.waitUntil(lambda: states(document) == ["failed", "failed"], timeout=LONG)
    assert heard.problems[0] == ("Shot 1: It did not work.", "Do it otherwise.")


def test_what_would_fail_every_job_pauses_the_queue(
    document: OpenDocument, start_runner: Start, qtbot: QtBot
) -> None:
    runner = start_runner(document, "--fail", "disk_full")
    heard = Heard(document, runner)
    verbs_on(document, runner, 1, 2, 3).generate()
    qtbot.waitUntil(lambda: states(document)[:1] == ["failed"] and bool(heard.problems), timeout=LONG)
    qtbot.waitUntil(lambda: document.snapshot is not None and document.snapshot.queue_paused, timeout=LONG)
    assert "queued" in states(document)
    assert "paused until you resume it" in heard.problems[0][1]


def test_a_job_that_cannot_begin_is_told_and_does_not_stop_the_queue(
    document: OpenDocument, start_runner: Start, qtbot: QtBot
) -> None:
    runner = start_runner(document)
    heard = Heard(document, runner)
    verbs_on(document, runner, 2).toggle_continue()  # shot 1 has no take to continue
    verbs_on(document, runner, 2, 3).generate()
    qtbot.waitUntil(lambda: states(document) == ["failed", "done"], timeout=LONG)
    qtbot.waitUntil(lambda: bool(heard.problems), timeout=LONG)
    assert "which has no take yet" in heard.problems[0][0]


def test_a_flood_of_events_leaves_the_screen_its_turn(
    document: OpenDocument, start_runner: Start, qtbot: QtBot
) -> None:
    runner = start_runner(document, "--steps", "40", "--step-s", "0.05", "--flood", "1000")
    heard = Heard(document, runner)
    gaps: list[float] = []
    last = [time.monotonic()]

    def tick() -> None:
        now = time.monotonic()
        gaps.append(now - last[0])
        last[0] = now

    timer = QTimer()
    timer.timeout.connect(tick)
    timer.start(10)
    verbs_on(document, runner, 1).generate()
    qtbot.waitUntil(lambda: states(document) == ["done"], timeout=LONG)
    timer.stop()
    middle = sorted(gaps)[len(gaps) // 2]
    assert middle < 0.05, f"the loop turns every {middle * 1000:.0f} ms in the middle"
    assert len(heard.steps) < 500  # of 40,000


def test_what_a_shot_would_see_is_answered_while_another_is_rendered(
    rendered_document: OpenDocument, start_runner: Start, qtbot: QtBot
) -> None:
    document = rendered_document
    runner = start_runner(document, "--steps", "2000", "--step-s", "0.02")
    ids = document.storyboard.shot_ids(document.scene_id)
    plans: list[Any] = []
    runner.plan(ids[2], plans.append)  # before the engine is there
    verbs_on(document, runner, 1).regenerate()
    qtbot.waitUntil(lambda: len(plans) == 1, timeout=LONG)
    assert [block.name for block in plans[0].blocks] == ["shot 1", "shot 2", "shot 4"]
    with qtbot.waitSignal(runner.step, timeout=LONG):
        pass
    runner.plan(ids[1], plans.append)
    qtbot.waitUntil(lambda: len(plans) == 2, timeout=LONG)
    assert runner.state in ("working", "loading") and plans[1].shot_id == ids[1]


def test_a_plan_that_is_not_possible_says_why(document: OpenDocument, start_runner: Start, qtbot: QtBot) -> None:
    runner = start_runner(document)
    ids = document.storyboard.shot_ids(document.scene_id)
    document.do("", lambda board: board.edit_shot(ids[1], continues=True))
    told: list[tuple[str, str]] = []
    runner.plan(ids[1], lambda _: None, lambda message, hint: told.append((message, hint)))
    assert document.flush(30_000)
    assert told == [("Shot 2 continues shot 1, which has no take yet.",
                     "Render shot 1 first, or make this shot a cut.")]  # fmt: skip


def test_closing_ends_the_engine_and_keeps_the_job_for_the_next_time(
    document: OpenDocument, start_runner: Start, qtbot: QtBot
) -> None:
    runner = start_runner(document, "--steps", "2000", "--step-s", "0.05")
    verbs = verbs_on(document, runner, 1)
    with qtbot.waitSignal(runner.step, timeout=LONG, check_params_cb=lambda _, progress: progress.step > 1):
        verbs.generate()
    pid = runner.engine_pid
    assert alive(pid)
    runner.close()
    assert not alive(pid)
    assert states(document) == ["interrupted"]


def test_an_engine_of_another_version_is_not_used(
    document: OpenDocument, start_runner: Start, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "RESTART_AFTER_S", ())
    runner = start_runner(document, "--contract", "99")
    heard = Heard(document, runner)
    qtbot.waitUntil(lambda: runner.state == "failed", timeout=LONG)
    assert "install Matchcut again" in heard.problems[0][0]


def test_lines_that_are_no_records_harm_nothing(document: OpenDocument, start_runner: Start, qtbot: QtBot) -> None:
    runner = start_runner(document, "--noise")
    verbs_on(document, runner, 1).generate()
    qtbot.waitUntil(lambda: states(document) == ["done"], timeout=LONG)


def test_the_selection_of_a_new_take_is_undone_though_its_making_is_not(
    rendered_document: OpenDocument, start_runner: Start, qtbot: QtBot
) -> None:
    document = rendered_document
    runner = start_runner(document)
    shot = document.storyboard.shot_ids(document.scene_id)[0]
    with qtbot.waitSignal(runner.take_saved, timeout=LONG):
        verbs_on(document, runner, 1).regenerate()
    assert document.undo_stack.undoText() == "Show take 2"
    document.undo()
    document.flush(30_000)
    view = document.storyboard.shot(shot)
    assert view.take_count == 2 and view.selected is not None and view.selected.number == 1
