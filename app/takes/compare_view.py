"""Two takes of a shot against each other, playing in step, with what made them different."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.document.open_document import OpenDocument
from app.player.controls import Controls
from app.player.frames import FrameReader
from app.player.keys import DEFAULT_KEYS, Keys
from app.player.scrub_bar import ScrubBar
from app.player.transport import Transport, named_actions
from app.theme.icons import icon
from app.theme.style import set_role
from app.theme.tokens import SPACE
from app.verbs import Verbs
from storyboards.errors import NotFound
from storyboards.storyboard import Storyboard
from storyboards.views import TakeView

from .compare_screen import CompareScreen, Mode
from .difference_table import DifferenceTable
from .pair_projector import PairProjector

_BUDGET = 256 * 2**20
_KEYS = {
    **{name: key for name, key in DEFAULT_KEYS.items() if name not in ("fullscreen", "cut_back", "cut_on")},
    "side": "1",
    "wipe": "2",
    "flip": "3",
    "other": "X",
    "divider_left": "Alt+Left",
    "divider_right": "Alt+Right",
    "choose_a": "A",
    "choose_b": "B",
    "close": "Esc",
}


class CompareView(QWidget):
    """Compares two takes of one shot. `closed` is emitted when the user is done; `close_view` ends its thread."""

    closed = Signal()

    def __init__(self, document: OpenDocument, verbs: Verbs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._verbs = document, verbs
        self._takes: list[TakeView] = []
        self._chosen: tuple[str, str] = ("", "")
        self.transport = Transport(self)
        self.transport.set_loop(True)
        self.reader = FrameReader(self, budget=_BUDGET)
        self.projector = PairProjector(self.transport, self.reader, self)
        self.screen_widget = CompareScreen(self)
        self._keys = Keys(_KEYS)
        self._actions = self._named_actions()
        self.controls = Controls(self.transport, self.act, self, keys=self._keys)
        self.table = DifferenceTable(self)
        self.boxes = (self._box(self.tr("Take A")), self._box(self.tr("Take B")))
        self.modes: dict[Mode, QPushButton] = {}
        self.choose = (self._choose_button(0, "A"), self._choose_button(1, "B"))
        self._lay_out()
        self._connect()

    def compare(self, take_ids: Sequence[str]) -> None:
        """Show these two takes of a shot and play them."""
        if len(take_ids) >= 2:
            self._chosen = (take_ids[0], take_ids[1])
            self._read(play=True)

    def act(self, name: str) -> None:
        """Do what the key or button of this name does."""
        action = self._actions.get(name)
        if action is not None:
            action()

    def set_mode(self, mode: Mode) -> None:
        """Side by side, wipe, or flip."""
        self.screen_widget.set_mode(mode)
        self.modes[mode].setChecked(True)

    def close_view(self) -> None:
        """Stop, and end the reading thread. Safe to call twice."""
        self.transport.pause()
        self.reader.close()

    # Reading

    def _read(self, *, play: bool = False) -> None:
        first = self._chosen[0]
        if first:
            self._document.ask(
                lambda board: _takes_beside(board, first), lambda takes: self._arrived(takes, play), self._failed
            )

    def _scene_changed(self, _snapshot: object) -> None:
        if self.isVisible():
            self._read()

    def _failed(self, error: Exception) -> None:
        if isinstance(error, NotFound):
            self._arrived([], play=False)
        else:
            self._document.tell(error)

    def _arrived(self, takes: list[TakeView], play: bool) -> None:
        by_id = {take.id: take for take in takes}
        first, second = (by_id.get(take_id) for take_id in self._chosen)
        self._takes = takes
        if first is None or second is None:
            if self.isVisible():
                self.closed.emit()  # one of the two was deleted
            return
        for box, take in zip(self.boxes, (first, second), strict=True):
            self._fill(box, take)
        self._show_names(first, second)
        self.table.show_takes(first, second)
        if play:
            self.reader.forget_problems()
            self.projector.set_takes(first, second)
            self.transport.play()

    def _fill(self, box: QComboBox, shown: TakeView) -> None:
        box.blockSignals(True)
        box.clear()
        for take in self._takes:
            selected = self.tr(" (selected)") if take.selected else ""
            box.addItem(self.tr("Take {number}").format(number=take.number) + selected, take.id)
        box.setCurrentIndex(box.findData(shown.id))
        box.blockSignals(False)

    def _show_names(self, first: TakeView, second: TakeView) -> None:
        text = self.tr("{letter}  ·  take {number}")
        self.screen_widget.names = (
            text.format(letter="A", number=first.number), text.format(letter="B", number=second.number),
        )  # fmt: skip
        self.screen_widget.update()
        for button, take in zip(self.choose, (first, second), strict=True):
            button.setEnabled(not take.selected and not self._document.read_only)

    # Acting

    def _choose(self, which: int) -> None:
        if self.choose[which].isEnabled():
            self._verbs.select_take(self._chosen[which])

    def _picked(self) -> None:
        first, second = (str(box.currentData()) for box in self.boxes)
        self.compare([first, second])

    def _named_actions(self) -> dict[str, Callable[[], None]]:
        screen = self.screen_widget
        return {
            **named_actions(self.transport),
            "side": lambda: self.set_mode("side"),
            "wipe": lambda: self.set_mode("wipe"),
            "flip": lambda: self.set_mode("flip"),
            "other": self._flip,
            "divider_left": lambda: screen.move_divider(screen.divider - 0.02),
            "divider_right": lambda: screen.move_divider(screen.divider + 0.02),
            "choose_a": lambda: self._choose(0),
            "choose_b": lambda: self._choose(1),
            "close": self.closed.emit,
        }

    def _flip(self) -> None:
        if self.screen_widget.mode == "flip":
            self.screen_widget.flip()
        else:
            self.set_mode("flip")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        name = self._keys.name_of(event)
        if name:
            self.act(name)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and self._keys.name_of(event):
            event.accept()
            return True
        return super().event(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self.transport.pause()
        super().hideEvent(event)

    # Inside

    def _box(self, name: str) -> QComboBox:
        box = QComboBox(self)
        box.setAccessibleName(name)
        box.setToolTip(name)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        box.activated.connect(lambda _row: self._picked())
        return box

    def _choose_button(self, which: int, letter: str) -> QPushButton:
        button = QPushButton(icon("check"), self.tr("Select {letter}").format(letter=letter), self)
        button.setToolTip(self.tr("Let the scene show this take ({key})").format(key=letter))
        button.setAccessibleName(button.text())
        button.clicked.connect(lambda: self._choose(which))
        return button

    def _lay_out(self) -> None:
        self.setAccessibleName(self.tr("Compare takes"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE // 2)
        column.addLayout(self._head())
        column.addWidget(self.screen_widget, 1)
        column.addWidget(ScrubBar(self.transport, self))
        column.addWidget(self.controls)
        column.addWidget(self.table)
        for name in ("cut_back", "cut_on", "fullscreen"):
            self.controls.buttons[name].hide()

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(SPACE, SPACE // 2, SPACE, 0)
        row.setSpacing(SPACE // 2)
        row.addWidget(self.boxes[0])
        row.addWidget(self.choose[0])
        row.addStretch(1)
        group = QButtonGroup(self)
        names: tuple[tuple[Mode, str], ...] = (
            ("side", self.tr("Side by side")), ("wipe", self.tr("Wipe")), ("flip", self.tr("Flip")),
        )  # fmt: skip
        for mode, text in names:
            button = QPushButton(text, self)
            button.setCheckable(True)
            button.setChecked(mode == "side")
            button.setToolTip(f"{text} ({self._keys.of(mode)})")
            button.setAccessibleName(text)
            button.clicked.connect(lambda _checked, mode=mode: self.act(mode))
            group.addButton(button)
            self.modes[mode] = button
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.boxes[1])
        row.addWidget(self.choose[1])
        row.addWidget(self._close_button())
        return row

    def _close_button(self) -> QPushButton:
        button = QPushButton(icon("cross"), "", self)
        set_role(button, "flat")
        button.setToolTip(self.tr("Close the comparison (Esc)"))
        button.setAccessibleName(self.tr("Close the comparison"))
        button.clicked.connect(self.closed)
        return button

    def _connect(self) -> None:
        self.projector.pair.connect(self.screen_widget.show_pair)
        self.projector.broken.connect(self.screen_widget.show_cards)
        self._document.scene_read.connect(self._scene_changed)


def _takes_beside(board: Storyboard, take_id: str) -> list[TakeView]:
    """All takes of the shot that this take belongs to."""
    return board.takes(board.take(take_id).shot_id)
