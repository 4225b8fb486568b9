from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.inspector.inspector import Inspector

from .stage import Stage
from .test_typing import choose, inspector_of


def type_into(qtbot: QtBot, field: object, text: str) -> None:
    field.selectAll()  # type: ignore[attr-defined]
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)


def test_a_length_in_seconds_snaps_to_frames_the_model_can_make(stage: Stage, qtbot: QtBot) -> None:
    form = inspector_of(stage, qtbot, 2).shot_form
    type_into(qtbot, form.length, "3")
    assert stage.shot(2).frames == 25
    type_into(qtbot, form.length, "12 frames")
    assert stage.shot(2).frames == 13
    assert form.length.text() == "1.62 s"


def test_a_length_steps_by_whole_latents(stage: Stage, qtbot: QtBot) -> None:
    form = inspector_of(stage, qtbot, 2).shot_form
    form.length.stepUp()
    assert stage.shot(2).frames == 21
    form.length.stepDown()
    form.length.stepDown()
    assert stage.shot(2).frames == 13


def test_nonsense_for_a_length_changes_nothing(stage: Stage, qtbot: QtBot) -> None:
    form = inspector_of(stage, qtbot, 2).shot_form
    type_into(qtbot, form.length, "long")
    assert stage.shot(2).frames == 17
    assert form.length.text() == "2.12 s"


def test_a_continuing_shot_takes_its_length_along(stage: Stage, qtbot: QtBot) -> None:
    form = inspector_of(stage, qtbot, 2).shot_form
    form.start.button("continues").click()
    assert (stage.shot(2).continues, stage.shot(2).frames) == (True, 16)
    assert form.length.text() == "2 s"


def test_the_first_shot_cannot_continue_anything(stage: Stage, qtbot: QtBot) -> None:
    form = inspector_of(stage, qtbot, 1).shot_form
    assert not form.start.button("continues").isEnabled()


def test_length_cut_and_lock_of_several_shots_change_together_and_are_undone_together(
    stage: Stage, qtbot: QtBot
) -> None:
    inspector = inspector_of(stage, qtbot, 2, 3, 4)
    form = inspector.shot_form
    assert form._head.text() == "3 shots"
    assert not form.prompt.isVisible()
    type_into(qtbot, form.length, "3")
    assert [shot.frames for shot in stage.snapshot.shots] == [17, 25, 25, 25]
    stage.undo()
    assert [shot.frames for shot in stage.snapshot.shots] == [17] * 4
    form.lock.click()
    assert [shot.locked for shot in stage.snapshot.shots] == [False, True, True, True]
    assert not inspector.generate.isEnabled()


def test_shots_that_differ_show_no_choice_until_one_is_made(stage: Stage, qtbot: QtBot) -> None:
    stage.board.edit_shot(stage.ids[2], continues=True)
    stage.document.refresh()
    stage.settle()
    form = inspector_of(stage, qtbot, 2, 3).shot_form
    assert not form.start.button("cut").isChecked() and not form.start.button("continues").isChecked()
    form.start.button("cut").click()
    assert [shot.continues for shot in stage.snapshot.shots] == [False] * 4


def test_shots_of_different_length_can_be_given_the_length_of_the_first(stage: Stage, qtbot: QtBot) -> None:
    stage.board.edit_shot(stage.ids[2], frames=25)
    stage.document.refresh()
    stage.settle()
    form = inspector_of(stage, qtbot, 2, 3).shot_form
    assert form.length.text() == ""
    qtbot.keyClick(form.length, Qt.Key.Key_Return)
    assert [shot.frames for shot in stage.snapshot.shots] == [17, 17, 25, 17]
    type_into(qtbot, form.length, "17f")
    assert [shot.frames for shot in stage.snapshot.shots] == [17] * 4


def test_the_seed_of_the_take_is_shown_kept_and_copied(stage: Stage, qtbot: QtBot) -> None:
    form = inspector_of(stage, qtbot, 2).shot_form
    stage.settle()
    selected = stage.shot(2).selected
    assert selected is not None
    seed = stage.board.take(selected.id).seed
    assert str(seed) in form._made_with.text()
    form.seed.copy.click()
    assert QGuiApplication.clipboard().text() == str(seed)
    form.seed.from_take.click()
    assert stage.shot(2).seed == seed
    assert form.seed.field.text() == str(seed)


