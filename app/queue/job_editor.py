"""What can still be changed about a job that waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QRegularExpression
from PySide6.QtGui import QIntValidator, QRegularExpressionValidator
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QSpinBox, QWidget

from app.inspector.popover import Popover
from app.inspector.sampling_fields import MOST_STEPS
from app.inspector.section import line
from app.theme.tokens import SPACE
from storyboards.jobs import MOST_TAKES
from storyboards.lengths import LONGEST
from storyboards.views import JobView

from .job_texts import what


class JobEditor(Popover):
    """Asks for the number of takes, the seed and the steps; hands over only what was changed."""

    def __init__(self, job: JobView, then: Callable[[dict[str, Any]], None], parent: QWidget) -> None:
        super().__init__(what(job), parent)
        self._job, self._then = job, then
        self.takes = QSpinBox(minimum=1, maximum=MOST_TAKES, value=job.params.get("takes", 1))
        self.takes.setAccessibleName(self.tr("Number of takes"))
        self.frames = QSpinBox(minimum=4, maximum=LONGEST - 5, singleStep=4, value=job.params.get("add_frames", 16))
        self.frames.setAccessibleName(self.tr("Frames to add"))
        for box in (self.takes, self.frames):
            box.lineEdit().setTextMargins(4, 0, 0, 0)
        self.seed = QLineEdit(placeholderText=self.tr("Automatic"))
        self.seed.setAccessibleName(self.tr("Seed"))
        self.seed.setValidator(QRegularExpressionValidator(QRegularExpression(r"\d{0,18}"), self.seed))
        self.steps = QLineEdit(placeholderText=self.tr("As the scene"))
        self.steps.setAccessibleName(self.tr("Steps"))
        self.steps.setValidator(QIntValidator(1, MOST_STEPS, self.steps))
        seed, steps = job.params.get("seed"), self._settings().get("steps")
        self.seed.setText("" if seed is None else str(seed))
        self.steps.setText("" if steps is None else str(steps))
        self._lay_out()

    def _lay_out(self) -> None:
        self.setFixedWidth(36 * SPACE)
        if self._job.kind == "render":
            self.content.addLayout(line(self.tr("Takes"), self.takes))
        if self._job.kind == "extend":
            self.content.addLayout(line(self.tr("Frames"), self.frames))
        self.content.addLayout(line(self.tr("Seed"), self.seed))
        self.content.addLayout(line(self.tr("Steps"), self.steps))
        use = QPushButton(self.tr("Change"))
        use.setAccessibleName(self.tr("Change the job"))
        use.setProperty("role", "primary")
        use.clicked.connect(self.accept)
        for field in (self.seed, self.steps):
            field.returnPressed.connect(self.accept)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(use)
        self.content.addLayout(row)
        (self.takes if self._job.kind == "render" else self.seed).setFocus()

    def accept(self) -> None:
        """Hand over what was changed."""
        changed = {name: value for name, value in self._values().items() if self._job.params.get(name) != value}
        self.close()
        if changed:
            self._then(changed)

    def _values(self) -> dict[str, Any]:
        settings = {name: value for name, value in self._settings().items() if name != "steps"}
        if self.steps.text():
            settings["steps"] = int(self.steps.text())
        values: dict[str, Any] = {"seed": int(self.seed.text()) if self.seed.text() else None, "settings": settings}
        if self._job.kind == "render":
            values["takes"] = self.takes.value()
        if self._job.kind == "extend":
            values["add_frames"] = self.frames.value()
        return values

    def _settings(self) -> dict[str, Any]:
        return dict(self._job.params.get("settings") or {})
