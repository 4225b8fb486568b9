"""A fingerprint is over every byte that counts, and big models are read once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.backbone import fingerprints
from engine.backbone.fingerprints import folder_fingerprint


@pytest.fixture
def model(tmp_path: Path) -> Path:
    for name in ("transformer/a.safetensors", "vae/b.safetensors", "vae/config.json", "vae/notes.md"):
        (tmp_path / "model" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "model" / name).write_text(name)
    return tmp_path / "model"


def test_every_weight_and_config_counts_and_notes_do_not(model: Path) -> None:
    def told() -> str:
        return folder_fingerprint(model, ["transformer", "vae"])

    before = told()
    (model / "vae" / "notes.md").write_text("other")
    assert told() == before
    for name in ("transformer/a.safetensors", "vae/config.json"):
        (model / name).write_text("other")
        assert told() != before


def test_a_big_model_is_read_once_until_it_changes(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(fingerprints, "REMEMBERED_FROM", 1)
    first = folder_fingerprint(model, ["transformer"])
    path = model / "transformer" / "a.safetensors"
    stat = path.stat()
    path.write_bytes(b"x" * stat.st_size)  # same size, and below the same time: only reading would tell
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert folder_fingerprint(model, ["transformer"]) == first
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert folder_fingerprint(model, ["transformer"]) != first


def test_a_cache_that_cannot_be_written_costs_time_only(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(fingerprints, "REMEMBERED_FROM", 1)
    assert folder_fingerprint(model, ["vae"]) == folder_fingerprint(model, ["vae"])
