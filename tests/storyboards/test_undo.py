from __future__ import annotations

from collections.abc import Callable

import pytest

from storyboards.changes import ChangeSet
from storyboards.errors import CannotUndo, WrongState
from storyboards.requests import start_next
from storyboards.storyboard import Storyboard

from .conftest import Scene
from .studio import run_next


def picture_of(board: Storyboard) -> object:
    scenes = board.scenes()
    return [(s, board.elements(s.id), board.shots(s.id)) for s in scenes]


def test_every_edit_is_undone_and_redone(rendered: Scene) -> None:
    board, (a, b, c, d) = rendered.board, rendered.shots
    board.queue_render(a, takes=1, select=False)
    run_next(board)
    second_take = board.takes(a)[1].id
    element = board.elements(rendered.id)[0].id
    board.pin_context(b, shot=a)
    verbs: list[Callable[[], ChangeSet]] = [
        lambda: board.insert_shot(rendered.id, "new", after=b),
        lambda: board.move_shot(d, before=a),
        lambda: board.edit_shot(c, prompt="else", frames=33, continues=True, notes="why"),
        lambda: board.duplicate_shot(b),
        lambda: board.delete_shot(a),
        lambda: board.select_take(second_take),
        lambda: board.favourite_take(second_take),
        lambda: board.reject_take(second_take),
        lambda: board.delete_take(second_take),
        lambda: board.choose_context(b, shot=a, choice="auto"),
        lambda: board.exclude_context(b, shot=c),
        lambda: board.edit_element(element, name="Fox", description="a fox"),
        lambda: board.edit_scene(rendered.id, environment="the moon", seed=8, settings={"steps": 3}),
        lambda: board.create_scene("Another"),
        lambda: board.delete_scene(rendered.id),
    ]
    for verb in verbs:
        before = picture_of(board)
        done = verb()
        after = picture_of(board)
        undone = board.revert(done)
        assert picture_of(board) == before
        redone = board.revert(undone)
        assert picture_of(board) == after
        board.revert(redone)
        assert picture_of(board) == before


def test_a_stack_of_moves_and_inserts_is_undone_backwards(scene: Scene) -> None:
    board, (_a, b, c, _d) = scene.board, scene.shots
    pictures: list[list[str]] = []
    stack: list[ChangeSet] = []
    verbs: list[Callable[[], ChangeSet]] = [
        lambda: board.move_shot(b),
        lambda: board.insert_shot(scene.id, "takes the place of b", before=c),
        lambda: board.delete_shot(c),
        lambda: board.move_shot(b, before=scene.shots[0]),
    ]
    for verb in verbs:
        pictures.append([s.id for s in board.shots(scene.id)])
        stack.append(verb())
    while stack:
        board.revert(stack.pop())
        assert [s.id for s in board.shots(scene.id)] == pictures.pop()


def test_what_was_changed_since_is_not_overwritten(scene: Scene) -> None:
    edit = scene.board.edit_shot(scene.shots[0], prompt="one")
    scene.board.edit_shot(scene.shots[0], prompt="two")
    with pytest.raises(CannotUndo, match="prompt"):
        scene.board.revert(edit)
    assert scene.view(1).prompt == "two"


def test_a_take_that_was_deleted_since_is_not_selected_again(rendered: Scene) -> None:
    board, shot = rendered.board, rendered.shots[0]
    board.queue_render(shot, select=False)
    run_next(board)
    first, second = board.takes(shot)
    chosen = board.select_take(second.id)
    board.delete_take(first.id)
    with pytest.raises(CannotUndo):
        board.revert(chosen)


def test_renders_and_the_queue_are_not_undone(scene: Scene) -> None:
    queued = scene.board.queue_render(scene.shots[0])
    with pytest.raises(CannotUndo):
        scene.board.revert(queued)
    assert scene.board.revert(ChangeSet()) == ChangeSet()


def test_undo_ends_where_the_user_has_cleaned_up(rendered: Scene) -> None:
    board = rendered.board
    folder = board.takes(rendered.shots[0])[0].folder
    choice = board.pin_context(rendered.shots[1], shot=rendered.shots[0])
    gone = board.choose_context(rendered.shots[1], shot=rendered.shots[0], choice="auto")
    deleted = board.delete_shot(rendered.shots[0])
    assert folder.is_dir()
    board.clean_up()
    assert not folder.exists()
    for changes in (deleted, gone, choice):
        with pytest.raises(CannotUndo):
            board.revert(changes)


def test_cleaning_up_waits_for_a_render_of_what_was_deleted(scene: Scene) -> None:
    scene.board.queue_render(scene.shots[0])
    start_next(scene.board)
    scene.board.delete_shot(scene.shots[0])
    with pytest.raises(WrongState, match="still being rendered"):
        scene.board.clean_up()
