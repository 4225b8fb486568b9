"""Video files that are dragged in or chosen."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData
from PySide6.QtWidgets import QFileDialog, QWidget

SUFFIXES = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".mts", ".m2ts", ".wmv", ".ogv")


def clips_of(data: QMimeData) -> list[Path]:
    """Return the video files that are being dragged."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return [path for path in paths if path.suffix.lower() in SUFFIXES]


def choose_clips(parent: QWidget, title: str) -> list[Path]:
    """Ask for video files."""
    kinds = " ".join(f"*{suffix}" for suffix in SUFFIXES)
    names, _ = QFileDialog.getOpenFileNames(parent, title, "", f"{parent.tr('Videos')} ({kinds})")
    return [Path(name) for name in names]
