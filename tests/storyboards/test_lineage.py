"""Which takes saw which takes, told honestly."""

from __future__ import annotations

from pathlib import Path

from engine.contract import PlannedBlock

from .conftest import PNG, Scene
from .studio import run_all, run_next


def again(scene: Scene, number: int) -> None:
    scene.board.queue_render(scene.shots[number - 1])
    run_all(scene.board)


def stale(scene: Scene) -> dict[int, tuple[str, ...]]:
    return {shot.number: shot.stale for shot in scene.board.shots(scene.id) if shot.stale}


def test_a_fresh_scene_is_not_stale(rendered: Scene) -> None:
    assert stale(rendered) == {}
    assert all(not shot.changed and not shot.hints for shot in rendered.board.shots(rendered.id))


def test_regenerating_never_cascades_but_later_shots_say_what_they_saw(rendered: Scene) -> None:
    before = {shot.id: shot.selected for shot in rendered.board.shots(rendered.id)}
    again(rendered, 2)
    again(rendered, 2)
    after = {shot.id: shot.selected for shot in rendered.board.shots(rendered.id)}
    assert [before[shot] == after[shot] for shot in rendered.shots] == [True, False, True, True]
    assert stale(rendered) == dict.fromkeys((3, 4), ("saw take 1 of shot 2, which now shows take 3",))


def test_selecting_the_old_take_again_makes_everything_current(rendered: Scene) -> None:
    again(rendered, 2)
    first = rendered.board.takes(rendered.shots[1])[0]
    rendered.board.select_take(first.id)
    assert stale(rendered) == {}
    assert rendered.view(2).take_count == 2


def test_a_deleted_shot_makes_those_that_saw_it_stale_until_it_is_restored(rendered: Scene) -> None:
    rendered.board.delete_shot(rendered.shots[0])
    assert stale(rendered)[1] == ("saw take 1 of a shot that was deleted",)
    rendered.board.restore_shot(rendered.shots[0])
    assert stale(rendered) == {}
    rendered.board.delete_shot(rendered.shots[0])
    rendered.board.clean_up()
    assert stale(rendered)[1] == ("saw a take of a shot that is gone",)


def test_a_shot_that_shows_no_take_any_more_is_told(rendered: Scene) -> None:
    rendered.board.deselect_take(rendered.shots[0])
    assert stale(rendered)[2] == ("saw take 1 of shot 1, which now shows no take",)


def test_a_replaced_or_removed_reference_image_is_told(scene: Scene, picture: Path) -> None:
    board = scene.board
    image = board.add_reference(board.elements(scene.id)[0].id, picture).new_id("reference_image")
    board.queue_scene(scene.id)
    run_all(board)
    assert stale(scene) == {}
    picture.write_bytes(PNG + b"other")
    replaced = board.replace_reference(image, picture)
    assert stale(scene)[1] == ("saw an earlier version of the reference image 'fox front' of Character 1",)
    board.revert(replaced)
    assert stale(scene) == {}
    board.delete_element(board.elements(scene.id)[0].id)
    assert stale(scene)[1] == ("saw the reference image 'fox front' of Character 1, which was removed",)


def test_a_continuing_take_is_stale_when_the_take_before_it_changes_and_says_so_once(scene: Scene) -> None:
    board = scene.board
    board.edit_shot(scene.shots[1], continues=True)
    board.queue_scene(scene.id)
    run_all(board)
    assert stale(scene) == {}
    again(scene, 1)
    assert stale(scene)[2] == ("continues take 1 of shot 1, which now shows take 2",)


def test_a_continuing_take_that_follows_another_shot_now_is_stale(scene: Scene) -> None:
    board = scene.board
    board.edit_shot(scene.shots[1], continues=True)
    board.queue_scene(scene.id)
    run_all(board)
    board.move_shot(scene.shots[2], after=scene.shots[0])
    assert scene.view(3).stale == ("continues take 1 of shot 1, but now follows shot 2",)
    board.move_shot(scene.shots[1], before=scene.shots[0])
    assert scene.view(1).stale == ("continues take 1 of shot 2, but now comes first",)


