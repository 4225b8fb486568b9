from __future__ import annotations

import pytest

from storyboards.errors import InvalidValue, NotFound
from storyboards.project import Project

from .conftest import Scene


def prompts(scene: Scene) -> list[str]:
    return [shot.prompt for shot in scene.board.shots(scene.id)]


def order(scene: Scene) -> list[str]:
    return [shot.id for shot in scene.board.shots(scene.id)]


def test_an_insert_touches_one_row_and_the_numbers_follow(scene: Scene) -> None:
    changes = scene.board.insert_shot(scene.id, "In between.", after=scene.shots[1])
    assert [(row.kind, row.table) for row in changes] == [("inserted", "shot")]
    assert order(scene) == [*scene.shots[:2], changes.new_id("shot"), *scene.shots[2:]]
    assert [shot.number for shot in scene.board.shots(scene.id)] == [1, 2, 3, 4, 5]
    first = scene.board.insert_shot(scene.id, "First.", before=scene.shots[0]).new_id("shot")
    assert order(scene)[0] == first


def test_a_move_touches_one_row_and_a_move_to_its_own_place_touches_none(scene: Scene) -> None:
    a, b, c, d = scene.shots
    changes = scene.board.move_shot(d, before=b)
    assert [(row.kind, row.id, set(row.after)) for row in changes] == [("moved", d, {"position"})]
    assert order(scene) == [a, d, b, c]
    assert not scene.board.move_shot(d, after=a)
    assert not scene.board.move_shot(d, before=b)
    assert not scene.board.move_shot(c)
    assert not scene.board.move_shot(c, after=c)
    assert scene.board.move_shot(a)
    assert order(scene) == [d, b, c, a]


def test_a_place_is_named_by_one_live_shot_of_the_scene(scene: Scene) -> None:
    other = scene.board.create_scene("Other").new_id("scene")
    stranger = scene.board.add_shot(other).new_id("shot")
    with pytest.raises(InvalidValue, match="not in this list"):
        scene.board.move_shot(scene.shots[0], after=stranger)
    with pytest.raises(InvalidValue, match="not both"):
        scene.board.insert_shot(scene.id, before=scene.shots[0], after=scene.shots[1])


def test_a_deleted_shot_comes_back_to_its_place_even_if_others_were_inserted_there(scene: Scene) -> None:
    a, b, c, d = scene.shots
    assert [row.kind for row in scene.board.delete_shot(b)] == ["removed"]
    new = scene.board.insert_shot(scene.id, after=a).new_id("shot")
    assert order(scene) == [a, new, c, d]
    with pytest.raises(NotFound):
        scene.board.edit_shot(b, prompt="?")
    assert [row.kind for row in scene.board.restore_shot(b)] == ["inserted"]
    assert order(scene) == [a, new, b, c, d]


def test_a_duplicate_has_text_and_choices_but_no_takes(rendered: Scene) -> None:
    board, (first, second, *_) = rendered.board, rendered.shots
    board.pin_context(second, shot=first)
    changes = board.duplicate_shot(second)
    copy = board.shot(changes.new_id("shot"))
    assert (copy.number, copy.prompt, copy.take_count, copy.selected) == (3, "The fox does 2.", 0, None)
    assert [(c.target_shot_id, c.choice) for c in board.choices(copy.id)] == [(first, "pinned")]


@pytest.mark.parametrize(
    ("asked", "continues", "stored"), [(17, False, 17), (16, False, 17), (6, False, 5), (17, True, 16), (5, True, 8)]
)
def test_lengths_are_brought_to_the_latent_grid(scene: Scene, asked: int, continues: bool, stored: int) -> None:
    shot = scene.board.add_shot(scene.id, frames=asked, continues=continues).new_id("shot")
    assert scene.board.shot(shot).frames == stored


@pytest.mark.parametrize("frames", [4, 402, -1])
def test_a_length_out_of_range_is_refused_and_nothing_is_written(scene: Scene, frames: int) -> None:
    with pytest.raises(InvalidValue, match="5 to 401"):
        scene.board.add_shot(scene.id, frames=frames)
    with pytest.raises(InvalidValue, match="5 to 401"):
        scene.board.edit_shot(scene.shots[0], prompt="not this", frames=frames)
    assert prompts(scene) == [f"The fox does {number}." for number in range(1, 5)]


def test_switching_cut_and_continuation_takes_the_length_along(scene: Scene) -> None:
    shot = scene.shots[1]
    changes = scene.board.edit_shot(shot, continues=True)
    assert dict(changes.rows[0].before) == {"frames": 17, "continues": False}
    assert dict(changes.rows[0].after) == {"frames": 16, "continues": True}
    scene.board.edit_shot(shot, continues=False)
    assert scene.board.shot(shot).frames == 17


def test_an_edit_that_changes_nothing_returns_an_empty_change_set(scene: Scene) -> None:
    assert not scene.board.edit_shot(scene.shots[0], prompt="  The fox does 1.  ", frames=17, notes="")


def test_context_choices_are_rows_only_while_they_say_something(scene: Scene) -> None:
    board, (a, b, *_) = scene.board, scene.shots
    assert not board.choose_context(b, shot=a, choice="auto")
    board.choose_context(b, shot=a, choice="excluded", noise=0.25)
    board.choose_context(b, shot=a, choice="auto")
    assert [(c.choice, c.noise) for c in board.choices(b)] == [("auto", 0.25)]
    assert [row.kind for row in board.choose_context(b, shot=a, noise=None)] == ["removed"]
    assert board.choices(b) == []
    with pytest.raises(InvalidValue, match="other shots"):
        board.pin_context(b, shot=b)
    with pytest.raises(InvalidValue, match="noise"):
        board.choose_context(b, shot=a, noise=1.5)


def test_scenes_are_ordered_edited_deleted_and_restored(project: Project) -> None:
    board = project.storyboard
    a, b, c = (board.create_scene(title).new_id("scene") for title in "abc")
    board.move_scene(c, before=a)
    board.edit_scene(b, title=" B \n2 ", environment="woods", story="it rains", seed=9, settings={"steps": 8})
    assert [(s.title, s.number) for s in board.scenes()] == [("c", 1), ("a", 2), ("B 2", 3)]
    view = board.scene(b)
    assert (view.seed, view.settings, view.global_text) == (9, {"steps": 8}, "[Environment] woods. [Story] it rains.")
    board.delete_scene(a)
    assert [s.title for s in board.scenes()] == ["c", "B 2"]
    board.restore_scene(a)
    assert [s.title for s in board.scenes()] == ["c", "a", "B 2"]


@pytest.mark.parametrize("settings", [{"stepz": 3}, {"steps": "many"}, {"sampler": "magic"}])
def test_settings_that_the_engine_does_not_know_are_refused(scene: Scene, settings: dict[str, object]) -> None:
    with pytest.raises(InvalidValue, match="settings"):
        scene.board.edit_scene(scene.id, settings=settings)


def test_the_project_keeps_model_size_and_rate(project: Project) -> None:
    view = project.storyboard.project()
    assert (view.name, view.model, view.size, view.fps) == ("Film", "paper-theatre", None, 8.0)
    project.storyboard.edit_project(size=(832, 480), model="/models/wan", fps=16)
    view = project.storyboard.project()
    assert (view.model, view.size, view.fps) == ("/models/wan", (832, 480), 16.0)
    project.storyboard.edit_project(size=None)
    assert project.storyboard.project().size is None
