"""Starting: the window before everything else, nothing heavy on the way, and an orderly end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storyboards.project import Project

MAIN = Path(__file__).resolve().parents[2] / "main.py"
HEAVY = ("torch", "diffusers", "transformers", "accelerate", "moviepy")
LATER = ("sqlalchemy", "av", "numpy", "PIL", "rich")  # needed by a project, not by the window


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Folders of one's own, no screen, no engine that would slow the machine down."""
    own = {f"XDG_{name}_HOME": str(tmp_path / name.lower()) for name in ("CONFIG", "DATA", "STATE")}
    return {**os.environ, **own, "QT_QPA_PLATFORM": "offscreen"}


def test_the_window_is_shown_before_anything_heavy_is_imported(environment: dict[str, str]) -> None:
    code = f"""
import sys
from app.folders import config_folder
from app.settings import SettingsStore
from app.start import make_application, open_window
app = make_application()
window = open_window(SettingsStore(config_folder()))
assert window.isVisible()
print([name for name in {(*HEAVY, *LATER)!r} if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=MAIN.parent, capture_output=True, text=True, timeout=100,
        check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "[]", done.stderr


def test_an_editor_with_a_project_open_has_no_torch(environment: dict[str, str], tmp_path: Path) -> None:
    Project.create(tmp_path / "Film").close()
    code = f"""
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from app.folders import config_folder
from app.settings import SettingsStore
from app.start import make_application, open_window
from app.engine_client.queue_runner import QueueRunner
QueueRunner.start = lambda self: None
app = make_application()
window = open_window(SettingsStore(config_folder()), Path({str(tmp_path / "Film")!r}))
window.project_shown.connect(lambda: QTimer.singleShot(0, window.close))
window.opener.refused.connect(lambda refusal: app.exit(3))
code = app.exec()
print(code, [name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=MAIN.parent, capture_output=True, text=True, timeout=100,
        check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "0 []", done.stderr


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals end processes at once there")
@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_a_polite_kill_closes_the_project_in_order(
    environment: dict[str, str], tmp_path: Path, name: signal.Signals
) -> None:
    Project.create(tmp_path / "Film").close()
    process = subprocess.Popen(
        [sys.executable, str(MAIN), str(tmp_path / "Film.matchcut")], env=environment, stderr=subprocess.PIPE, text=True
    )
    end = time.monotonic() + 90
    settings = tmp_path / "config" / "matchcut" / "settings.json"
    while time.monotonic() < end and not (settings.is_file() and "Film.matchcut" in settings.read_text()):
        time.sleep(0.1)
    process.send_signal(name)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    with Project.open(tmp_path / "Film") as project:
        assert project.report.crashed_pid is None, "the project was closed in order"
    assert not (tmp_path / "state" / "matchcut" / "crashes.log").exists()