def test_moving_cuts_about_is_a_hint_and_never_stale(rendered: Scene) -> None:
    rendered.board.move_shot(rendered.shots[0])
    assert stale(rendered) == {}
    assert rendered.view(1).hints == ("saw shot 4 before it, which now comes after it",)
    assert rendered.view(4).changed == ()


def test_a_choice_made_since_is_a_hint(rendered: Scene) -> None:
    board, (first, second, third, _) = rendered.board, rendered.shots
    board.exclude_context(second, shot=first)
    board.pin_context(second, shot=third)
    assert rendered.view(2).stale == ()
    assert rendered.view(2).hints == ("saw shot 1, which is excluded now", "did not see shot 3, pinned now")


def test_what_the_planner_would_choose_today_is_a_hint(rendered: Scene) -> None:
    seen, unseen = rendered.view(1).selected, rendered.view(3).selected
    assert seen is not None and unseen is not None
    blocks = [
        PlannedBlock(seen.id, "shot", rendered.shots[0], "shot 1", "before", 0.1, 10, False, "left out"),
        PlannedBlock(unseen.id, "shot", rendered.shots[2], "shot 3", "after", 0.1, 10, True, "two-sided"),
    ]
    second = rendered.view(2).selected
    assert second is not None
    hints = rendered.board.hints_of_plan(second.id, blocks)
    assert hints == ["would see shot 3 today", "would not see shot 1 today"]


def test_edits_since_a_take_was_made_are_told_apart(rendered: Scene) -> None:
    board, (first, second, third, _) = rendered.board, rendered.shots
    edit = board.edit_shot(first, prompt="The fox sleeps.")
    board.edit_shot(second, frames=33)
    board.edit_shot(third, continues=True)
    assert rendered.view(1).changed == ("prompt changed since",)
    assert rendered.view(2).changed == ("length changed since: has 17 frames, now 33",)
    assert rendered.view(3).changed == ("was made as a cut", "length changed since: has 17 frames, now 16")
    assert stale(rendered) == {}
    board.revert(edit)
    assert rendered.view(1).changed == ()
    board.edit_scene(rendered.id, environment="a desert")
    assert rendered.view(1).changed == ("scene prompt changed since",)
    (take,) = board.takes(first)
    assert take.text.startswith("[Character] Character 1: a fox in a red coat. [Environment] a forest. [SHOT CUT] The")


def test_a_longer_take_keeps_the_lineage_of_its_beginning(rendered: Scene) -> None:
    board = rendered.board
    board.queue_extend(rendered.shots[2], 8)
    run_next(board)
    longer = rendered.view(3)
    assert longer.selected is not None
    assert (longer.frames, longer.selected.number, longer.stale, longer.changed) == (25, 2, (), ())
    assert rendered.view(4).stale == ("saw take 1 of shot 3, which now shows take 2",)
    again(rendered, 1)
    assert rendered.view(3).stale == ("saw take 1 of shot 1, which now shows take 2",)
    assert board.take(longer.selected.id).extends == board.takes(rendered.shots[2])[0].id


def test_takes_made_together_depend_on_each_other(scene: Scene) -> None:
    board = scene.board
    board.queue_joint(scene.shots[:3])
    run_next(board)
    assert stale(scene) == {}
    again(scene, 2)
    assert stale(scene) == dict.fromkeys((1, 3), ("was made together with take 1 of shot 2, which now shows take 2",))


def test_a_take_lists_what_it_saw_in_order(rendered: Scene) -> None:
    (take,) = rendered.board.takes(rendered.shots[2])
    assert [(item.name, item.role, item.side) for item in take.context] == [
        ("take 1 of shot 1", "shot", "before"),
        ("take 1 of shot 2", "shot", "before"),
    ]
    assert take.context[0].content_hash == rendered.board.takes(rendered.shots[0])[0].latents_hash
