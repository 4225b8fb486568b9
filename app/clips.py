"""Video files that are dragged in or chosen."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QWidget

SUFFIXES = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".mts", ".m2ts", ".wmv", ".ogv")


def clips_of(data: QMimeData) -> list[Path]:
    """Return the video files that are being dragged."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return [path for path in paths if path.suffix.lower() in SUFFIXES]


class ClipTarget(QWidget):
    """A widget that video files may be dropped on: `takes_clips` says which, `clips_came` gets them."""

    def takes_clips(self, clips: list[Path]) -> bool:
        """Whether these may be dropped here now."""
        raise NotImplementedError

    def clips_came(self, clips: list[Path]) -> None:
        """They were dropped."""
        raise NotImplementedError

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        clips = clips_of(event.mimeData())
        if clips and self.takes_clips(clips):
            _accept_copy(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        _accept_copy(event)  # the same wherever it goes

    def dropEvent(self, event: QDropEvent) -> None:
        _accept_copy(event)
        self.clips_came(clips_of(event.mimeData()))


def _accept_copy(event: QDropEvent) -> None:
    event.setDropAction(Qt.DropAction.CopyAction)
    event.accept()


def choose_clips(parent: QWidget, title: str) -> list[Path]:
    """Ask for video files."""
    kinds = " ".join(f"*{suffix}" for suffix in SUFFIXES)
    names, _ = QFileDialog.getOpenFileNames(parent, title, "", f"{parent.tr('Videos')} ({kinds})")
    return [Path(name) for name in names]
