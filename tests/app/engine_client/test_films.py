"""Films are made beside the engine: in a process of its own that is there only as long as there is one to make."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.document.open_document import OpenDocument
from app.engine_client import pace
from app.engine_client.films import Films
from app.engine_client.queue_runner import QueueRunner
from app.verbs import Verbs
from engine.contract import ExportItem, ExportRequest, encode
from tests.app.conftest import fake_engine
from tests.engine.film.footage import ask, clips, leftovers

LONG = 90_000
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")


class Made:
    """What is told of films, as it comes."""

    def __init__(self, films: Films) -> None:
        self.words: list[tuple[Any, ...]] = []
        films.progress.connect(lambda *words: self.words.append(("progress", *words)))
        films.done.connect(lambda *words: self.words.append(("done", *words)))
        films.failed.connect(lambda *words: self.words.append(("failed", *words)))

    def ends(self) -> list[tuple[Any, ...]]:
        return [words for words in self.words if words[0] != "progress"]


@pytest.fixture
def films(qapp: QApplication) -> Iterator[Films]:
    """As users have it: the real worker."""
    found = Films()
    yield found
    found.close()


@pytest.fixture
def start_films(qapp: QApplication) -> Iterator[Callable[..., Films]]:
    """Films made by a scripted process."""
    made: list[Films] = []

    def start(*options: str) -> Films:
        made.append(Films(fake_engine(*options)))
        return made[-1]

    yield start
    for one in made:
        one.close()


def under_way(_export_id: str, done: float, _text: str) -> bool:
    """Far enough for the encoder to have written something."""
    return done > 0.1


def gone(pid: int) -> bool:
    """No such process, not even a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def runs(pid: int) -> bool:
    """There is such a process; one that ended and whose new parent has not noticed yet counts for nothing."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def long_film(folder: Path) -> ExportRequest:
    """A film that takes long enough to be met in the middle: it is encoded anew, four times as large."""
    return ask(clips(folder / "clips", 1, 65) * 40, folder / "long.mp4", width=384, height=256, titles=True)


@linux
def test_a_film_is_made_while_a_shot_is_rendered_and_its_process_goes_when_it_is_done(
    rendered_document: OpenDocument, films: Films, start_runner: Callable[..., QueueRunner], qtbot: QtBot,
    tmp_path: Path,
) -> None:  # fmt: skip
    runner = start_runner(rendered_document, "--steps", "100000", "--step-s", "0.05")
    made = Made(films)
    libraries: list[str] = []

    def look(*_: object) -> None:
        if films.pid:
            libraries.append(Path(f"/proc/{films.pid}/maps").read_text())

    films.progress.connect(look)
    shots = rendered_document.storyboard.shot_ids(rendered_document.scene_id)
    with qtbot.waitSignal(runner.step, timeout=LONG):
        Verbs(rendered_document, runner, lambda: shots[:1]).regenerate()
    with qtbot.waitSignal(films.done, timeout=LONG) as done:
        films.export(ask(clips(tmp_path / "clips"), tmp_path / "tale.mp4", titles=True))
        pid = films.pid
    assert Path(done.args[1].path).stat().st_size > 1000 and done.args[1].frames == 27
    assert runner.state == "working", "the shot was not waited for, and goes on"
    assert made.words[0][:3] == ("progress", "e1", 0.0) and made.words[-2][:3] == ("progress", "e1", 1.0)
    assert any("libav" in held for held in libraries) and not any("libtorch" in held for held in libraries)
    qtbot.waitUntil(lambda: films.pid == 0 and gone(pid), timeout=LONG)


def test_films_are_made_one_at_a_time_and_one_that_waits_can_be_cancelled(
    start_films: Callable[..., Films], qtbot: QtBot, tmp_path: Path
) -> None:
    films = start_films()
    made = Made(films)
    items = (ExportItem(str(tmp_path / "a.mp4")),)
    for name in ("e1", "e2", "e3"):
        films.export(ExportRequest(name, items, str(tmp_path / f"{name}.mp4")))
    films.cancel("e2")
    qtbot.waitUntil(lambda: len(made.ends()) == 3, timeout=LONG)
    assert [words[:2] for words in made.ends()] == [("failed", "e2"), ("done", "e1"), ("done", "e3")]
    assert ("failed", "e2", "The export was cancelled.", "Nothing was written.") in made.words
    assert ("progress", "e2", 0.0, "waiting for the film before it") in made.words


def test_a_cancelled_film_leaves_nothing_behind(films: Films, qtbot: QtBot, tmp_path: Path) -> None:
    with qtbot.waitSignal(films.progress, timeout=LONG, check_params_cb=under_way):
        films.export(long_film(tmp_path))
    with qtbot.waitSignal(films.failed, timeout=LONG) as failed:
        films.cancel("e1")
    assert failed.args[1] == "The export was cancelled."
    assert not (tmp_path / "long.mp4").exists() and leftovers(tmp_path) == []


@linux
def test_a_process_that_is_killed_over_a_film_is_told_of_and_the_next_film_clears_up(
    films: Films, qtbot: QtBot, tmp_path: Path
) -> None:
    asked = long_film(tmp_path)
    with qtbot.waitSignal(films.progress, timeout=LONG, check_params_cb=under_way):
        films.export(asked)
    assert leftovers(tmp_path) != []
    with qtbot.waitSignal(films.failed, timeout=LONG) as failed:
        os.kill(films.pid, signal.SIGKILL)
    assert "could not be finished" in failed.args[1] and "Nothing was written" in failed.args[2]
    assert not (tmp_path / "long.mp4").exists() and films.pid == 0
    with qtbot.waitSignal(films.done, timeout=LONG):
        films.export(ask(clips(tmp_path / "clips"), tmp_path / "long.mp4"))
    assert (tmp_path / "long.mp4").is_file() and leftovers(tmp_path) == []


@linux
def test_an_editor_that_is_closed_over_a_film_leaves_neither_a_process_nor_half_a_film(
    films: Films, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.engine_client.process._GOODBYE_MS", LONG)  # on this loaded machine; 3 s elsewhere
    with qtbot.waitSignal(films.progress, timeout=LONG, check_params_cb=under_way):
        films.export(long_film(tmp_path))
    pid = films.pid
    films.close()
    assert gone(pid)
    assert not (tmp_path / "long.mp4").exists() and leftovers(tmp_path) == []


@linux
@pytest.mark.timeout(200)
def test_an_editor_that_is_killed_over_a_film_leaves_neither_a_process_nor_half_a_film(
    qapp: QApplication, tmp_path: Path
) -> None:
    asked = tmp_path / "asked.json"
    asked.write_text(encode(long_film(tmp_path)))
    editor = subprocess.Popen(
        [sys.executable, "-m", "tests.app.engine_client.an_editor", str(asked)], stdout=subprocess.PIPE, text=True
    )
    assert editor.stdout is not None
    pid = int(editor.stdout.readline())  # it says it once the film has begun
    begun = leftovers(tmp_path) != [] and runs(pid)
    editor.kill()
    editor.wait()
    editor.stdout.close()
    assert begun
    end = time.monotonic() + 60
    while runs(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not runs(pid)
    assert not (tmp_path / "long.mp4").exists() and leftovers(tmp_path) == []


def test_a_worker_that_does_not_start_is_told_of_and_no_film_waits_for_ever(
    start_films: Callable[..., Films], qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.engine_client.supervisor.RESTART_AFTER_S", (0.01, 0.01, 0.01))
    films = start_films("--die-at-start")
    made = Made(films)
    with qtbot.waitSignal(films.failed, timeout=LONG):
        films.export(ExportRequest("e1", (), str(tmp_path / "one.mp4")))
    assert "cannot be made" in made.ends()[0][2]


def test_a_cancelled_film_whose_process_does_not_hear_is_ended(
    start_films: Callable[..., Films], qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "CANCEL_S", 0.2)
    films = start_films("--deaf", "--step-s", "30")
    films.export(ExportRequest("e1", (), str(tmp_path / "one.mp4")))
    qtbot.waitUntil(lambda: films._running is not None, timeout=LONG)
    pid = films.pid
    with qtbot.waitSignal(films.failed, timeout=LONG) as failed:
        films.cancel("e1")
    assert failed.args[1] == "The export was cancelled." and gone(pid)
