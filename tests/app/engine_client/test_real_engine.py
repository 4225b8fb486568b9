"""The real worker with the built-in model: a take is rendered, and a killed engine comes back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.document.open_document import OpenDocument
from app.engine_client.queue_runner import QueueRunner
from app.verbs import Verbs

ROOT = Path(__file__).resolve().parents[3]
LONG = 280_000
MODULES = (
    "app.document.open_document", "app.shots_model", "app.verbs", "app.engine_client.queue_runner",
)  # fmt: skip


@pytest.fixture
def runner(document: OpenDocument) -> Iterator[QueueRunner]:
    """The engine that users have, on the built-in model."""
    found = QueueRunner(document)
    yield found
    found.close()


def states(document: OpenDocument) -> list[str]:
    assert document.flush(60_000)
    return [job.state for job in document.jobs]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_take_is_rendered_killed_and_rendered_again(
    document: OpenDocument, runner: QueueRunner, qtbot: QtBot
) -> None:
    shots = document.storyboard.shot_ids(document.scene_id)
    verbs = Verbs(document, runner, lambda: [shots[0]])
    previews: list[str] = []
    runner.preview.connect(lambda _shot, path: previews.append(path))
    verbs.set_settings(shots[0], {"steps": 2})
    verbs.preview_every = 1
    runner.start()
    with qtbot.waitSignal(runner.take_saved, timeout=LONG):
        verbs.generate()
    assert len(previews) == 1
    (take,) = document.storyboard.takes(shots[0])
    assert take.video.stat().st_size > 1000 and take.settings["steps"] == 2

    plans: list[object] = []
    runner.plan(shots[1], plans.append)
    qtbot.waitUntil(lambda: len(plans) == 1, timeout=LONG)
    assert [block.reason for block in plans[0].blocks] == ["the shot before"]  # type: ignore[attr-defined]

    verbs.set_settings(shots[0], {"steps": 400})
    with qtbot.waitSignal(runner.step, timeout=LONG, check_params_cb=lambda _, progress: progress.step > 1):
        verbs.regenerate()
    pid = runner.engine_pid
    os.kill(pid, signal.SIGKILL)
    with qtbot.waitSignal(runner.job_interrupted, timeout=LONG):
        pass
    assert states(document)[-1] == "interrupted"
    with qtbot.waitSignal(runner.step, timeout=LONG, check_params_cb=lambda _, progress: progress.step > 1):
        verbs.retry(document.jobs[-1].id)
    assert runner.engine_pid not in (0, pid)
    verbs.cancel(document.jobs[-1].id)
    qtbot.waitUntil(lambda: states(document)[-1] == "cancelled", timeout=LONG)
    assert [take.number for take in document.storyboard.takes(shots[0])] == [1]


def test_the_editor_knows_no_torch() -> None:
    code = f"import {', '.join(MODULES)}, sys\nprint([n for n in ('torch', 'numpy', 'av', 'PIL') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
