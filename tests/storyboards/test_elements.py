from __future__ import annotations

from pathlib import Path

import pytest

from storyboards.errors import InvalidValue, MissingFile, OutsideProject
from storyboards.paths import inside
from storyboards.requests import compose_text

from .conftest import PNG, Scene
from .studio import sha


def test_elements_make_the_global_prompt_in_their_order(scene: Scene) -> None:
    board = scene.board
    frog = board.add_element(scene.id, "Character 2", "a green frog.").new_id("element")
    board.add_element(scene.id, "Lamp", "a brass lamp", kind="prop")
    board.edit_scene(scene.id, story="they meet")
    board.move_element(frog, before=board.elements(scene.id)[0].id)
    assert board.scene(scene.id).global_text == (
        "[Character] Character 2: a green frog. Character 1: a fox in a red coat. "
        "[Environment] a forest. Lamp: a brass lamp. [Story] they meet."
    )
    board.delete_element(frog)
    assert "frog" not in board.scene(scene.id).global_text
    board.restore_element(frog)
    assert "frog" in board.scene(scene.id).global_text


def test_empty_parts_of_the_text_are_left_out_and_only_a_continuation_lacks_the_cut() -> None:
    assert compose_text("", "The fox jumps.", continues=False) == "[SHOT CUT] The fox jumps."
    assert compose_text("", "It goes on.", continues=True) == "It goes on."
    assert compose_text("[Story] a day.", "", continues=True) == "[Story] a day."


def test_names_of_elements_are_unique_in_a_scene_and_fit_a_story_file(scene: Scene) -> None:
    with pytest.raises(InvalidValue, match="already"):
        scene.board.add_element(scene.id, " Character  1 ", "another")
    for name in ("", "a: b", 'the "fox"', "x" * 61):
        with pytest.raises(InvalidValue, match="name of an element"):
            scene.board.add_element(scene.id, name, "?")
    first = scene.board.elements(scene.id)[0]
    scene.board.delete_element(first.id)
    scene.board.add_element(scene.id, "Character 1", "a second one")
    with pytest.raises(InvalidValue, match="already"):
        scene.board.restore_element(first.id)


def test_a_reference_image_is_copied_into_the_project_and_hashed(scene: Scene, picture: Path) -> None:
    element = scene.board.elements(scene.id)[0].id
    scene.board.add_reference(element, picture)
    picture.unlink()
    (image,) = scene.board.elements(scene.id)[0].references
    assert (image.name, image.content_hash) == ("fox front", sha(PNG))
    assert image.path.read_bytes() == PNG
    assert image.path.parent == scene.board.root / "references"


def test_what_is_no_image_is_not_taken_in(scene: Scene, tmp_path: Path) -> None:
    element = scene.board.elements(scene.id)[0].id
    (tmp_path / "notes.png").write_text("no picture")
    with pytest.raises(InvalidValue, match="not an image"):
        scene.board.add_reference(element, tmp_path / "notes.png")
    with pytest.raises(MissingFile):
        scene.board.add_reference(element, tmp_path / "nothing.png")
    assert list((scene.board.root / "references").iterdir()) == []


@pytest.mark.parametrize("stored", ["/etc/passwd", "../x", "takes/../../x", "C:/x", "C:\\x", "..\\x", "", "link/x"])
def test_a_stored_path_never_leaves_the_project(tmp_path: Path, stored: str) -> None:
    root = tmp_path / "Film.matchcut"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(OutsideProject):
        inside(root, stored)
    assert inside(root, "takes/a/video.mp4") == root / "takes" / "a" / "video.mp4"
