"""Whatever goes wrong is told in one readable line, with an exit code that scripts can rely on."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from storyboards.project import Project
from tests.commands.conftest import CommandLine

WRONG = [
    (("show", 9), 1, "There is no shot 9. The scene has shots 1 to 3."),
    (("show", "--scene", 2), 1, "There is no scene 2."),
    (("show", 1, 2), 1, "One shot at a time"),
    (("select", 1, 7), 1, "Shot 1 has no take 7. Its takes are 1."),
    (("select", 1), 1, "This needs a shot and a take"),
    (("regenerate",), 1, "This needs a shot"),
    (("regenerate", "nowhere.matchcut", 1), 1, "nowhere.matchcut. Check the path"),
    (("import", "no-such-story"), 1, "There is no story no-such-story."),
    (("new", "tale"), 1, "tale.matchcut exists already. Open it, or choose another name."),
    (("new", "other", "--model", "no-such-model"), 1, "There is no model 'no-such-model'."),
    (("render", "--model", "no-such-model"), 1, "There is no model 'no-such-model'."),
    (("extend", 9, "--seconds", 1), 1, "There is no shot 9."),
    (("insert", "--after", 12, "--prompt", "x"), 1, "There is no shot 12."),
    (("export", "--out", "film.avi"), 1, "film.avi is no kind of film"),
    (("export", "--audio", "no-such.wav", "--out", "film.mp4"), 1, "no-such.wav"),
    (("jobs", "--cancel", "zzzz"), 1, "There is no job zzzz."),
    (("cleanup",), 1, "Say that you mean it: --yes."),
    (("demo", "--model", "no-such-model"), 1, "There is no model 'no-such-model'."),
    (("evaluate", "vae", "--model", "no-such-model"), 1, "There is no model"),
    (("train", "paper-theatre", "lct", "--work", "nothing"), 1, "Run `main.py train paper-theatre vae` first."),
    (("render", "--steps", 0), 2, "'0' is not a whole number from 1 to 500"),
    (("extend", 1), 2, "--seconds"),
    (("insert",), 2, "--prompt"),
    (("dance",), 2, "invalid choice: 'dance'"),
    (("show", "--jsn"), 2, "unrecognized arguments: --jsn"),
    (("bench",), 2, "WHAT"),
]


@pytest.mark.parametrize(("words", "code", "part"), WRONG, ids=[" ".join(map(str, w[0])) for w in WRONG])
def test_what_cannot_be_done_is_told_in_one_line(
    matchcut: CommandLine, rendered: Path, words: tuple[object, ...], code: int, part: str
) -> None:
    answer = matchcut(*words)
    told = [line for line in answer.err.splitlines() if line.startswith("main.py")]
    assert (answer.code, len(told)) == (code, 1), answer.err
    assert part in told[0] and "Traceback" not in answer.err and answer.out == ""


def test_scripts_hear_of_errors_as_json(matchcut: CommandLine, rendered: Path) -> None:
    answer = matchcut("show", 9, "--json")
    assert answer.code == 1 and answer.json["exit_code"] == 1
    assert answer.json["error"] == "There is no shot 9." and "shots 1 to 3" in answer.json["hint"]


def test_nothing_is_guessed_where_no_project_or_several_are(matchcut: CommandLine) -> None:
    assert matchcut("show").code == 1 and "main.py new NAME" in matchcut("show").err
    matchcut.ok("new", "one")
    matchcut.ok("new", "two")
    answer = matchcut("show")
    assert answer.code == 1 and "one.matchcut, two.matchcut" in answer.err
    assert matchcut("show", "two").code == 0


def test_a_story_that_does_not_read_is_told_by_its_line(matchcut: CommandLine) -> None:
    Path("bad.story.md").write_text("# Bad\n\n## Shot one\n", encoding="utf-8")
    matchcut.ok("new", "tale")
    answer = matchcut("import", "bad.story.md")
    assert answer.code == 1 and "Line 3:" in answer.err and matchcut.ok("show")["scenes"] == []


def test_a_project_in_use_can_be_shown_but_not_changed(matchcut: CommandLine, rendered: Path) -> None:
    with Project.open(rendered):
        answer = matchcut("select", 1, 1)
        assert answer.code == 1 and f"is open in process {os.getpid()}" in answer.err
        assert len(matchcut.ok("show")["scenes"]) == 1


def test_a_damaged_project_is_told_and_repaired(matchcut: CommandLine, rendered: Path) -> None:
    matchcut.ok("show")  # the backup of the day was made when it was rendered
    (rendered / "storyboard.db").write_bytes(b"not a database at all" * 100)
    for name in ("storyboard.db-wal", "storyboard.db-shm"):
        (rendered / name).unlink(missing_ok=True)
    answer = matchcut("show")
    assert answer.code == 1 and "Repair" in answer.err
    assert matchcut.ok("repair")["rebuilt"]
    assert matchcut("show").code == 0
    assert len(list(rendered.rglob("video.mp4"))) == 3, "takes outlive the rows that knew them"


def test_takes_without_files_are_told_and_taken_out(matchcut: CommandLine, rendered: Path) -> None:
    take = matchcut.ok("show")["scenes"][0]["shots"][1]["takes"][0]
    (Path(take["folder"]) / "video.mp4").unlink()
    assert "The files of 1 take(s) are missing" in matchcut("show").err
    assert matchcut.ok("repair")["takes_taken_out"] == 1
    assert matchcut.ok("show")["scenes"][0]["shots"][1]["selected"] is None
    assert [take["shot"] for take in matchcut.ok("render", "--steps", 1)["takes"]] == [2]


def test_a_paused_queue_is_not_worked_on(matchcut: CommandLine, rendered: Path) -> None:
    matchcut.ok("jobs", "--pause")
    answer = matchcut("regenerate", 1, "--steps", 1)
    assert answer.code == 1 and "main.py jobs --resume" in answer.err
    assert matchcut.ok("jobs", "--resume")["paused"] is False


def test_interrupted_jobs_can_be_given_up(matchcut: CommandLine, rendered: Path) -> None:
    with sqlite3.connect(rendered / "storyboard.db") as database:  # as a crash would leave it
        database.execute("UPDATE job SET state = 'interrupted' WHERE rowid = 1")
    database.close()
    assert [job["state"] for job in matchcut.ok("jobs")["jobs"]] == ["interrupted"]
    assert len(matchcut.ok("jobs", "--clear-interrupted")["changed"]) == 1
    assert matchcut.ok("jobs")["jobs"] == []


def test_deleted_things_go_for_good_when_the_user_says_so(matchcut: CommandLine, rendered: Path) -> None:
    with Project.open(rendered) as project:
        (scene,) = project.storyboard.scenes()
        project.storyboard.delete_shot(project.storyboard.shots(scene.id)[0].id)
    answer = matchcut.ok("cleanup", "--yes")
    assert answer["removed"]["shot"] == answer["removed"]["take"] == 1 and answer["bytes_freed"] > 0
    assert len(list((rendered / "takes").iterdir())) == 2
