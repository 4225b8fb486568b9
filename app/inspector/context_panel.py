"""Exactly what a shot will see, and why: the planner's answer of now, with the user's word on each line."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.document.open_document import OpenDocument
from app.document.snapshot import SceneSnapshot
from app.pictures import Pictures
from app.theme.tokens import SPACE
from engine.contract import Planned, PlannedBlock
from storyboards.changes import ChangeSet
from storyboards.values import KEEP, Unset
from storyboards.views import ChoiceView, ShotView

from .context_row import ContextRow
from .section import Section, note
from .token_bar import TokenBar

if TYPE_CHECKING:
    from app.engine_client.queue_runner import QueueRunner

REFRESH_MS = 250
AT_ONCE = 24  # rows shown before "more": a long scene has a line for each of its shots


class ContextPanel(QWidget):
    """Shows the plan of one shot. Asks again, a moment later, whenever something that the plan depends on changes."""

    def __init__(self, document: OpenDocument, runner: QueueRunner, pictures: Pictures) -> None:
        super().__init__()
        self._document, self._runner, self._pictures = document, runner, pictures
        self._shot: ShotView | None = None
        self._snapshot: SceneSnapshot | None = None
        self._depends: object = None
        self._asked = 0
        self._plan: Planned | None = None
        self._refusal = ""  # why there is no plan
        self._choices: list[ChoiceView] = []
        self._most = AT_ONCE
        self._timer = QTimer(self, singleShot=True, interval=REFRESH_MS)
        self._timer.timeout.connect(self._ask)
        self._lay_out()
        document.committed.connect(self._committed)
        runner.engine_state.connect(self._engine_changed)

    def _lay_out(self) -> None:
        self.section = Section(self.tr("What this shot sees"))
        self._bar, self._told = TokenBar(), note()
        self._used, self._left_out = QVBoxLayout(), QVBoxLayout()
        self._used.setSpacing(0)
        self._left_out.setSpacing(0)
        self._others = Section(self.tr("Left out"), is_open=False)
        self._others.content.addLayout(self._left_out)
        self._more = QPushButton()
        self._more.clicked.connect(self._show_more)
        self._others.content.addWidget(self._more)
        for widget in (self._bar, self._told):
            self.section.content.addWidget(widget)
        self.section.content.addLayout(self._used)
        self.section.content.addWidget(self._others)
        self.section.opened.connect(lambda is_open: self.refresh() if is_open else None)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE)
        column.addWidget(self.section)

    def show_shot(self, shot: ShotView, snapshot: SceneSnapshot) -> None:
        """Show the plan of this shot as the scene is now."""
        other = self._shot is None or self._shot.id != shot.id
        self._shot, self._snapshot = shot, snapshot
        depends = _what_plans_depend_on(shot, snapshot)
        if other:
            self._plan, self._refusal, self._choices, self._most = None, "", [], AT_ONCE
            self._fill()
        if other or depends != self._depends:
            self._depends = depends
            self.refresh()

    def refresh(self) -> None:
        """Ask the planner again, a moment later."""
        self._asked += 1  # answers under way are about something else
        if self.section.is_open:
            self._timer.start()

    def rows(self) -> list[ContextRow]:
        """The lines shown, seen ones first."""
        return _rows_of(self._used) + _rows_of(self._left_out)

    def _ask(self) -> None:
        snapshot = self._document.snapshot
        if self._shot is None or snapshot is None or snapshot.shot(self._shot.id) is None:
            return  # deleted meanwhile
        shot_id, asked = self._shot.id, self._asked
        self._document.ask(lambda storyboard: storyboard.choices(shot_id), partial(self._choices_read, asked))
        self._runner.plan(shot_id, partial(self._planned, asked), partial(self._refused, asked))

    def _choices_read(self, asked: int, choices: list[ChoiceView]) -> None:
        if asked == self._asked and isValid(self) and choices != self._choices:
            self._choices = choices
            if self._plan is not None:
                self._fill()

    def _planned(self, asked: int, plan: Planned) -> None:
        if asked == self._asked and isValid(self):
            self._plan, self._refusal = plan, ""
            self._fill()

    def _refused(self, asked: int, message: str, hint: str) -> None:
        """It could not be rendered as it is; say why here, where it can be changed."""
        if asked == self._asked and isValid(self):
            self._plan, self._refusal = None, f"{message} {hint}".strip()
            self._fill()

    def _fill(self) -> None:
        plan = self._plan
        used = [block for block in plan.blocks if block.used] if plan else []
        others = [block for block in plan.blocks if not block.used] if plan else []
        others.sort(key=self._distance)
        self._tell(plan, used, others)
        self._fill_rows(self._used, used)
        self._fill_rows(self._left_out, others[: self._most])
        self._others.setVisible(bool(others))
        self._others.set_aside(str(len(others)))
        self._more.setVisible(len(others) > self._most)
        self._more.setText(self.tr("Show {count} more").format(count=min(AT_ONCE, len(others) - self._most)))

    def _tell(self, plan: Planned | None, used: Sequence[PlannedBlock], others: Sequence[PlannedBlock]) -> None:
        self._bar.setVisible(bool(used))
        self._told.setVisible(not used)
        if plan is None:
            self.section.set_aside("")
            waits = self.tr("The planner has not answered yet. It answers as soon as the engine is up.")
            self._told.setText(self._refusal or waits)
            return
        spent = sum(block.tokens for block in used)
        self._bar.show_blocks(used, plan.budget_tokens)
        self.section.set_aside(
            self.tr("{used} of {budget} tokens").format(used=f"{spent:,}", budget=f"{plan.budget_tokens:,}")
        )
        if others:
            self._told.setText(self.tr("Nothing. Pin something below to show it to this shot."))
        else:
            self._told.setText(
                self.tr("Nothing yet. It will see the takes of other shots, and the images of elements.")
            )

    def _fill_rows(self, layout: QVBoxLayout, blocks: Sequence[PlannedBlock]) -> None:
        """Keep the rows that are there, so that the focus stays on a button that was just pressed."""
        rows = _rows_of(layout)
        for row in rows[len(blocks) :]:
            layout.removeWidget(row)
            row.hide()
            row.deleteLater()
        for _ in blocks[len(rows) :]:
            row = ContextRow(self._pictures)
            row.chosen.connect(self._choose)
            row.noise_chosen.connect(self._choose_noise)
            layout.addWidget(row)
        for row, block in zip(_rows_of(layout), blocks, strict=True):
            choice = self._choice_of(block)
            row.show_block(
                block,
                choice.choice if choice else "auto",
                choice.noise if choice else None,
                self._poster_of(block),
                not self._document.read_only,
            )

    def _show_more(self) -> None:
        self._most += AT_ONCE
        self._fill()

    def _distance(self, block: PlannedBlock) -> tuple[bool, int]:
        """The user's own exclusions first, then what stands nearest in the story."""
        choice = self._choice_of(block)
        theirs = choice is not None and choice.choice == "excluded"
        other = self._snapshot.shot(block.shot_id) if self._snapshot else None
        return not theirs, abs(other.number - self._shot.number) if other and self._shot else 0

    def _choice_of(self, block: PlannedBlock) -> ChoiceView | None:
        for choice in self._choices:
            target = choice.target_reference_id if block.role == "reference" else choice.target_shot_id
            if target and target == (block.candidate_id if block.role == "reference" else block.shot_id):
                return choice
        return None

    def _poster_of(self, block: PlannedBlock) -> str:
        if self._snapshot is None:
            return ""
        if block.role == "reference":
            images = (image for element in self._snapshot.elements for image in element.references)
            return next((str(image.path) for image in images if image.id == block.candidate_id), "")
        shot = self._snapshot.shot(block.shot_id)
        return str(shot.selected.poster) if shot and shot.selected else ""

    def _choose(self, block: PlannedBlock, choice: str) -> None:
        texts = {
            "pinned": self.tr("Pin {name}"),
            "excluded": self.tr("Leave out {name}"),
            "auto": self.tr("Let the planner decide on {name}"),
        }
        self._do(texts[choice].format(name=block.name), block, choice=choice)

    def _choose_noise(self, block: PlannedBlock, noise: float | None) -> None:
        self._do(self.tr("Noise of {name}").format(name=block.name), block, noise=noise)

    def _do(
        self, text: str, block: PlannedBlock, *, choice: str | None = None, noise: float | Unset | None = KEEP
    ) -> None:
        if self._shot is None:
            return
        what: dict[str, Any] = {"choice": choice, "noise": noise}
        what["reference" if block.role == "reference" else "shot"] = (
            block.candidate_id if block.role == "reference" else block.shot_id
        )
        shot_id = self._shot.id
        self._document.do(text, lambda storyboard: storyboard.choose_context(shot_id, **what))

    def _engine_changed(self, _state: str) -> None:
        if self._plan is None:
            self.refresh()

    def _committed(self, changes: ChangeSet) -> None:
        if any(change.table == "context_choice" for change in changes):
            self.refresh()


def _rows_of(layout: QVBoxLayout) -> list[ContextRow]:
    items = (layout.itemAt(place) for place in range(layout.count()))
    widgets = [item.widget() for item in items if item is not None]
    return [widget for widget in widgets if isinstance(widget, ContextRow)]


def _what_plans_depend_on(shot: ShotView, snapshot: SceneSnapshot) -> object:
    """All but prompts and notes: typing asks the planner nothing."""
    shown = tuple((other.id, other.selected.id if other.selected else "") for other in snapshot.shots)
    images = tuple(image.id for element in snapshot.elements for image in element.references)
    own = (shot.id, shot.frames, shot.continues, shot.two_sided, shot.settings)
    return own, shown, images, snapshot.scene.settings, snapshot.model
