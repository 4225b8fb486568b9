"""SIGKILL of an editor that is being worked with, and of its worker: what was finished stays, and all goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands.killing_editor import Tally
from tests.commands.conftest import CommandLine


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("victim", ["editor", "worker"])
def test_three_kills_lose_nothing_and_leave_nothing_running(
    matchcut: CommandLine, tiny_model: Path, victim: str
) -> None:
    answer = matchcut.ok("bench", "kill", "--what", victim, "--times", 3, "--model", tiny_model, "--seed", 2)
    assert answer["victim"] == victim and answer["times"] == 3
    assert answer["holds"] and answer["completed"] and answer["problems"] == []
    assert answer["edits"] > 10 and answer["finished_takes"] > 0
    lost = ("edits_lost", "finished_takes_lost", "open_failures", "jobs_stuck", "processes_left")
    assert [answer[name] for name in lost] == [0] * 5
    assert answer["restarts"] == (3 if victim == "worker" else 0)


def test_a_loss_of_any_kind_breaks_the_promise() -> None:
    assert Tally("editor", completed=True).holds and not Tally("editor").holds
    for lost in ("edits_lost", "finished_takes_lost", "open_failures", "jobs_stuck", "processes_left"):
        assert not Tally("editor", completed=True, **{lost: 1}).holds  # type: ignore[arg-type]
    assert not Tally("editor", completed=True, problems=["something else"]).holds
