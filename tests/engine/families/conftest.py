"""One small folder of each family a test session, in the published layout."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.families import layouts


@pytest.fixture(scope="session")
def wan21(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return layouts.save_wan21(tmp_path_factory.mktemp("wan21") / "Wan2.1-T2V-1.3B-Diffusers")


@pytest.fixture(scope="session")
def a14b(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return layouts.save_a14b(tmp_path_factory.mktemp("a14b") / "Wan2.2-T2V-A14B-Diffusers")


@pytest.fixture(scope="session")
def ti2v(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return layouts.save_ti2v(tmp_path_factory.mktemp("ti2v") / "Wan2.2-TI2V-5B-Diffusers")
