"""A film from nothing, in the real window with the real engine and the built-in model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.settings import SettingsStore
from app.shell.window import MainWindow
from app.shell.workspace import Workspace
from engine.contract import Exported
from storyboards.project import Project

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

SOON, RENDERED = 60_000, 900_000  # milliseconds
PROMPTS = ("A fox in a red coat walks on the beach by day, wide shot.", "The fox jumps, medium shot.",
           "It waves at us, close-up.")  # fmt: skip


@pytest.fixture
def window(qtbot: QtBot, qapp: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    for name in ("CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    shown = MainWindow(SettingsStore(tmp_path / "config" / "matchcut"))
    qtbot.addWidget(shown)
    shown.resize(1440, 900)
    shown.show()
    yield shown
    shown.close()


class User:
    """Someone at the keyboard, who waits for what is on the screen."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.window, self.bot = window, qtbot

    @property
    def here(self) -> Workspace:
        assert self.window.workspace is not None
        return self.window.workspace

    def focus(self) -> QWidget:
        return self.window.focusWidget() or self.here.board

    def press(self, key: Qt.Key, *modifiers: Qt.KeyboardModifier) -> None:
        held = Qt.KeyboardModifier.NoModifier
        for modifier in modifiers:
            held |= modifier
        self.bot.keyClick(self.focus(), key, held)

    def wait(self, there: Callable[[], Any], timeout: int = SOON) -> None:
        self.bot.waitUntil(lambda: bool(there()), timeout=timeout)

    def write_shot(self, prompt: str) -> None:
        """N, and the prompt, as on the board."""
        count = self.here.shots.rowCount()
        self.here.board.setFocus()
        self.press(Qt.Key.Key_N)
        self.wait(lambda: self.here.shots.rowCount() == count + 1)
        shot = self.here.shots.shots()[count]
        self.wait(lambda: self.here.selection == [shot.id])
        field = self.here.inspector.shot_form.prompt
        self.wait(field.hasFocus)
        self.bot.keyClicks(field, prompt)
        self.wait(lambda: self.here.shots.shots()[count].prompt == prompt)

    def rendered(self) -> bool:
        """Every shot shows a take and nothing waits or runs."""
        active = [job for job in self.here.document.jobs if job.state in ("queued", "running", "cancelling")]
        failed = [job.message for job in self.here.document.jobs if job.state == "failed"]
        assert not failed, failed
        return not active and all(shot.selected is not None for shot in self.here.shots.shots())


def test_three_shots_regenerated_inserted_extended_undone_and_exported(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    user = User(window, qtbot)
    with qtbot.waitSignal(window.project_shown, timeout=SOON):
        window.opener.create(tmp_path / "Tale.matchcut", "Tale", "", None)
    here, act = user.here, window.actions_.run
    for prompt in PROMPTS:
        user.write_shot(prompt)
    scene = here.document.scene_id
    here.document.do("", lambda board: board.edit_scene(scene, settings={"steps": 2}), undoable=False)

    steps: list[Any] = []
    here.runner.step.connect(lambda shot_id, progress: steps.append((shot_id, progress.step)))
    act("scene.generate")
    user.wait(user.rendered, RENDERED)
    assert {shot_id for shot_id, _ in steps} == {shot.id for shot in here.shots.shots()}
    first, second, third = here.shots.shots()

    here.choose(second.id)
    act("shot.regenerate")
    user.wait(lambda: here.shots.shots()[1].take_count == 2 and user.rendered(), RENDERED)
    one, two, three = here.shots.shots()
    assert one.selected == first.selected and three.selected == third.selected, "nothing else moved"
    assert two.selected is not None and two.selected.number == 2
    assert not one.stale and three.stale, "shot 3 saw the old take of shot 2, and says so"
    act("take.previous")
    user.wait(lambda: not here.shots.shots()[2].stale)
    act("edit.undo")
    user.wait(lambda: here.shots.shots()[2].stale)

    here.choose(one.id)
    act("shot.new")
    user.wait(lambda: here.shots.rowCount() == 4)
    inserted = here.shots.shots()[1]
    user.wait(lambda: here.selection == [inserted.id])
    here.verbs.edit_prompt(inserted.id, "The fox looks up, close-up.")
    act("shot.generate")
    user.wait(user.rendered, RENDERED)
    shown = here.shots.shots()[0].selected
    here.choose(one.id)
    act("shot.extend")
    user.wait(lambda: here.shots.shots()[0].take_count == 2 and user.rendered(), RENDERED)
    longer = here.shots.shots()[0].selected
    assert shown is not None and longer is not None and longer.frames > shown.frames

    act("shot.delete")
    user.wait(lambda: here.shots.rowCount() == 3)
    act("edit.undo")
    user.wait(lambda: here.shots.rowCount() == 4)
    assert here.shots.shots()[0].selected == longer

    film = _export(user, tmp_path / "tale.mp4")
    frames = sum(shot.selected.frames for shot in here.shots.shots() if shot.selected)
    assert film.frames == frames and not film.reencoded
    _check_film(tmp_path / "tale.mp4", frames)
    window.close()
    with Project.open(tmp_path / "Tale") as project:
        assert project.report.crashed_pid is None and not project.report.interrupted
        assert len(project.storyboard.shots(scene)) == 4


def _export(user: User, out: Path) -> Exported:
    user.window.actions_.run("file.export")
    dialog: Any = user.window.files.dialogs["export"]
    dialog.out.show_path(out)
    with user.bot.waitSignal(user.here.films.done, timeout=RENDERED) as done:
        dialog.export.click()
    user.wait(dialog.show_folder.isVisible)
    dialog.close()
    found = done.args[1]
    assert isinstance(found, Exported)
    return found


def _check_film(path: Path, frames: int) -> None:
    import av

    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        assert (stream.codec_context.width, stream.codec_context.height) == (112, 64)
        assert sum(1 for _ in film.decode(stream)) == frames
    told = json.loads(Path(f"{path}.json").read_text(encoding="utf-8"))
    assert [line["shot"] for line in told["metadata"]["shots"]] == [1, 2, 3, 4]


def test_a_shot_that_is_cancelled_leaves_the_rest_to_go_on(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    user = User(window, qtbot)
    with qtbot.waitSignal(window.project_shown, timeout=SOON):
        window.opener.create(tmp_path / "Tale.matchcut", "Tale", "", None)
    here = user.here
    for prompt in PROMPTS[:2]:
        user.write_shot(prompt)
    scene = here.document.scene_id
    here.document.do("", lambda board: board.edit_scene(scene, settings={"steps": 4}), undoable=False)
    running: list[str] = []
    here.runner.step.connect(lambda shot_id, progress: running.append(progress.job_id) if progress.step else None)
    window.actions_.run("scene.generate")
    user.wait(lambda: running, RENDERED)
    here.verbs.cancel(running[0])
    user.wait(lambda: here.shots.shots()[1].selected is not None, RENDERED)
    assert here.shots.shots()[0].selected is None
    states = {job.id: job.state for job in here.document.jobs}
    assert states[running[0]] == "cancelled"
