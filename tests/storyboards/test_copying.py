"""A copy is whole, opens on its own, and takes nothing from the original."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from storyboards.copying import copy_project
from storyboards.errors import InvalidValue, NotAProject, ProjectExists
from storyboards.project import Project

from .conftest import Scene


def test_a_copy_of_an_open_project_has_all_takes_and_opens_for_writing(rendered: Scene, tmp_path: Path) -> None:
    rendered.board.add_shot(rendered.id, "the very last change")
    (rendered.board.root / "takes" / "half.tmp-1").mkdir()
    target = copy_project(rendered.board.root, tmp_path / "copies" / "Other")
    assert target.name == "Other.matchcut" and not (target / "takes" / "half.tmp-1").exists()
    with Project.open(target) as copy:
        assert not copy.report.missing and not copy.read_only
        ours, theirs = rendered.board.shots(rendered.id), copy.storyboard.shots(rendered.id)
        assert [shot.prompt for shot in theirs] == [shot.prompt for shot in ours]
        for shot in theirs[:4]:
            assert shot.selected is not None and shot.selected.video.is_relative_to(target)
            assert shot.selected.video.is_file()
        copy.storyboard.delete_shot(theirs[0].id)
    assert len(rendered.board.shots(rendered.id)) == len(ours)


def test_a_copy_overwrites_nothing_and_cannot_lie_in_its_original(project: Project, tmp_path: Path) -> None:
    (tmp_path / "there.matchcut").mkdir()
    with pytest.raises(ProjectExists):
        copy_project(project.path, tmp_path / "there")
    with pytest.raises(InvalidValue):
        copy_project(project.path, project.path / "takes" / "copy")
    with pytest.raises(NotAProject):
        copy_project(tmp_path / "nowhere.matchcut", tmp_path / "copy")
    assert not list(tmp_path.glob(".*tmp*"))


def test_a_copy_that_fails_leaves_nothing_behind(
    rendered: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_names: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", full)
    with pytest.raises(Exception, match="No space left"):
        copy_project(rendered.board.root, tmp_path / "copy")
    assert not list(tmp_path.glob("*copy*")) and not list(tmp_path.glob(".*copy*"))
