"""The shell on settings, logs and data of its own, so that no test meets the user's."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import SettingsStore

from .fixtures import film, opened, path, scripted_engine, window

__all__ = ["film", "opened", "path", "scripted_engine", "window"]


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everything that is the user's lies in a scratch folder."""
    for name in ("CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    return tmp_path


@pytest.fixture
def store(tmp_path: Path) -> SettingsStore:
    """Fresh settings."""
    return SettingsStore(tmp_path / "config" / "matchcut")
