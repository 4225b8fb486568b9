"""The scene: its title, its part of the prompt that every shot reads, its seed, and how its shots are sampled."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from app.document.open_document import OpenDocument
from app.document.snapshot import SceneSnapshot
from app.theme.tokens import SPACE
from storyboards.texts import clean_line

from .draft import Draft
from .model_facts import facts_of
from .prompt_edit import PromptEdit
from .sampling_fields import SamplingFields
from .section import Section, line, note, stacked
from .seed_field import SeedField


class SceneForm(QWidget):
    """Edits the scene that the document shows."""

    def __init__(self, document: OpenDocument) -> None:
        super().__init__()
        self._document = document
        self._scene_id = ""
        self.title = QLineEdit(placeholderText=self.tr("Untitled"))
        self.environment, self.story = PromptEdit(2, 8), PromptEdit(3, 10)
        self.seed = SeedField(optional=False)
        self.sampling = SamplingFields()
        self._whole = note()
        self._drafts = {
            "title": Draft(self.title, clean_line),
            "environment": Draft(self.environment, clean_line),
            "story": Draft(self.story, clean_line),
        }
        self._name_fields()
        self._lay_out()
        self._connect()

    def _name_fields(self) -> None:
        self.title.setAccessibleName(self.tr("Title of the scene"))
        self.environment.setAccessibleName(self.tr("Environment"))
        self.environment.setPlaceholderText(self.tr("Where it plays: a forest at sunset"))
        self.story.setAccessibleName(self.tr("Story"))
        self.story.setPlaceholderText(self.tr("What happens in the whole scene, in a sentence or two"))
        self.seed.field.setAccessibleName(self.tr("Seed of the scene"))
        self.seed.field.setToolTip(self.tr("All automatic seeds of shots follow from this one"))

    def _lay_out(self) -> None:
        reads = Section(self.tr("What every shot reads first"), is_open=False)
        reads.content.addWidget(self._whole)
        self._more = more = Section(self.tr("More"), is_open=False)
        more.content.addWidget(self.sampling)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACE, 2 * SPACE, 2 * SPACE, 2 * SPACE)
        column.setSpacing(2 * SPACE)
        column.addLayout(stacked(self.tr("Title"), self.title))
        column.addLayout(stacked(self.tr("Environment"), self.environment))
        column.addLayout(stacked(self.tr("Story"), self.story))
        column.addLayout(line(self.tr("Seed"), self.seed))
        column.addWidget(more)
        column.addWidget(reads)
        column.addStretch(1)

    def _connect(self) -> None:
        texts = {
            "title": self.tr("Rename the scene"),
            "environment": self.tr("Edit the environment"),
            "story": self.tr("Edit the story"),
        }
        for name, draft in self._drafts.items():
            draft.typed.connect(lambda text, name=name: self._edit(texts[name], name, **{name: text}))
        self.seed.chosen.connect(lambda seed: self._edit(self.tr("Seed of the scene"), "", seed=seed))
        self.sampling.chosen.connect(
            lambda settings, merge: self._edit(self.tr("Settings of the scene"), merge, settings=settings)
        )

    def show_scene(self, snapshot: SceneSnapshot) -> None:
        """Show what the document says."""
        scene = snapshot.scene
        texts = {"title": scene.title, "environment": scene.environment, "story": scene.story}
        if scene.id != self._scene_id:
            self.flush()
            self._scene_id = scene.id
            for name, draft in self._drafts.items():
                draft.begin(texts[name])
        for name, draft in self._drafts.items():
            draft.show(texts[name])
        names = [element.name for element in snapshot.elements]
        self.environment.set_names(names)
        self.story.set_names(names)
        self.seed.show_seed(scene.seed, None)
        self.sampling.show_settings(scene.settings, facts_of(snapshot.model), self.tr("model"))
        self._more.set_aside(self.sampling.loras.summary)
        self._whole.setText(scene.global_text or self.tr("Nothing yet: characters, environment and story are empty."))
        for field in (self.title, self.environment, self.story):
            field.setReadOnly(self._document.read_only)
        self.seed.set_read_only(self._document.read_only)
        self.sampling.set_read_only(self._document.read_only)

    def doubt(self) -> None:
        """Something could not be done: what was typed is kept, and sent again."""
        for draft in self._drafts.values():
            draft.doubt()

    def flush(self) -> None:
        """Send what is being typed, at once."""
        for draft in self._drafts.values():
            draft.flush()

    def _edit(self, text: str, merge: str, **what: Any) -> None:
        scene_id = self._scene_id
        if scene_id and not self._document.read_only:
            key = f"scene {merge} {scene_id}" if merge else ""
            self._document.do(text, lambda storyboard: storyboard.edit_scene(scene_id, **what), merge=key)
