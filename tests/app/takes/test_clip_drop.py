"""A video file dropped on the takes of a shot becomes one of them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from pytestqt.qtbot import QtBot

from app.document.open_document import OpenDocument
from app.pictures import Pictures
from app.queue.job_texts import what
from app.takes.takes_panel import TakesPanel
from app.verbs import Verbs

COPY, LEFT, PLAIN = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def test_one_clip_dropped_on_a_shots_takes_is_queued_as_a_take(
    qtbot: QtBot, document: OpenDocument, verbs: Verbs, pictures: Pictures, shot: str, tmp_path: Path
) -> None:
    clip = tmp_path / "my fox.mp4"
    clip.write_bytes(b"video")
    panel = TakesPanel(document, verbs, pictures)
    qtbot.addWidget(panel)
    data, two = QMimeData(), QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(clip))])
    two.setUrls([QUrl.fromLocalFile(str(clip))] * 2)

    def entering(what_comes: QMimeData) -> bool:
        event = QDragEnterEvent(QPoint(5, 5), COPY, what_comes, LEFT, PLAIN)
        event.ignore()
        panel.dragEnterEvent(event)
        return event.isAccepted()

    assert not entering(data), "no shot is shown yet"
    panel.show_shot(shot)
    assert entering(data) and not entering(two)
    with qtbot.waitSignal(panel.clip_dropped) as told:
        panel.dropEvent(QDropEvent(QPointF(5, 5), COPY, data, LEFT, PLAIN, QEvent.Type.Drop))
    assert told.args == [shot, clip]
    verbs.import_take(shot, clip, "A fox.")
    assert document.flush(20_000)
    (job,) = document.storyboard.jobs(active=True)
    assert what(job) == "Shot 1 · import of my fox.mp4" and job.params["caption"] == "A fox."
