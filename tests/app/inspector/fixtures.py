"""The stage as fixtures; each package of tests that wants it imports them in its conftest."""

from __future__ import annotations

import ctypes
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from .stage import Stage, film, opened

if sys.version_info < (3, 12):
    # PySide6 6.12: Signal.emit returns True without taking a reference; after some hundred emits Python 3.11 aborts
    # with "bool_dealloc". From 3.12 on True is immortal.
    ctypes.c_ssize_t.from_address(id(True)).value += 1 << 40


@pytest.fixture(scope="session")
def rendered_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("inspected"))


@pytest.fixture
def film_folder(rendered_film: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(rendered_film, tmp_path / "Film.matchcut"))


@pytest.fixture
def stage(film_folder: Path, qtbot: QtBot) -> Iterator[Stage]:
    with opened(film_folder) as stage:
        yield stage


@pytest.fixture
def stage_to_read(film_folder: Path, qtbot: QtBot) -> Iterator[Stage]:
    with opened(film_folder, read_only=True) as stage:
        yield stage
