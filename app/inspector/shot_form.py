"""The chosen shot, or what several chosen shots have in common."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.document.open_document import OpenDocument
from app.document.snapshot import SceneSnapshot
from app.pictures import Pictures
from app.shortcuts import set_tip
from app.theme.icons import icon
from app.theme.style import set_role
from app.theme.tokens import SPACE
from storyboards.changes import ChangeSet
from storyboards.storyboard import Storyboard
from storyboards.views import ShotView

from .buttons import OneOf, icon_button
from .context_panel import ContextPanel
from .draft import Draft
from .length_field import LengthField
from .model_facts import facts_of
from .prompt_edit import GrowingTextEdit, PromptEdit
from .sampling_fields import SamplingFields
from .section import Section, line, note, stacked
from .seed_field import SeedField

if TYPE_CHECKING:
    from app.engine_client.queue_runner import QueueRunner
    from app.verbs import Verbs


class ShotForm(QWidget):
    """Edits shots. One: everything. Several: length, cut, both sides and lock, for all of them at once."""

    def __init__(self, document: OpenDocument, verbs: Verbs, runner: QueueRunner, pictures: Pictures) -> None:
        super().__init__()
        self._document, self._verbs = document, verbs
        self._shots: list[ShotView] = []
        self._seeds: dict[str, int] = {}  # of takes, by id; they never change
        self._make_fields()
        self.context = ContextPanel(document, runner, pictures)
        self._lay_out()
        self._connect()

    def _make_fields(self) -> None:
        self._head, self._state = QLabel(), note("attention")
        set_role(self._head, "heading")
        self.lock = icon_button("unlock", self.tr("Lock"), checkable=True)
        self.prompt = PromptEdit()
        self.prompt.setAccessibleName(self.tr("Prompt"))
        self.prompt.setPlaceholderText(self.tr("What the shot shows. Type @ to name somebody or something."))
        self.notes = GrowingTextEdit(2, 8)
        self.notes.setAccessibleName(self.tr("Notes"))
        self.notes.setPlaceholderText(self.tr("For yourself; the model does not read them"))
        self._prompt_draft, self._notes_draft = Draft(self.prompt), Draft(self.notes)
        self.length = LengthField()
        self.length.setAccessibleName(self.tr("Length"))
        self.length.setToolTip(self.tr('Seconds, or frames as "17 frames"; up and down go by four frames'))
        self._frames = QLabel()
        set_role(self._frames, "small")
        goes_on = self.tr("Goes on from the shot before, without a cut ({shot.continue})")
        self.start = OneOf(
            self.tr("Start"),
            (
                ("cut", self.tr("Cut"), self.tr("Begins after a cut ({shot.continue})")),
                ("continues", self.tr("Continues"), goes_on),
            ),
        )
        self.sides = OneOf(
            self.tr("Sees"),
            (
                ("before", self.tr("Shots before"), self.tr("What it sees of the scene comes earlier in the story")),
                ("both", self.tr("Both sides"), self.tr("Sees later shots too, to fit between what is there")),
            ),
        )
        self.seed = SeedField()
        self._made_with = note()
        self.sampling = SamplingFields()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACE, SPACE, 2 * SPACE, 2 * SPACE)
        column.setSpacing(2 * SPACE)
        head = QHBoxLayout()
        head.addWidget(self._head, 1)
        head.addWidget(self.lock)
        top = QVBoxLayout()
        top.setSpacing(SPACE // 2)
        top.addLayout(head)
        top.addWidget(self._state)
        column.addLayout(top)
        self._one_only: list[QWidget] = [
            _boxed(stacked(self.tr("Prompt"), self.prompt)),
            _boxed(line(self.tr("Seed"), self.seed), _indented(self._made_with)),
            Section(self.tr("More"), is_open=False),
            _boxed(stacked(self.tr("Notes"), self.notes)),
            self.context,
        ]
        prompt, seed, more, notes, context = self._one_only
        assert isinstance(more, Section)
        self._more = more
        more.content.addWidget(self.sampling)
        common = QVBoxLayout()
        common.setSpacing(SPACE)
        common.addLayout(line(self.tr("Length"), self.length, self._frames))
        common.addLayout(line(self.tr("Start"), self.start))
        common.addLayout(line(self.tr("Sees"), self.sides))
        common.addWidget(seed)
        column.addWidget(prompt)
        column.addLayout(common)
        for widget in (context, more, notes):
            column.addWidget(widget)
        column.addStretch(1)
        choices = (self.start, "cut"), (self.start, "continues"), (self.sides, "before"), (self.sides, "both")
        buttons = [one.button(key) for one, key in choices]
        seed_fields = (self.seed.field, self.seed.roll, self.seed.from_take, self.seed.copy)
        for before, after in pairwise([self.lock, self.prompt, self.length, *buttons, *seed_fields]):
            QWidget.setTabOrder(before, after)

    def _connect(self) -> None:
        self._prompt_draft.typed.connect(lambda text: self._typed(self._verbs.edit_prompt, text))
        self._notes_draft.typed.connect(lambda text: self._typed(self._verbs.edit_notes, text))
        self.length.chosen.connect(lambda frames: self._edit(self.tr("Length"), "length", frames=frames))
        self.start.chosen.connect(lambda key: self._edit(self.tr("Cut or continue"), continues=key == "continues"))
        self.sides.chosen.connect(lambda key: self._edit(self.tr("What it sees"), two_sided=key == "both"))
        self.seed.chosen.connect(lambda seed: self._edit(self.tr("Seed"), seed=seed))
        self.sampling.chosen.connect(lambda settings, merge: self._edit(self.tr("Settings"), merge, settings=settings))
        self.lock.clicked.connect(lambda down: self._edit(self.tr("Lock") if down else self.tr("Unlock"), locked=down))

    def show_shots(self, shots: Sequence[ShotView], snapshot: SceneSnapshot) -> None:
        """Show these shots, at least one, as the document has them now."""
        if [shot.id for shot in shots] != [shot.id for shot in self._shots]:
            self.flush()
            self._shots = list(shots)
            self._prompt_draft.begin(shots[0].prompt if len(shots) == 1 else "")
            self._notes_draft.begin(shots[0].notes if len(shots) == 1 else "")
        self._shots = list(shots)
        for widget in (*self._one_only, self._state):
            widget.setVisible(len(shots) == 1)
        self._show_common(snapshot.fps)
        if len(shots) == 1:
            self._show_one(shots[0], snapshot)
        self._enable()

    def doubt(self) -> None:
        """Something could not be done: what was typed is kept, and sent again."""
        self._prompt_draft.doubt()
        self._notes_draft.doubt()

    def flush(self) -> None:
        """Send what is being typed, at once."""
        self._prompt_draft.flush()
        self._notes_draft.flush()

    def _show_common(self, fps: float) -> None:
        shots, first = self._shots, self._shots[0]
        many = self.tr("{count} shots").format(count=len(shots))
        self._head.setText(many if len(shots) > 1 else self.tr("Shot {number}").format(number=first.number))
        locked = all(shot.locked for shot in shots)
        self.lock.setChecked(locked)
        self.lock.setIcon(icon("lock" if locked else "unlock"))
        unlock = self.tr("Locked: it is not rendered again. Unlock ({shot.lock})")
        set_tip(self.lock, unlock if locked else self.tr("Lock what it is now ({shot.lock})"))
        lengths, starts = {shot.frames for shot in shots}, {shot.continues for shot in shots}
        sides = {shot.two_sided for shot in shots}
        self.length.show_length(first.frames, first.continues, fps, mixed=len(lengths) > 1)
        self._frames.setText(self.tr("{count} frames").format(count=first.frames) if len(lengths) == 1 else "")
        self.start.show_choice(("continues" if first.continues else "cut") if len(starts) == 1 else None)
        self.sides.show_choice(("both" if first.two_sided else "before") if len(sides) == 1 else None)
        self.start.button("continues").setEnabled(all(shot.number > 1 or shot.continues for shot in shots))

    def _show_one(self, shot: ShotView, snapshot: SceneSnapshot) -> None:
        self.prompt.set_names([element.name for element in snapshot.elements])
        self._prompt_draft.show(shot.prompt)
        self._notes_draft.show(shot.notes)
        model, scene = facts_of(snapshot.model), snapshot.scene.settings
        whose = self.tr("scene") if scene else self.tr("model")
        self.sampling.show_settings(shot.settings, {**model, **scene}, whose)
        self._more.set_aside(self.sampling.loras.summary)
        self._show_seed(shot)
        self._show_state(shot)
        self.context.show_shot(shot, snapshot)

    def _show_state(self, shot: ShotView) -> None:
        if shot.stale:
            text = self.tr("Stale: {reasons}").format(reasons="; ".join(shot.stale))
        elif shot.changed:
            text = self.tr("Edited since this take: {reasons}").format(reasons="; ".join(shot.changed))
        else:
            text = ""
        self._state.setText(text)
        self._state.setVisible(bool(text))

    def _show_seed(self, shot: ShotView) -> None:
        take = shot.selected
        seed = self._seeds.get(take.id) if take else None
        self.seed.show_seed(shot.seed, seed)
        self._made_with.setVisible(take is not None and seed is not None)
        if take is None:
            return
        if seed is None:
            take_id = take.id
            self._document.ask(
                lambda storyboard: storyboard.take(take_id).seed,
                lambda seed: self._learn(take_id, seed),
                lambda _: None,  # deleted meanwhile
            )
        else:
            made = self.tr("Take {number} was made with {seed}")
            self._made_with.setText(made.format(number=take.number, seed=seed))

    def _learn(self, take_id: str, seed: int) -> None:
        self._seeds[take_id] = seed
        if not isValid(self):
            return
        if len(self._shots) == 1 and self._shots[0].selected and self._shots[0].selected.id == take_id:
            self._show_seed(self._shots[0])

    def _enable(self) -> None:
        read_only = self._document.read_only
        for field in (self.prompt, self.notes, self.length):
            field.setReadOnly(read_only)
        self.seed.set_read_only(read_only)
        self.sampling.set_read_only(read_only)
        for widget in (self.lock, self.start, self.sides):
            widget.setEnabled(not read_only)

    def _typed(self, edit: Any, text: str) -> None:
        if len(self._shots) == 1 and not self._document.read_only:
            edit(self._shots[0].id, text)

    def _edit(self, text: str, merge: str = "", **what: Any) -> None:
        """Edit all chosen shots as one step."""
        ids = [shot.id for shot in self._shots]

        def edit(storyboard: Storyboard) -> ChangeSet:
            with storyboard.together() as work:
                for shot_id in ids:
                    storyboard.edit_shot(shot_id, **what)
            return work.changes

        self._document.do(text, edit, merge=f"{merge} {' '.join(ids)}" if merge else "")


def _boxed(*layouts: Any) -> QWidget:
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(SPACE // 2)
    for layout in layouts:
        column.addLayout(layout)
    return box


def _indented(widget: QWidget) -> QHBoxLayout:
    row = line("", widget)
    row.setAlignment(Qt.AlignmentFlag.AlignTop)
    return row
