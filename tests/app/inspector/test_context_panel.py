from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from app.inspector.context_panel import AT_ONCE, ContextPanel
from app.inspector.context_row import NoisePopover

from .stage import Stage, film, opened, picture
from .test_typing import inspector_of


def context_of(stage: Stage, qtbot: QtBot, number: int) -> ContextPanel:
    panel = inspector_of(stage, qtbot, number).shot_form.context
    planned(stage, qtbot, panel)
    return panel


def planned(stage: Stage, qtbot: QtBot, panel: ContextPanel) -> None:
    """Wait until the panel has asked, and been answered."""
    stage.settle()
    qtbot.waitUntil(lambda: not panel._timer.isActive())
    stage.settle()


def lines(panel: ContextPanel) -> list[tuple[str, str]]:
    return [(row._name.text(), row._reason.text()) for row in panel.rows()]


def test_it_lists_what_the_shot_will_see_and_why(stage: Stage, qtbot: QtBot) -> None:
    panel = context_of(stage, qtbot, 3)
    assert lines(panel) == [
        ("Shot 1", "The scene's first shot"),
        ("Shot 2", "The shot before"),
        ("Shot 4", "Later than this shot, and two-sided context is off"),
    ]
    assert panel.section._aside.text() == "280 of 1,400 tokens"


def test_a_pin_is_kept_in_the_document_and_shown_at_once(stage: Stage, qtbot: QtBot) -> None:
    panel = context_of(stage, qtbot, 3)
    panel.rows()[2]._pin.click()
    planned(stage, qtbot, panel)
    assert ("Shot 4", "You pinned it") in lines(panel)[:3]
    (choice,) = stage.board.choices(stage.ids[2])
    assert (choice.target_shot_id, choice.choice) == (stage.ids[3], "pinned")
    panel.rows()[2]._pin.click()
    planned(stage, qtbot, panel)
    assert stage.board.choices(stage.ids[2]) == []


def test_what_is_left_out_can_be_brought_back_by_undo(stage: Stage, qtbot: QtBot) -> None:
    panel = context_of(stage, qtbot, 3)
    panel.rows()[0]._ban.click()
    planned(stage, qtbot, panel)
    assert ("Shot 1", "You excluded it") in lines(panel)
    stage.undo()
    planned(stage, qtbot, panel)
    assert lines(panel)[0] == ("Shot 1", "The scene's first shot")


def test_the_noise_of_one_thing_can_be_set_and_given_back(stage: Stage, qtbot: QtBot) -> None:
    panel = context_of(stage, qtbot, 3)
    row = panel.rows()[0]
    row._noise_button.click()
    popover = row.findChild(NoisePopover)
    assert popover is not None
    popover.level.setValue(0.4)
    popover._use()
    planned(stage, qtbot, panel)
    assert stage.board.choices(stage.ids[2])[0].noise == 0.4
    assert panel.rows()[0]._noise_button.text() == "noise 0.40*"
    row.noise_chosen.emit(row._block, None)
    planned(stage, qtbot, panel)
    assert panel.rows()[0]._noise_button.text() == "noise 0.10"


def test_two_sided_shots_see_what_comes_later(stage: Stage, qtbot: QtBot) -> None:
    inspector = inspector_of(stage, qtbot, 3)
    inspector.shot_form.sides.button("both").click()
    assert stage.shot(3).two_sided
    planned(stage, qtbot, inspector.shot_form.context)
    assert ("Shot 4", "1 shot later") in lines(inspector.shot_form.context)


def test_what_a_shot_continues_cannot_be_left_out(stage: Stage, qtbot: QtBot) -> None:
    stage.board.edit_shot(stage.ids[2], continues=True)
    stage.document.refresh()
    panel = context_of(stage, qtbot, 3)
    (row,) = [row for row in panel.rows() if row._block is not None and row._block.used]
    assert row._reason.text() == "This shot continues it without a cut"
    assert not row._ban.isEnabled()


def test_what_stands_in_the_way_of_a_render_is_said_here(stage: Stage, qtbot: QtBot) -> None:
    stage.board.edit_shot(stage.ids[0], continues=True)
    stage.document.refresh()
    panel = context_of(stage, qtbot, 1)
    assert panel._told.text() == "Shot 1 continues the shot before it, but is the first. Make it a cut."
    stage.board.edit_shot(stage.ids[0], continues=False)
    stage.document.refresh()
    planned(stage, qtbot, panel)
    assert lines(panel)[0][0] == "Shot 2"


def test_images_of_elements_are_listed_with_their_picture(stage: Stage, qtbot: QtBot, tmp_path: Path) -> None:
    element = stage.snapshot.elements[0]
    stage.board.add_reference(element.id, picture(tmp_path / "fox.png"))
    stage.document.refresh()
    panel = context_of(stage, qtbot, 2)
    assert lines(panel)[0] == ("Character 1 (fox)", "Reference image of an element")
    panel.rows()[0]._ban.click()
    stage.settle()
    assert stage.board.choices(stage.ids[1])[0].choice == "excluded"


def test_typing_a_prompt_asks_the_planner_nothing(stage: Stage, qtbot: QtBot) -> None:
    panel = context_of(stage, qtbot, 3)
    asked = len(stage.runner.asked)
    stage.verbs.edit_prompt(stage.ids[2], "Something else")
    planned(stage, qtbot, panel)
    assert len(stage.runner.asked) == asked
    stage.verbs.set_frames(stage.ids[2], 25)
    planned(stage, qtbot, panel)
    assert len(stage.runner.asked) == asked + 1


def test_a_long_scene_shows_the_nearest_first_and_the_rest_on_request(qtbot: QtBot, tmp_path: Path) -> None:
    with opened(film(tmp_path, shots=40)) as stage:
        panel = context_of(stage, qtbot, 40)
        used = sum(row._block is not None and row._block.used for row in panel.rows())
        assert used == 10  # the budget of the model
        assert len(panel.rows()) == used + AT_ONCE
        panel._more.click()
        assert len(panel.rows()) == 39