def test_a_seed_can_be_rolled_typed_and_made_automatic_again(stage: Stage, qtbot: QtBot) -> None:
    form = inspector_of(stage, qtbot, 2).shot_form
    form.seed.roll.click()
    assert stage.shot(2).seed is not None
    type_into(qtbot, form.seed.field, "42")
    assert stage.shot(2).seed == 42
    form.seed.field.clear()
    assert stage.shot(2).seed is None


def test_settings_that_are_empty_are_the_scenes_and_then_the_models(stage: Stage, qtbot: QtBot) -> None:
    form = inspector_of(stage, qtbot, 2).shot_form
    assert form.sampling.steps.placeholderText() == "20 (model)"
    type_into(qtbot, form.sampling.steps, "8")
    type_into(qtbot, form.sampling.text_guidance, "4.5")
    assert stage.shot(2).settings == {"steps": 8, "text_guidance": 4.5}
    form.sampling.steps.clear()
    form.sampling.steps.editingFinished.emit()
    assert stage.shot(2).settings == {"text_guidance": 4.5}
    stage.board.edit_scene(stage.document.scene_id, settings={"steps": 12})
    stage.document.refresh()
    stage.settle()
    assert form.sampling.steps.placeholderText() == "12 (scene)"


def test_a_sampler_is_chosen_from_a_list(stage: Stage, qtbot: QtBot) -> None:
    form = inspector_of(stage, qtbot, 2).shot_form
    form.sampling.sampler.setCurrentIndex(2)
    form.sampling.sampler.activated.emit(2)
    assert stage.shot(2).settings == {"sampler": "unipc"}


def test_a_shot_without_takes_is_generated_and_one_with_takes_regenerated(stage: Stage, qtbot: QtBot) -> None:
    inspector = inspector_of(stage, qtbot, 2)
    assert inspector.generate.text() == "Regenerate"
    stage.board.insert_shot(stage.document.scene_id, "Something new")
    stage.document.refresh()
    choose(inspector, stage, 5)
    assert inspector.generate.text() == "Generate"
    assert not inspector.extend.isEnabled()


def test_with_nothing_chosen_the_scene_is_shown(stage: Stage, qtbot: QtBot) -> None:
    inspector = inspector_of(stage, qtbot)
    assert inspector.scene_form.isVisible()
    choose(inspector, stage, 1)
    assert inspector.shot_form.isVisible()
    choose(inspector, stage)
    assert inspector.scene_form.isVisible()


def test_somebody_who_opened_the_scene_keeps_it_while_choosing_shots(stage: Stage, qtbot: QtBot) -> None:
    inspector = inspector_of(stage, qtbot, 1)
    qtbot.mouseClick(inspector.tabs, Qt.MouseButton.LeftButton, pos=inspector.tabs.tabRect(1).center())
    choose(inspector, stage, 2)
    assert inspector.scene_form.isVisible()


def test_the_scene_is_edited_field_by_field(stage: Stage, qtbot: QtBot) -> None:
    form = inspector_of(stage, qtbot).scene_form
    type_into(qtbot, form.title, "Dusk")
    form.story.selectAll()
    qtbot.keyClicks(form.story, "it hops")
    form.flush()
    type_into(qtbot, form.seed.field, "9")
    scene = stage.snapshot.scene
    assert (scene.title, scene.environment, scene.story, scene.seed) == ("Dusk", "a forest", "it hops", 9)
    assert "[Story] it hops." in form._whole.text()
    for _ in range(3):
        stage.undo()
    assert (stage.snapshot.scene.title, stage.snapshot.scene.seed) == ("Fox", 7)
    assert (form.title.text(), form.story.toPlainText(), form.seed.field.text()) == ("Fox", "it walks", "7")


def test_a_shot_that_is_deleted_leaves_the_inspector(stage: Stage, qtbot: QtBot) -> None:
    inspector: Inspector = inspector_of(stage, qtbot, 2)
    stage.verbs.delete()
    stage.settle()
    assert inspector.scene_form.isVisible()
    assert stage.problems == []
