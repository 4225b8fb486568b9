"""`import-clip`: from a video file to a take that the next render sees."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.film.decode import probe
from engine.film.encode import encode_video
from tests.commands.conftest import CommandLine
from tests.engine.conftest import clip


@pytest.fixture
def footage(matchcut: CommandLine) -> Path:
    """Two seconds of film, larger and quicker than the model's."""
    path = matchcut.cwd / "my fox.mp4"
    encode_video(path, clip(33, (128, 96)), 16)
    return path


def test_a_clip_is_imported_and_seen_by_the_next_shot(matchcut: CommandLine, rendered: Path, footage: Path) -> None:
    made = matchcut.ok("import-clip", rendered, footage, "--after", 1, "--caption", "A real fox looks up.")
    (take,) = made["takes"]
    assert take["shot"] == 2 and made["failures"] == []
    facts = probe(Path(take["folder"]) / "video.mp4")
    assert (facts.width, facts.height, facts.fps, facts.frames) == (64, 32, 8.0, 17)
    manifest = json.loads((Path(take["folder"]) / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["origin"] == "imported from my fox.mp4" and manifest["text"].endswith("A real fox looks up.")
    again = matchcut.ok("regenerate", rendered, 3, "--steps", 1)
    saw = matchcut.ok("show", rendered, 3)["takes"][-1]["saw"]
    assert again["takes"][0]["sees"] == len(saw) and "take 1 of shot 2" in [item["name"] for item in saw]
    other = matchcut.ok("import-clip", rendered, footage, "--shot", 1, "--keep-shown")
    assert other["takes"][0]["take"] == 2 and matchcut.ok("show", rendered, 1)["selected"] == 1


def test_a_clip_that_cannot_be_used_leaves_the_scene_as_it_was(matchcut: CommandLine, rendered: Path) -> None:
    letter = matchcut.cwd / "letter.mp4"
    letter.write_text("dear")
    for words, told in (
        (("letter.mp4",), "is no clip that can be read"),
        (("nowhere.mp4",), "There is no file nowhere.mp4"),
        (("letter.mp4", "--shot", 9), "There is no shot 9"),
        ((), "Which clip?"),
    ):
        answer = matchcut("import-clip", "--project", rendered, *words)
        assert answer.code == 1 and told in answer.err, answer
    assert len(matchcut.ok("show", rendered)["scenes"][0]["shots"]) == 3
