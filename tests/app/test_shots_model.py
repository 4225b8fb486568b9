"""The rows of the board: changes are told as narrowly as they are, and always right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QAbstractItemModel
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from app.document.snapshot import SceneSnapshot
from app.shots_model import ShotProgress, ShotsModel
from storyboards.views import JobView, SceneView, ShotView

SCENE = SceneView("scene", 1, "Fox", "", "", 7, {}, 0, "")


def shot(name: str, number: int, prompt: str = "") -> ShotView:
    return ShotView(name, "scene", number, "", prompt, 17, False, "", 0, None, (), (), (), "", "", "")


def snapshot(names: str, scene: SceneView = SCENE, **prompts: str) -> SceneSnapshot:
    shots = tuple(shot(name, number, prompts.get(name, "")) for number, name in enumerate(names, 1))
    return SceneSnapshot(scene, shots, (), 8.0, None, "paper-theatre", False)


def job(job_id: str, shot_id: str, state: str, when: float, **changes: Any) -> JobView:
    view = JobView(job_id, "render", state, shot_id, "scene", 1, "a", {}, 1, 0, "", "", "", when, None, None)
    return replace(view, **changes)


class Told:
    """What a view hears."""

    def __init__(self, model: QAbstractItemModel) -> None:
        self.lines: list[tuple[Any, ...]] = []
        model.rowsInserted.connect(lambda _, first, last: self.lines.append(("inserted", first, last)))
        model.rowsRemoved.connect(lambda _, first, last: self.lines.append(("removed", first, last)))
        model.rowsMoved.connect(lambda _, first, last, __, to: self.lines.append(("moved", first, last, to)))
        model.modelReset.connect(lambda: self.lines.append(("reset",)))
        model.dataChanged.connect(lambda a, b, _: self.lines.append(("changed", a.row(), b.row())))

    def take(self, *kinds: str) -> list[tuple[Any, ...]]:
        lines, self.lines = self.lines, []
        return [line for line in lines if not kinds or line[0] in kinds]


@pytest.fixture
def model(qapp: QApplication) -> ShotsModel:
    found = ShotsModel()
    QAbstractItemModelTester(found, QAbstractItemModelTester.FailureReportingMode.Fatal, found)
    return found


def names(model: ShotsModel) -> str:
    return "".join(model.index(row).data(ShotsModel.IdRole) for row in range(model.rowCount()))


def test_an_insert_a_move_and_a_removal_are_told_as_just_that(model: ShotsModel) -> None:
    model.update(snapshot("abcdef"))
    told = Told(model)
    model.update(snapshot("abXcdef"))
    assert told.take("inserted", "moved", "removed", "reset") == [("inserted", 2, 2)]
    model.update(snapshot("bXcdefa"))
    assert told.take("inserted", "moved", "removed", "reset") == [("moved", 0, 0, 7)]
    model.update(snapshot("bXea"))
    assert told.take("inserted", "moved", "removed", "reset") == [("removed", 5, 5), ("removed", 2, 3)]
    assert names(model) == "bXea" and [model.row_of(name) for name in "bXeac"] == [0, 1, 2, 3, -1]


def test_an_edit_is_told_for_its_row_alone_and_nothing_for_no_change(model: ShotsModel) -> None:
    model.update(snapshot("abc"))
    told = Told(model)
    model.update(snapshot("abc", b="The fox waits."))
    assert told.take() == [("changed", 1, 1)]
    model.update(snapshot("abc", b="The fox waits."))
    assert told.take() == []
    assert model.index(1).data() == "Shot 2: The fox waits."


def test_another_scene_is_a_reset(model: ShotsModel) -> None:
    model.update(snapshot("abc"))
    told = Told(model)
    model.update(snapshot("xy", replace(SCENE, id="other")))
    assert told.take() == [("reset",)] and names(model) == "xy"


@given(st.lists(st.permutations("abcdefghij").flatmap(lambda p: st.integers(0, 10).map(lambda n: "".join(p[:n])))))
def test_any_order_is_reached(qapp: QApplication, orders: list[str]) -> None:
    model = ShotsModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for order in orders:
        model.update(snapshot(order))
        assert names(model) == order
        assert [view.number for view in model.shots()] == list(range(1, len(order) + 1))
    tester.deleteLater()


def test_progress_is_shown_until_the_engine_lets_go(model: ShotsModel) -> None:
    model.update(snapshot("abc"))
    told = Told(model)
    progress = ShotProgress("job", 2, 3, 12, 4.5, "denoising")
    model.set_progress("b", progress)
    model.set_preview("b", "/tmp/b.jpg")
    index = model.index(1)
    assert index.data(ShotsModel.ProgressRole) == progress and progress.fraction == 0.25
    assert index.data(ShotsModel.PreviewRole) == "/tmp/b.jpg"
    model.update_jobs([job("job", "b", "running", 1.0)])
    assert index.data(ShotsModel.ProgressRole) == progress
    model.update_jobs([job("job", "b", "done", 1.0)])
    assert index.data(ShotsModel.ProgressRole) is None and index.data(ShotsModel.PreviewRole) == ""
    assert {line[1] for line in told.take("changed")} == {1}
    model.set_progress("nowhere", progress)
    assert told.take() == []


def test_a_shot_says_why_its_latest_job_failed(model: ShotsModel) -> None:
    model.update(snapshot("ab"))
    failed = job("1", "a", "failed", 1.0, message="Out of memory.", hint="Make it shorter.")
    model.update_jobs([failed])
    assert model.index(0).data(ShotsModel.FailureRole) == ("Out of memory.", "Make it shorter.")
    model.update_jobs([failed, job("2", "a", "queued", 2.0)])
    assert model.index(0).data(ShotsModel.FailureRole) is None
    model.update_jobs([failed, job("2", "a", "interrupted", 2.0)])
    assert "Interrupted" in model.index(0).data(ShotsModel.FailureRole)[0]


def test_a_thousand_shots_take_an_insert_in_a_moment(model: ShotsModel) -> None:
    views = tuple(shot(f"shot {number}", number, "The fox walks.") for number in range(1, 1001))
    before = SceneSnapshot(SCENE, views, (), 8.0, None, "paper-theatre", False)
    model.update(before)
    told = Told(model)
    after = (*views[:500], shot("new", 501), *(replace(view, number=view.number + 1) for view in views[500:]))
    model.update(replace(before, shots=after))
    assert told.take() == [("inserted", 500, 500), ("changed", 501, 1000)]


def test_a_preview_is_over_when_another_take_is_made_or_none(model: ShotsModel) -> None:
    model.update(snapshot("ab"))
    over: list[str] = []
    model.preview_over.connect(over.append)
    for path in ("t1.jpg", "t1.jpg", "t2.jpg"):
        model.set_preview("a", path)
    assert over == ["t1.jpg"]
    model.update_jobs([job("j", "a", "done", 1.0)])
    assert over == ["t1.jpg", "t2.jpg"]
    model.clear_progress("a")
    assert over == ["t1.jpg", "t2.jpg"]
