"""All takes of a shot: look, compare, select, rate, and ask for more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from app.clips import ClipTarget
from app.document.open_document import OpenDocument
from app.pictures import Pictures
from app.shortcuts import set_words
from app.theme.icons import icon
from app.theme.style import set_role
from app.theme.tokens import SPACE
from app.verbs import Verbs
from storyboards.storyboard import Storyboard
from storyboards.views import TakeView

from .take_details import TakeDetails, reveal
from .take_strip import TakeStrip
from .takes_model import TakesModel

_NARROW = 70 * SPACE
_WORDS = 108 * SPACE  # from this width on the buttons have room for their words


class TakesPanel(ClipTarget):
    """Shows one shot's takes; `show_shot(None)` empties it.

    `current_changed` names the take that the buttons and the shell's take actions are about, "" for none.
    """

    compare_wanted = Signal(list)
    play_wanted = Signal(object)
    clip_dropped = Signal(str, object)  # shot, video file
    current_changed = Signal(str)

    def __init__(
        self, document: OpenDocument, verbs: Verbs, pictures: Pictures, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._verbs = document, verbs
        self._shot_id: str | None = None
        self._current = ""
        self._shown = ""  # the selected take, as far as the panel knows
        self._outdated = False
        self.setAcceptDrops(True)
        self.model = TakesModel(self)
        self.strip = TakeStrip(self.model, pictures, self)
        self.details = TakeDetails(self)
        self.empty = QLabel()
        self.count = QSpinBox()
        self.buttons = self._make_buttons()
        self._texts = {name: button.text() for name, button in self.buttons.items()}
        self._lay_out()
        self._connect()
        self._show_current()

    # What others call

    def show_shot(self, shot_id: str | None) -> None:
        """Show the takes of a shot; its selected one is highlighted."""
        if shot_id != self._shot_id:
            self._shot_id = shot_id
            self._shown = ""
            self.model.update([])
            self._tell_empty(reading=shot_id is not None)
            self._show_current()
            self._read()

    @property
    def current_take(self) -> TakeView | None:
        """The highlighted take."""
        return self.strip.current()

    def compare(self) -> None:
        """Ask for a comparison: of two highlighted takes, or of the highlighted one with the selected one."""
        pair = self._pair()
        if len(pair) == 2:
            self.compare_wanted.emit(pair)

    def takes_clips(self, clips: list[Path]) -> bool:
        """One may become a take of the shot."""
        return bool(self._shot_id) and len(clips) == 1 and not self._document.read_only

    def clips_came(self, clips: list[Path]) -> None:
        """It is for the shot that the panel shows."""
        self.clip_dropped.emit(self._shot_id, clips[0])

    # Reading

    def _scene_changed(self, _snapshot: object) -> None:
        """Read again, or note to do so when the panel is looked at."""
        self._outdated = not self.isVisible()
        if not self._outdated:
            self._read()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._outdated:
            self._outdated = False
            self._read()

    def _read(self) -> None:
        shot_id = self._shot_id
        if shot_id is not None:
            self._document.ask(lambda board: (shot_id, _takes(board, shot_id)), self._arrived, latest="takes")

    def _arrived(self, answer: tuple[str, list[TakeView]]) -> None:
        shot_id, takes = answer
        if shot_id != self._shot_id:
            return  # the user has gone on to another shot meanwhile
        before, row, had = self.current_take, self.strip.currentIndex().row(), bool(self.model.takes)
        self.model.update(takes)
        shown = next((take.id for take in takes if take.selected), "")
        gone = before is None or self.model.row_of(before.id) < 0
        if takes and gone and had:
            self.strip.highlight(takes[min(max(row, 0), len(takes) - 1)].id)
        elif takes and (gone or (shown != self._shown and len(self.strip.marked()) < 2)):
            self.strip.highlight(shown or takes[-1].id)  # another take is shown: by [ or ], undo, or a render
        self._shown = shown
        self._tell_empty(reading=False)
        self._show_current()

    def _tell_empty(self, *, reading: bool) -> None:
        if self._shot_id is None:
            text = self.tr("Select a shot to see its takes.")
        elif reading:
            text = ""
        else:
            text = self.tr(
                "This shot has no takes yet.\nGenerate it ({shot.generate}), or ask for several seeds below."
            )
        set_words(self.empty, text)
        self._pages.setCurrentIndex(1 if self.model.takes else 0)

    def _show_current(self) -> None:
        take, writable = self.current_take, not self._document.read_only
        self.details.show_take(take)
        self.details.setVisible(take is not None)
        for name, button in self.buttons.items():
            button.setEnabled(take is not None and (writable or name == "reveal"))
        self.buttons["compare"].setEnabled(len(self._pair()) == 2)
        self.buttons["seeds"].setEnabled(writable and self._shot_id is not None)
        self.count.setEnabled(writable and self._shot_id is not None)
        if take is not None:
            self._show_state(take, writable)
        if self._current != (take.id if take else ""):
            self._current = take.id if take else ""
            self.current_changed.emit(self._current)

    def _show_state(self, take: TakeView, writable: bool) -> None:
        buttons = self.buttons
        buttons["select"].setEnabled(writable and not take.selected)
        self._texts["select"] = self.tr("Selected") if take.selected else self.tr("Select")
        buttons["favourite"].setIcon(icon("star-filled", "attention") if take.favourite else icon("star"))
        buttons["favourite"].setAccessibleName(self.tr("Take the star away") if take.favourite else self.tr("Star"))
        rejected = take.rating == "rejected"
        self._texts["reject"] = self.tr("Reconsider") if rejected else self.tr("Reject")
        buttons["reject"].setAccessibleName(self._texts["reject"])
        self._name_buttons()
        buttons["delete"].setEnabled(writable and not take.selected)
        why = self.tr("The scene shows this take: select another one first.")
        buttons["delete"].setToolTip(why if take.selected else self.tr("Delete the take; undo brings it back (Del)"))

    def _pair(self) -> list[str]:
        marked = self.strip.marked()
        if len(marked) >= 2:
            return [take.id for take in marked[:2]]
        take = self.current_take
        if take is None:
            return []
        others = [other for other in self.model.takes if other.id != take.id]
        other = next((other for other in others if other.selected), others[-1] if others else None)
        return [] if other is None else [other.id, take.id]

    # Acting

    def _select(self, take_id: str) -> None:
        take = next((take for take in self.model.takes if take.id == take_id), None)
        if take is not None and not take.selected and not self._document.read_only:
            self._verbs.select_take(take_id)

    def _delete(self, take_id: str) -> None:
        take = next((take for take in self.model.takes if take.id == take_id), None)
        if take is not None and not take.selected and not self._document.read_only:
            self._verbs.delete_take(take_id)

    def _play(self, take_id: str) -> None:
        self.play_wanted.emit(next((take for take in self.model.takes if take.id == take_id), None))

    def _favourite(self, take: TakeView) -> None:
        self._verbs.favourite_take(take.id, not take.favourite)

    def _with_current(self, act: Callable[[TakeView], None]) -> Callable[[], None]:
        def run() -> None:
            take = self.current_take
            if take is not None:
                act(take)

        return run

    # Inside

    def _make_buttons(self) -> dict[str, QPushButton]:
        buttons = {
            "select": self._button("check", self.tr("Select"), self.tr("Let the scene show this take (Enter)")),
            "favourite": self._button("star", "", self.tr("Give the take a star, or take it away")),
            "reject": self._button("thumb-down", self.tr("Reject"), self.tr("Mark the take as not wanted; it stays")),
            "compare": self._button(
                "eye", self.tr("Compare"), self.tr("Compare two highlighted takes, or this one with the selected one")
            ),
            "settings": self._button(
                "import",
                self.tr("Use these settings"),
                self.tr("Give the shot the prompt, seed and settings that this take was made with"),
            ),
            "reveal": self._button("folder", "", self.tr("Show the take's files in their folder")),
            "delete": self._button("trash", "", self.tr("Delete the take; undo brings it back (Del)")),
            "seeds": self._button("seed", self.tr("More seeds"), self.tr("Queue that many takes with other seeds")),
        }
        set_role(buttons["select"], "primary")
        return buttons

    def _button(self, name: str, text: str, tip: str) -> QPushButton:
        button = QPushButton(icon(name, "on_accent") if name == "check" else icon(name), text)
        button.setToolTip(tip)
        button.setAccessibleName(text or tip)
        return button

    def _lay_out(self) -> None:
        self.setAccessibleName(self.tr("Takes"))
        self.count.setRange(1, 32)
        self.count.setValue(4)
        self.count.setAccessibleName(self.tr("How many more seeds"))
        self.count.setToolTip(self.tr("How many takes to make"))
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        set_role(self.empty, "muted")
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.addWidget(self.strip)
        self.splitter.addWidget(self.details)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setSizes([80 * SPACE, 40 * SPACE])
        middle = QWidget()
        self._pages = QStackedLayout(middle)
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.splitter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(middle, 1)
        column.addWidget(self._bar())
        self.setFocusProxy(self.strip)

    def _bar(self) -> QWidget:
        bar = QWidget()
        bar.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # a narrow dock drops the words
        row = QHBoxLayout(bar)
        row.setContentsMargins(SPACE, SPACE // 2, SPACE, SPACE // 2)
        row.setSpacing(SPACE // 2)
        for name in ("select", "favourite", "reject", "compare", "settings", "reveal", "delete"):
            row.addWidget(self.buttons[name])
        row.addStretch(1)
        row.addWidget(self.count)
        row.addWidget(self.buttons["seeds"])
        return bar

    def _connect(self) -> None:
        self.strip.chosen.connect(self._select)
        self.strip.delete_wanted.connect(self._delete)
        self.strip.play_wanted.connect(self._play)
        self.strip.highlighted.connect(self._show_current)
        self._document.scene_read.connect(self._scene_changed)
        actions: dict[str, Callable[[], None]] = {
            "select": self._with_current(lambda take: self._select(take.id)),
            "favourite": self._with_current(self._favourite),
            "reject": self._with_current(lambda take: self._verbs.reject_take(take.id)),
            "compare": self.compare,
            "settings": self._with_current(lambda take: self._verbs.use_settings(take.id)),
            "reveal": self._with_current(lambda take: reveal(take.folder)),
            "delete": self._with_current(lambda take: self._delete(take.id)),
            "seeds": lambda: self._verbs.seeds(self.count.value()),
        }
        for name, act in actions.items():
            self.buttons[name].clicked.connect(act)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow dock the details go below the strip, and buttons show their icons alone."""
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        self.splitter.setOrientation(Qt.Orientation.Vertical if narrow else Qt.Orientation.Horizontal)
        self._name_buttons()

    def _name_buttons(self) -> None:
        for name, button in self.buttons.items():
            short = self.width() < (_NARROW if name == "select" else _WORDS)
            button.setText("" if short else self._texts.get(name, ""))


def _takes(board: Storyboard, shot_id: str) -> list[TakeView]:
    return board.takes(shot_id)
