"""What goes into a film, and where it may go."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.contract import ExportOptions
from storyboards.errors import InvalidValue
from storyboards.films import film_request, film_target, shown_frames
from storyboards.project import Project

from .conftest import Scene


def lines(scene: Scene) -> list:
    view = scene.board.scene(scene.id)
    return [(view, shot) for shot in scene.board.shots(scene.id)]


def test_a_film_has_the_takes_that_are_shown_in_order_and_says_what_made_them(rendered: Scene) -> None:
    request = film_request(rendered.board, lines(rendered), Path("/x/film.mp4"), ExportOptions(titles=True))
    shots = rendered.board.shots(rendered.id)
    assert [item.path for item in request.items] == [str(shot.selected.video.resolve()) for shot in shots]
    assert [item.title for item in request.items] == [f"Shot {number}" for number in range(1, 5)]
    assert [line["prompt"] for line in request.metadata["shots"]] == [shot.prompt for shot in shots]
    assert request.options.titles and request.out == "/x/film.mp4"
    assert str(rendered.board.root) not in str(request.metadata)


def test_shots_without_a_take_are_left_out_and_none_at_all_is_refused(rendered: Scene) -> None:
    rendered.board.add_shot(rendered.id, "not made yet")
    assert len(film_request(rendered.board, lines(rendered), Path("f.mp4"), ExportOptions()).items) == 4
    with pytest.raises(InvalidValue, match="No shot shows a take"):
        film_request(rendered.board, lines(rendered)[4:], Path("f.mp4"), ExportOptions())


def test_a_range_cuts_the_clips_at_its_ends(rendered: Scene) -> None:
    length = shown_frames(rendered.view(1))
    cut = film_request(
        rendered.board, lines(rendered), Path("f.mp4"), ExportOptions(), (length - 3, 2 * length + 2)
    ).items
    assert [(item.in_frame, item.out_frame) for item in cut] == [(length - 3, length), (None, None), (0, 2)]


def test_a_shot_without_a_take_counts_with_its_own_length_in_a_range(rendered: Scene) -> None:
    shots = rendered.shots
    rendered.board.insert_shot(rendered.id, "new", frames=9, before=shots[1])
    length = shown_frames(rendered.view(1))
    cut = film_request(
        rendered.board, lines(rendered), Path("f.mp4"), ExportOptions(), (length, length + 9 + 4)
    ).items
    assert [(item.title, item.in_frame, item.out_frame) for item in cut] == [("Shot 3", 0, 4)]
    with pytest.raises(InvalidValue):
        film_request(rendered.board, lines(rendered), Path("f.mp4"), ExportOptions(), (length, length + 9))


def test_the_ending_decides_what_the_film_is(project: Project, tmp_path: Path) -> None:
    for name, kind in (("a.mp4", "mp4"), ("a.GIF", "gif"), ("pictures", "png")):
        assert film_target(project.path, tmp_path / name) == (tmp_path / name, kind)
    assert film_target(project.path, tmp_path / "a.png") == (tmp_path / "a", "png")
    with pytest.raises(InvalidValue, match="no kind of film"):
        film_target(project.path, tmp_path / "a.doc")


@pytest.mark.parametrize("name", ["takes/a.mp4", "storyboard.db", "."])
def test_a_film_never_lands_on_the_projects_own_files(project: Project, name: str) -> None:
    with pytest.raises(InvalidValue):
        film_target(project.path, project.path / name, "mp4")
