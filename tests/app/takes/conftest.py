"""A film whose first shot has several takes, and the verbs that the panel calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.document.open_document import OpenDocument
from app.pictures import Pictures
from app.verbs import Verbs
from storyboards.views import TakeView
from tests.app.player.footage import make_film


@pytest.fixture
def document(qtbot: QtBot, tmp_path: Path) -> Iterator[OpenDocument]:
    opened = OpenDocument(make_film(tmp_path, more=5))
    assert opened.flush(20_000)
    yield opened
    opened.close()


@pytest.fixture
def shot(document: OpenDocument) -> str:
    """The first shot; it has six takes, the second to sixth with other seeds."""
    return document.storyboard.shots(document.scene_id)[0].id


@pytest.fixture
def takes(document: OpenDocument, shot: str) -> list[TakeView]:
    return document.storyboard.takes(shot)


@pytest.fixture
def verbs(document: OpenDocument, shot: str) -> Verbs:
    return Verbs(document, None, lambda: [shot])


@pytest.fixture
def pictures(qtbot: QtBot) -> Iterator[Pictures]:
    made = Pictures()
    yield made
    made.close()
