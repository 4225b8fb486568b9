"""A hub on loopback, this process allowed to ask it, and nobody's token or registry in the way."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.catalogue.registry import Registry
from engine.hub import fetching
from tests.engine.hub.hub_server import HubServer


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A running hub without models."""
    from huggingface_hub import constants

    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(fetching, "FIRST_WAIT_S", 0.01)
    server = HubServer()
    yield server
    server.close()


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """An empty registry."""
    return Registry(tmp_path / "data")


@pytest.fixture(scope="session")
def small_model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with things beside it that no download needs."""
    folder = tmp_path_factory.mktemp("published") / "tiny"
    shutil.copytree(tiny_model, folder)
    (folder / "README.md").write_text("# Tiny\n", encoding="utf-8")
    (folder / "teaser.mp4").write_bytes(b"film" * 1000)
    (folder / "transformer" / "diffusion_pytorch_model.fp16.safetensors").write_bytes(b"half" * 1000)
    return folder
