"""The house's promises that no import graph shows: what importing a part really loads, and how long it takes.

The import rules themselves are contracts in pyproject.toml; `make lint` checks them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("torch", "numpy", "PySide6", "diffusers", "transformers", "PIL", "av", "moviepy")

EVERY_MODULE = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
found = [info.name for info in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
for name in found:
    if ".versions." not in name and not name.endswith(".env"):  # Alembic runs these, nobody imports them
        importlib.import_module(name)
print(len(found))
"""


def run_python(code: str, *arguments: str) -> str:
    """What a fresh interpreter prints; warnings are errors there as well."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def heavy_modules_after(code: str, *arguments: str) -> list[str]:
    """Which of HEAVY are loaded when `code` has run."""
    told = run_python(f"{code}\nprint(*[name for name in {HEAVY!r} if name in sys.modules])", *arguments)
    return told.splitlines()[-1].split()


def test_the_contract_is_imported_without_torch_numpy_or_qt() -> None:
    assert heavy_modules_after("import sys, engine.contract") == []


def test_the_whole_document_is_imported_without_torch_numpy_or_qt() -> None:
    assert heavy_modules_after(EVERY_MODULE, "storyboards") == []
    assert int(run_python(EVERY_MODULE, "storyboards")) > 10


def test_a_heavy_import_would_be_noticed() -> None:
    assert heavy_modules_after("import sys, numpy") == ["numpy"]


def test_the_contract_is_imported_in_less_than_half_a_second() -> None:
    code = "import time; t = time.perf_counter(); import engine.contract; print(time.perf_counter() - t)"
    seconds = min(float(run_python(code)) for _ in range(3))
    assert seconds < 0.5


@pytest.mark.parametrize("target", ["run", "demo", "test", "test-all", "lint", "bench"])
def test_the_makefile_knows_the_target(target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


def test_ci_runs_the_tests_and_nothing_else() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    commands = [line for line in script.splitlines() if line and not line.startswith(("#", "set ", "cd "))]
    assert commands == ["exec make test"]


def test_pip_is_never_pointed_at_a_registry() -> None:
    for name in ("Makefile", ".ci/run"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "index-url" not in text, name
        assert "://" not in text, name
