"""Step caching on the command line: measure a model once, then render with what was measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands.arguments import step_cache
from tests.commands.conftest import CommandLine


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("0.1", ("first-block", 0.1)),
        ("first-block", ("first-block", 0.05)),
        ("magcache", ("magcache", 0.06)),
        ("magcache:0.2", ("magcache", 0.2)),
    ],
)
def test_a_kind_a_threshold_or_both_can_be_said(typed: str, meant: tuple[str, float]) -> None:
    assert step_cache(typed) == meant


@pytest.mark.parametrize("typed", ["fbcache", "magcache:2", "magcache:", "-1", ""])
def test_what_is_neither_is_refused_with_what_there_is(matchcut: CommandLine, typed: str) -> None:
    answer = matchcut("render", f"--step-cache={typed}")
    assert answer.code == 2 and "first-block, magcache" in answer.err


def test_a_model_is_measured_and_then_rendered_with(matchcut: CommandLine, tiny_model: Path, story_file: Path) -> None:
    matchcut.ok("new", "tale", "--model", tiny_model, "--story", story_file)
    words = ("render", "tale.matchcut", 1, "--steps", 8, "--step-cache", "magcache:0.5")
    refused = matchcut(*words)
    assert refused.code != 0 and f"main.py models calibrate {tiny_model}" in refused.err
    found = matchcut.ok("models", "calibrate", tiny_model, "--steps", 8)
    assert (found["steps"], found["branches"]) == (8, 4) and Path(found["file"]).is_file()
    assert matchcut(*words).code == 0


def test_the_step_caches_are_measured(matchcut: CommandLine, tiny_model: Path) -> None:
    found = matchcut.ok("bench", "step-cache", "--model", tiny_model, "--steps", 8, "--shots", 1)
    assert {row["kind"] for row in found["rows"]} == {"first-block", "magcache"}
    assert all(0 <= row["blocks_saved"] < 1 and row["speed"] > 0 for row in found["rows"])
