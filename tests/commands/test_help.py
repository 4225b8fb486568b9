"""Help is quick, complete, and needs no torch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.conftest import MAIN, CommandLine

VERBS = [
    "open",
    "new",
    "import",
    "import-clip",
    "show",
    "render",
    "regenerate",
    "insert",
    "extend",
    "select",
    "loras",
    "export",
    "jobs",
    "cleanup",
    "repair",
    "demo",
    "screenshots",
    "models",
    "world",
    "data",
    "train",
    "evaluate",
    "bench",
]

DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")

ALL_HELP = """
import sys
sys.path.insert(0, sys.argv[1])
from commands.program import main
for verb in sys.argv[2].split(","):
    try:
        main([*verb.split(), "--help"])
    except SystemExit as left:
        assert left.code == 0, verb
heavy = [name for name in ("torch", "numpy", "sqlalchemy", "rich", "diffusers") if name in sys.modules]
assert not heavy, heavy
"""


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter with warnings as errors."""
    command = [sys.executable, "-W", "error", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("words", [[], ["open"]])
def test_without_a_display_it_says_so_and_names_what_works_without_one(words: list[str]) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in DISPLAYS}
    command = [sys.executable, "-W", "error", str(MAIN), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=kept)
    assert done.returncode == 1 and "no display" in done.stderr and "make demo" in done.stderr
    assert done.stdout == "" and "Traceback" not in done.stderr


def test_the_editor_is_not_opened_on_a_project_that_is_not_there(matchcut: CommandLine) -> None:
    answer = matchcut("open", "nowhere")
    assert answer.code == 1 and "There is no project nowhere." in answer.err and "main.py new" in answer.err


def test_every_verb_has_help_with_examples_and_loads_nothing_heavy() -> None:
    kinds = ["data build", "train paper-theatre", "train lct", "train judge", "evaluate consistency", "evaluate vae"]
    kinds += ["bench context", "bench regenerate", "bench kill"]
    done = python("-c", ALL_HELP, str(MAIN.parent), ",".join([*VERBS, *kinds]))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("examples:") == len(VERBS)
    assert done.stdout.count("usage: main.py") == len(VERBS) + len(kinds)


def test_the_main_help_names_every_verb(matchcut: CommandLine) -> None:
    said = matchcut("--help").out
    assert all(f"\n    {verb} " in said for verb in VERBS)
    assert "exit codes" in said


def test_show_and_jobs_import_no_torch(rendered: Path) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(MAIN.parent)!r})
from commands.program import main
assert main(["show", {str(rendered)!r}]) == 0
assert main(["show", {str(rendered)!r}, "2", "--json"]) == 0
assert main(["jobs", {str(rendered)!r}, "--all"]) == 0
assert "torch" not in sys.modules and "numpy" not in sys.modules
"""
    done = python("-c", code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_the_documentation_names_every_verb(verb: str) -> None:
    text = (MAIN.parent / "docs" / "command-line.md").read_text(encoding="utf-8")
    assert f"`{verb}" in text
