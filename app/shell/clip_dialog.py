"""What is to be seen in clips that are about to be imported: later shots read it beside the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from app.player.elided import ElidedLabel
from app.shell.dialog import Dialog, button, named


class ClipDialog(Dialog):
    """`wanted` carries pairs of a clip and its caption. `prompt`: of the shot that gets a take, "" for new shots."""

    wanted = Signal(list)

    def __init__(self, clips: Sequence[Path], prompt: str = "", parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Import a clip") if len(clips) == 1 else self.tr("Import clips"), parent, 560)
        self._clips = list(clips)
        self.note(
            self.tr(
                "A clip is brought to the model's size and rate, cropped about its centre to fill it; its sound is "
                "left out. Say what is to be seen: the other shots read it together with the pictures."
            )
        )
        form = self.form()
        self.captions: list[QLineEdit] = []
        for clip in self._clips:
            line = QLineEdit(prompt)
            line.setPlaceholderText(self.tr("A fox in a red coat walks in the forest, wide shot."))
            named(line, self.tr("What is to be seen in {0}").format(clip.name))
            label = ElidedLabel(clip.name)
            label.setFixedWidth(150)
            form.addRow(label, line)
            self.captions.append(line)
        self.ok = button(self.tr("Import"), self._import, role="primary")
        self.finish(button(self.tr("Cancel"), self.reject), self.ok)
        self.captions[0].setFocus()

    def _import(self) -> None:
        self.wanted.emit(
            [(clip, line.text().strip()) for clip, line in zip(self._clips, self.captions, strict=True)]
        )
        self.accept()
