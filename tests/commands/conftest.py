"""The command line on real projects with the tiny model: most verbs in this process, a few in one of their own."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from commands.program import main
from storyboards.story_text import Story, StoryElement, StoryShot, write_story
from tests.engine.conftest import tiny_model

__all__ = ["tiny_model"]

MAIN = Path(__file__).resolve().parents[2] / "main.py"


@dataclass(frozen=True)
class Answer:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The object on the last line of stdout."""
        found: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return found


class CommandLine:
    """Types commands as a user would in `cwd`."""

    def __init__(self, cwd: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.cwd, self._capture = cwd, capture

    def __call__(self, *words: object) -> Answer:
        """One command in this process."""
        self._capture.readouterr()
        try:
            code = main([str(word) for word in words])
        except SystemExit as left:  # argparse leaves this way
            code = left.code if isinstance(left.code, int) else 1
        said = self._capture.readouterr()
        return Answer(code, said.out, said.err)

    def ok(self, *words: object) -> dict[str, Any]:
        """One command that must work; its JSON."""
        answer = self(*words, "--json")
        assert answer.code == 0, answer.err
        return answer.json


def start(*words: object, cwd: Path) -> subprocess.Popen[str]:
    """One command in a process of its own."""
    command = [sys.executable, "-W", "error::ResourceWarning", str(MAIN), *map(str, words)]
    return subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )


@pytest.fixture(autouse=True)
def log_in_scratch(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Logs go into a scratch folder, and the logger is left as it was found; no model is registered."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp() / "state"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
    logger = logging.getLogger("matchcut")
    level, propagate = logger.level, logger.propagate
    yield
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    logger.setLevel(level)
    logger.propagate = propagate


@pytest.fixture
def matchcut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return CommandLine(tmp_path, capsys)


def short_story(shots: int = 3, frames: int = 9) -> Story:
    """A story of short shots."""
    prompts = (
        "A fox in a red coat walks in the forest, wide shot.",
        "The fox jumps, medium shot.",
        "It waves, close-up.",
    )
    return Story(
        "Short",
        7,
        "a forest",
        "",
        (StoryElement("character", "Character 1", "a fox in a red coat"),),
        tuple(StoryShot(prompts[number % 3], frames) for number in range(shots)),
    )


@pytest.fixture
def story_file(tmp_path: Path) -> Path:
    """Three shots in a file."""
    path = tmp_path / "short.story.md"
    path.write_text(write_story(short_story()), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def rendered_once(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with three rendered shots, to be copied."""
    folder = tmp_path_factory.mktemp("rendered")
    story = folder / "short.story.md"
    story.write_text(write_story(short_story()), encoding="utf-8")
    assert main(["new", str(folder / "tale"), "--story", str(story), "--model", str(tiny_model)]) == 0
    assert main(["render", str(folder / "tale"), "--steps", "1"]) == 0
    return folder / "tale.matchcut"


@pytest.fixture
def rendered(rendered_once: Path, matchcut: CommandLine) -> Path:
    """A copy of that project in the current folder."""
    return Path(shutil.copytree(rendered_once, matchcut.cwd / "tale.matchcut"))


@pytest.fixture(scope="session")
def theatre_model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model at the size that the judge reads."""
    folder = tmp_path_factory.mktemp("theatre") / "theatre"
    shutil.copytree(tiny_model, folder)
    profile = json.loads((folder / "profile.json").read_text(encoding="utf-8"))
    profile["size"] = [112, 64]
    (folder / "profile.json").write_text(json.dumps(profile), encoding="utf-8")
    return folder
