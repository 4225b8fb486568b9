"""Ctrl-C and kill -9: what was finished stays, and `render` goes on."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from commands.killing import Child, engine_server
from storyboards.story_text import write_story
from tests.commands.conftest import CommandLine, short_story, start


def until_saved(process: subprocess.Popen[str], takes: int) -> list[str]:
    """Read what the process says until it has told of so many takes."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if sum("take 1:" in told for told in lines) == takes:
            return lines
    raise AssertionError("".join(lines))


@pytest.fixture
def project(matchcut: CommandLine, tiny_model: Path) -> Path:
    """Six shots without takes."""
    Path("six.story.md").write_text(write_story(short_story(6)), encoding="utf-8")
    return Path(matchcut.ok("new", "six", "--story", "six.story.md", "--model", tiny_model)["project"])


@pytest.mark.timeout(300)
def test_ctrl_c_keeps_what_is_finished_and_render_goes_on(matchcut: CommandLine, project: Path) -> None:
    process = start("render", project, "--steps", 150, "--json", cwd=matchcut.cwd)
    until_saved(process, 1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    answer = json.loads(out.splitlines()[-1])
    made = [take["take_id"] for take in answer["takes"]]
    assert answer["cancelled"] and 1 <= len(made) < 6 and "Traceback" not in err
    shots = matchcut.ok("show")["scenes"][0]["shots"]
    assert [take["id"] for shot in shots for take in shot["takes"]] == made
    assert matchcut.ok("jobs")["jobs"] == [], "the jobs that the command had queued ended with it"
    rest = matchcut.ok("render", "--steps", 1)
    assert rest["complete"] and [take["shot"] for take in rest["takes"]] == list(range(len(made) + 1, 7))


@pytest.mark.timeout(300)
def test_after_kill_9_render_goes_on_where_it_was(matchcut: CommandLine, project: Path) -> None:
    child = Child(engine_server(), project, 150)
    while child.running and len(child.told) < 2:
        time.sleep(0.01)
    child.kill()
    told = child.told
    assert 2 <= len(told) < 6
    before = {take["id"]: take["files"] for shot in matchcut.ok("show")["scenes"][0]["shots"] for take in shot["takes"]}
    assert set(told) <= set(before)
    rest = matchcut("render", "--steps", 1, "--json")
    assert rest.code == 0 and "did not close it" in rest.err
    shots = matchcut.ok("show")["scenes"][0]["shots"]
    assert [len(shot["takes"]) for shot in shots] == [1] * 6
    after = {take["id"]: take["files"] for shot in shots for take in shot["takes"]}
    assert before.items() <= after.items()


@pytest.mark.timeout(300)
def test_three_kills_lose_nothing(matchcut: CommandLine, tiny_model: Path) -> None:
    answer = matchcut.ok("bench", "kill", "--times", 3, "--model", tiny_model)
    assert answer["times"] == 3 and answer["completed"] and answer["holds"]
    assert answer["finished_takes_lost"] == answer["open_failures"] == 0
    assert answer["finished_takes"] >= 8


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_fifty_kills_lose_nothing(matchcut: CommandLine, tiny_model: Path) -> None:
    answer = matchcut.ok("bench", "kill", "--times", 50, "--model", tiny_model, "--seed", 1)
    assert answer["times"] == 50 and answer["holds"], answer
