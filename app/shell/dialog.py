"""What all dialogs share: they stand beside the window instead of blocking it, and say what is wrong inside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.theme.style import set_role
from app.theme.tokens import SPACE


class Dialog(QDialog):
    """A title, a body, a line for problems, and buttons at the end. Non-modal; closing it deletes it."""

    def __init__(self, title: str, parent: QWidget | None, width: int = 520) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setModal(False)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(width)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(3 * SPACE, 3 * SPACE, 3 * SPACE, 2 * SPACE)
        self.body.setSpacing(2 * SPACE)
        heading = QLabel(title)
        set_role(heading, "title")
        self.body.addWidget(heading)
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        set_role(self.problem, "bad")
        self.problem.hide()

    def form(self) -> QFormLayout:
        """Add rows of a label and a field."""
        form = QFormLayout()
        form.setHorizontalSpacing(2 * SPACE)
        form.setVerticalSpacing(SPACE)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self.body.addLayout(form)
        return form

    def note(self, text: str) -> QLabel:
        """Add a quiet line of explanation."""
        label = QLabel(text)
        label.setWordWrap(True)
        set_role(label, "muted")
        self.body.addWidget(label)
        return label

    def finish(self, *buttons: QPushButton) -> None:
        """Add the line for problems and the buttons; call it last."""
        self.body.addWidget(self.problem)
        row = QHBoxLayout()
        row.setSpacing(SPACE)
        row.addStretch(1)
        for button in buttons:
            row.addWidget(button)
        self.body.addLayout(row)

    def tell(self, text: str) -> None:
        """Say what is wrong, "" when nothing is."""
        self.problem.setText(text)
        self.problem.setVisible(bool(text))


def button(text: str, slot: Callable[[], object], tip: str = "", role: str = "") -> QPushButton:
    """Return a push button."""
    made = QPushButton(text)
    made.setAccessibleName(text)
    made.setToolTip(tip or text)
    made.setAutoDefault(role == "primary")
    made.setDefault(role == "primary")
    if role:
        set_role(made, role)
    made.clicked.connect(lambda: slot())
    return made


def named(widget: QWidget, name: str, tip: str = "") -> QWidget:
    """Give a field its name for screen readers, and a tooltip."""
    widget.setAccessibleName(name)
    widget.setToolTip(tip or name)
    return widget


class PathField(QWidget):
    """A path to type or to choose. `pick` is asked for a path when the button is pressed."""

    changed = Signal()

    def __init__(self, name: str, pick: Callable[[str], str]) -> None:
        super().__init__()
        self._pick = pick
        self.line = QLineEdit()
        named(self.line, name)
        choose = button(self.tr("Choose…"), self._choose, self.tr("Choose {0}").format(name.lower()))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE)
        row.addWidget(self.line, 1)
        row.addWidget(choose)
        self.setFocusProxy(self.line)
        self.line.textChanged.connect(self.changed)

    @property
    def text(self) -> str:
        """The path as it stands there."""
        return self.line.text().strip()

    @property
    def path(self) -> Path:
        """The path with `~` resolved."""
        return Path(self.text).expanduser()

    def show_path(self, path: Path | str) -> None:
        """Set it."""
        self.line.setText(str(path))

    def _choose(self) -> None:
        chosen = self._pick(self.text)
        if chosen:
            self.line.setText(chosen)


def pick_folder(parent: QWidget, title: str) -> Callable[[str], str]:
    """Return a `pick` for folders."""
    return lambda now: QFileDialog.getExistingDirectory(parent, title, now)
