"""Above the cards: which scene this is, how long it is, cards or rows; and a strip when something is stale."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QSize, Signal, SignalInstance
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from app.shortcuts import set_tip
from app.theme.icons import icon
from app.theme.style import set_role
from app.theme.tokens import SPACE
from storyboards.views import ShotView


class BoardHead(QWidget):
    """The scene's name, its length and the choice of density. `density_chosen(str)`: "grid" or "list"."""

    density_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLabel(self)
        set_role(self.title, "heading")
        self.facts = QLabel(self)
        set_role(self.facts, "muted")
        self.facts.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.grid = _choice(self, "grid", self.tr("Cards"), self.tr("Show the shots as cards ({view.grid})"))
        self.list = _choice(self, "list", self.tr("List"), self.tr("Show the shots as a list ({view.list})"))
        group = QButtonGroup(self)
        group.addButton(self.grid)
        group.addButton(self.list)
        self.grid.clicked.connect(lambda: self.density_chosen.emit("grid"))
        self.list.clicked.connect(lambda: self.density_chosen.emit("list"))
        self.show_density("grid")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * SPACE, SPACE, SPACE, SPACE // 2)
        layout.setSpacing(SPACE // 2)
        layout.addWidget(self.title)
        layout.addSpacing(SPACE)
        layout.addWidget(self.facts, 1)
        layout.addWidget(self.grid)
        layout.addWidget(self.list)

    def show_scene(self, number: int, title: str) -> None:
        """Name the scene."""
        self.title.setText(title or self.tr("Scene {0}").format(number))

    def show_facts(self, shots: Sequence[ShotView], fps: float) -> None:
        """Say how many shots there are and how long they run."""
        if not shots:
            self.facts.clear()
            return
        count = self.tr("1 shot") if len(shots) == 1 else self.tr("{0} shots").format(len(shots))
        seconds = sum(shot.frames for shot in shots) / fps
        length = self.tr("{0} s").format(f"{seconds:.1f}")
        if seconds >= 60:
            length = f"{int(seconds // 60)}:{int(seconds % 60):02}"
        parts = [count, length]
        missing = sum(shot.selected is None for shot in shots)
        if missing:
            parts.append(self.tr("{0} without a take").format(missing))
        self.facts.setText(" · ".join(parts))

    def show_density(self, density: str) -> None:
        """Mark the density that is shown."""
        (self.list if density == "list" else self.grid).setChecked(True)


class StaleStrip(QWidget):
    """Says that takes were made from what the scene no longer shows, and what can be done. Hidden when none was."""

    refresh_wanted = Signal()
    keep_wanted = Signal()
    why_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        sign = QLabel(self)
        sign.setPixmap(icon("refresh", "attention").pixmap(QSize(16, 16)))
        self.text = QLabel(self)
        self.text.setMinimumWidth(0)
        self.refresh = self._button(
            self.tr("Refresh"), self.tr("Queue a new take of each stale shot ({scene.refresh})"), self.refresh_wanted
        )
        self.keep = self._button(
            self.tr("Keep"), self.tr("The takes are fine as they are: take the marks off"), self.keep_wanted
        )
        self.why = self._button(self.tr("What changed?"), self.tr("List why each shot is stale"), self.why_wanted)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * SPACE, 0, SPACE, SPACE // 2)
        layout.setSpacing(SPACE // 2)
        layout.addWidget(sign)
        layout.addSpacing(SPACE // 2)
        layout.addWidget(self.text, 1)
        for button in (self.refresh, self.keep, self.why):
            layout.addWidget(button)
        self.hide()

    def show_shots(self, stale: Sequence[ShotView], *, writable: bool) -> None:
        """Show the strip for these shots, or hide it without any."""
        self.setVisible(bool(stale))
        if not stale:
            return
        if len(stale) == 1:
            text = self.tr("Shot {0} is stale").format(stale[0].number)
        else:
            text = self.tr("{0} shots are stale").format(len(stale))
        self.text.setText(text)
        self.text.setToolTip(self.tr("Made from something that the scene no longer shows"))
        self.refresh.setEnabled(writable)
        self.keep.setEnabled(writable)

    def below_why(self) -> QPoint:
        """Where on the screen the answer to "What changed?" opens."""
        return self.mapToGlobal(self.why.geometry().bottomLeft() + QPoint(0, SPACE // 2))

    def _button(self, text: str, tip: str, signal: SignalInstance) -> QPushButton:
        button = QPushButton(text, self)
        set_tip(button, tip)
        button.setAccessibleName(text)
        set_role(button, "flat")
        button.clicked.connect(lambda: signal.emit())
        return button


def _choice(parent: QWidget, name: str, text: str, tip: str) -> QToolButton:
    button = QToolButton(parent)
    button.setIcon(icon(name))
    button.setCheckable(True)
    button.setAccessibleName(text)
    set_tip(button, tip)
    set_role(button, "flat")
    return button
