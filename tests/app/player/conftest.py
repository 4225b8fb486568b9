"""A film with three rendered shots, open in a document and shown by a player."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.document.open_document import OpenDocument
from app.player.player import Player

from .footage import make_film


@pytest.fixture
def document(qtbot: QtBot, tmp_path: Path) -> Iterator[OpenDocument]:
    opened = OpenDocument(make_film(tmp_path))
    assert opened.flush(20_000)
    yield opened
    opened.close()


@pytest.fixture
def player(qtbot: QtBot, document: OpenDocument) -> Iterator[Player]:
    widget = Player(document)
    qtbot.addWidget(widget)
    widget.resize(800, 480)
    widget.show()
    yield widget
    widget.close_player()
