"""What a board without shots says: which key to press, and the other ways to begin."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.shortcuts import set_tip, set_words
from app.theme.icons import icon
from app.theme.style import set_role
from app.theme.tokens import SPACE


class EmptyBoard(QWidget):
    """Three buttons and a sentence."""

    new_wanted = Signal()
    import_wanted = Signal()
    example_wanted = Signal()

    def __init__(self, *, read_only: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = QLabel(self)
        set_words(title, self.tr("Press {shot.new} to write the first shot"))
        set_role(title, "title")
        text = QLabel(
            self.tr("A scene is a list of shots. Write what happens in each; every shot sees the ones around it."), self
        )
        set_role(text, "muted")
        for label in (title, text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
        first = self.tr("Write the first shot ({shot.new})")
        read = self.tr("Read the shots from a text file ({file.import})")
        self.new = self._button("plus", self.tr("New shot"), first, self.new_wanted)
        set_role(self.new, "primary")
        self.story = self._button("import", self.tr("Import story…"), read, self.import_wanted)
        self.example = self._button(
            "film", self.tr("Open example"), self.tr("Open a project that is ready to play"), self.example_wanted
        )
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE)
        buttons.addStretch(1)
        for button in (self.new, self.story, self.example):
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * SPACE, 3 * SPACE, 3 * SPACE, 3 * SPACE)
        layout.setSpacing(SPACE)
        layout.addStretch(2)
        layout.addWidget(title)
        layout.addWidget(text)
        layout.addSpacing(2 * SPACE)
        layout.addLayout(buttons)
        layout.addStretch(3)
        if read_only:
            set_words(title, self.tr("This scene has no shots"))
            text.setText(self.tr("The project is open for reading only."))
            self.new.setEnabled(False)
            self.story.setEnabled(False)

    def _button(self, sign: str, text: str, tip: str, signal: SignalInstance) -> QPushButton:
        button = QPushButton(text, self)
        if sign != "plus":
            button.setIcon(icon(sign))
        set_tip(button, tip)
        button.setAccessibleName(text.rstrip("…"))
        button.clicked.connect(lambda: signal.emit())
        return button
