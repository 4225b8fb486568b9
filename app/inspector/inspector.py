"""The inspector: what is chosen on the board, to be changed; nothing chosen, the scene."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from app.document.open_document import OpenDocument
from app.document.snapshot import SceneSnapshot
from app.pictures import Pictures
from app.shortcuts import set_tip
from app.theme.icons import icon
from app.theme.style import set_role
from app.theme.tokens import SPACE
from storyboards.views import ShotView

from .scene_form import SceneForm
from .shot_form import ShotForm

if TYPE_CHECKING:
    from app.engine_client.queue_runner import QueueRunner
    from app.verbs import Verbs

WIDTH = 340
SEVERAL_SEEDS = 4
_SHOT, _SCENE = 0, 1


class Inspector(QWidget):
    """Tell it by `show_shots` what is chosen. `flush` sends what is being typed, before something acts on it."""

    def __init__(self, document: OpenDocument, verbs: Verbs, runner: QueueRunner, pictures: Pictures) -> None:
        super().__init__()
        self._document, self._verbs = document, verbs
        self._ids: list[str] = []
        self._again = False  # all that is chosen has takes already
        self._wanted = ""  # the shot whose prompt is to be edited once it is there
        self._tab_chosen, self._filling = _SHOT, False
        self.shot_form = ShotForm(document, verbs, runner, pictures)
        self.scene_form = SceneForm(document)
        self._make_tabs()
        self._make_buttons()
        self._lay_out()
        document.scene_read.connect(self._read)
        document.problem.connect(self._doubt)
        verbs.edit_wanted.connect(self.edit)
        self._fill()

    def _make_tabs(self) -> None:
        self.tabs = QTabBar(drawBase=False, expanding=False)
        self.tabs.addTab(self.tr("Shot"))
        self.tabs.addTab(self.tr("Scene"))
        self.tabs.setAccessibleName(self.tr("Shot or scene"))
        self.tabs.currentChanged.connect(self._turn_page)
        self._pages = QStackedWidget()
        self._pages.addWidget(_scrolling(self.shot_form))
        self._pages.addWidget(_scrolling(self.scene_form))

    def _make_buttons(self) -> None:
        self.generate = QPushButton()
        self.generate.setProperty("role", "primary")
        self.generate.setIconSize(QSize(16, 16))
        self.generate.clicked.connect(self._generate)
        self.seeds = QPushButton(self.tr("{count} seeds").format(count=SEVERAL_SEEDS))
        self.seeds.setToolTip(self.tr("Queue {count} more takes, each with its own seed").format(count=SEVERAL_SEEDS))
        self.seeds.clicked.connect(self._more_seeds)
        self.extend = QPushButton(self.tr("Extend"))
        set_tip(self.extend, self.tr("Queue a longer take that goes on from the one shown ({shot.extend})"))
        self.extend.clicked.connect(self._extend)
        for button in (self.seeds, self.extend):
            button.setAccessibleName(button.text())
        self._buttons = QWidget()
        row = QHBoxLayout(self._buttons)
        row.setContentsMargins(2 * SPACE, SPACE, 2 * SPACE, SPACE)
        row.setSpacing(SPACE)
        row.addWidget(self.generate, 1)
        row.addWidget(self.seeds)
        row.addWidget(self.extend)

    def _lay_out(self) -> None:
        set_role(self, "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(WIDTH - 2 * SPACE)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs)
        column.addWidget(self._pages, 1)
        column.addWidget(self._buttons)

    def sizeHint(self) -> QSize:
        """As wide as a dock at the right should be."""
        return QSize(WIDTH, 90 * SPACE)

    def show_shots(self, shot_ids: Sequence[str]) -> None:
        """Show what is chosen now."""
        if list(shot_ids) != self._ids:
            self.flush()
            self._ids = list(shot_ids)
            self._fill()

    def edit(self, shot_id: str) -> None:
        """Put the cursor into the prompt of a shot, as soon as it is there."""
        self._wanted = shot_id
        self._fill()

    def flush(self) -> None:
        """Send what is being typed, at once."""
        self.shot_form.flush()
        self.scene_form.flush()

    def _read(self, _snapshot: SceneSnapshot) -> None:
        self._fill()

    def _doubt(self, _message: str, _hint: str) -> None:
        self.shot_form.doubt()
        self.scene_form.doubt()

    def _fill(self) -> None:
        snapshot = self._document.snapshot
        if snapshot is None:
            return
        wanted = self._wanted
        if wanted and snapshot.shot(wanted) is not None:
            self._wanted, self._ids, self._tab_chosen = "", [wanted], _SHOT
        by_id = {shot.id: shot for shot in snapshot.shots}
        shots = [by_id[shot_id] for shot_id in self._ids if shot_id in by_id]
        self.scene_form.show_scene(snapshot)
        self._filling = True  # tabs that turn by themselves are nobody's choice
        self.tabs.setTabEnabled(_SHOT, bool(shots))
        self.tabs.setTabText(_SHOT, self.tr("Shot") if len(shots) < 2 else self.tr("Shots"))
        self.tabs.setCurrentIndex(self._tab_chosen if shots else _SCENE)
        self._filling = False
        if shots:
            self.shot_form.show_shots(shots, snapshot)
        self._show_buttons(shots, snapshot)
        if wanted and not self._wanted:
            self._focus_prompt()

    def _focus_prompt(self) -> None:
        prompt = self.shot_form.prompt
        prompt.setFocus(Qt.FocusReason.ShortcutFocusReason)
        prompt.moveCursor(prompt.textCursor().MoveOperation.End)

    def _show_buttons(self, shots: Sequence[ShotView], snapshot: SceneSnapshot) -> None:
        self._again = again = bool(shots) and all(shot.take_count for shot in shots)
        text = self.tr("Regenerate") if again else self.tr("Generate")
        self.generate.setText(text)
        self.generate.setAccessibleName(text)
        self.generate.setIcon(icon("regenerate" if again else "play", "on_accent"))
        free = [shot for shot in shots if not shot.locked]
        usable = bool(free) and not self._document.read_only
        for button in (self.generate, self.seeds, self.extend):
            button.setEnabled(usable)
        self.extend.setEnabled(usable and all(shot.selected for shot in free))
        first = self.tr("Queue the first take ({shot.generate})")
        tip = self.tr("Queue one more take ({shot.regenerate})") if again else first
        if self._document.read_only:
            tip = self.tr("The project is open read-only")
        elif shots and not free:
            tip = self.tr("Locked. Unlock it to render it again ({shot.lock})")
        set_tip(self.generate, tip)
        self._buttons.setVisible(self.tabs.currentIndex() == _SHOT)

    def _turn_page(self, tab: int) -> None:
        if not self._filling:
            self._tab_chosen = tab
        self._pages.setCurrentIndex(tab)
        self._buttons.setVisible(tab == _SHOT)

    def _generate(self) -> None:
        self.flush()
        if self._again:
            self._verbs.regenerate()  # also where a job waits already: it makes one take more
        else:
            self._verbs.generate()

    def _more_seeds(self) -> None:
        self.flush()
        self._verbs.seeds(SEVERAL_SEEDS)

    def _extend(self) -> None:
        self.flush()
        self._verbs.extend()


def _scrolling(form: QWidget) -> QScrollArea:
    set_role(form, "panel")
    form.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    area = QScrollArea(widgetResizable=True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(form)
    return area
