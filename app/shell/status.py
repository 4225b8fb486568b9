"""The status line: what the engine does, which model, what memory it has, how long the queue is, what went wrong."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QStatusBar, QToolButton, QWidget

from app.shell import counting
from app.theme.icons import icon
from app.theme.style import set_role
from app.theme.tokens import SPACE

_SHOWN_FOR = 20_000  # milliseconds that a plain notice stays


class ElidedLabel(QLabel):
    """One line that ends in dots rather than pushing its neighbours away; the whole text is its tooltip."""

    def __init__(self) -> None:
        super().__init__()
        self._whole = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(80)

    def show_text(self, text: str) -> None:
        """Set the text."""
        self._whole = text
        self.setToolTip(text)
        self.setAccessibleName(text)
        self._fit()

    @property
    def whole(self) -> str:
        """The text before it was shortened."""
        return self._whole

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        line = " ".join(self._whole.split())
        self.setText(self.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, max(0, self.width() - SPACE)))


class StatusLine(QStatusBar):
    """`details_wanted` asks to see the log."""

    details_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._clear = QTimer(self)
        self._clear.setSingleShot(True)
        self._clear.timeout.connect(self.clear_problem)
        self._icon, self.line = QLabel(), ElidedLabel()
        self._copy = self._button(self.tr("Copy"), self.tr("Copy this message"), self._copy_line)
        self._details = self._button(self.tr("Details"), self.tr("Show the log"), self.details_wanted.emit)
        self._close = self._button("", self.tr("Dismiss this message"), self.clear_problem)
        self._close.setIcon(icon("cross"))
        left = QWidget()
        row = QHBoxLayout(left)
        row.setContentsMargins(SPACE, 0, SPACE, 0)
        row.setSpacing(SPACE)
        for widget in (self._icon, self.line, self._copy, self._details, self._close):
            row.addWidget(widget, 1 if widget is self.line else 0)
        self.addWidget(left, 1)
        self.sign = QLabel()
        self.addPermanentWidget(self.sign)
        self.engine = self._fact(self.tr("Engine"))
        self.model = self._fact(self.tr("Model and device"))
        self.memory = self._fact(self.tr("Memory of the engine"))
        self.queue = self._fact(self.tr("Queue"))
        self.clear_problem()

    def _button(self, text: str, tip: str, slot: Any) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        set_role(button, "flat")
        button.clicked.connect(slot)
        return button

    def _fact(self, name: str) -> QLabel:
        label = QLabel()
        label.setToolTip(name)
        label.setAccessibleName(name)
        set_role(label, "small")
        label.setContentsMargins(0, 0, SPACE, 0)
        self.addPermanentWidget(label)
        return label

    def say(self, text: str) -> None:
        """Show a plain notice for a while; a problem that is shown stays."""
        if not self._copy.isVisibleTo(self):
            self._icon.clear()
            self.line.show_text(text)
            self._clear.start(_SHOWN_FOR)

    def tell_problem(self, message: str, hint: str) -> None:
        """Show what went wrong and what to do next, until it is dismissed or something else goes wrong."""
        self._clear.stop()
        self._icon.setPixmap(icon("warning", "bad").pixmap(16, 16))
        self.line.show_text(f"{message} {hint}".strip())
        for button in (self._copy, self._details, self._close):
            button.show()

    def clear_problem(self) -> None:
        """Empty the line."""
        self._icon.clear()
        self.line.show_text("")
        for button in (self._copy, self._details, self._close):
            button.hide()

    def show_engine(self, state: str) -> None:
        """Say what the engine does."""
        texts = {
            "off": self.tr("engine off"),
            "starting": self.tr("engine starting"),
            "loading": self.tr("loading the model"),
            "ready": self.tr("engine ready"),
            "working": self.tr("rendering"),
            "restarting": self.tr("engine restarting"),
            "failed": self.tr("engine stopped"),
        }
        self.engine.setText(texts.get(state, state))
        signs = {"ready": ("check", "good"), "failed": ("warning", "bad"), "restarting": ("warning", "attention")}
        name, tint = signs.get(state, ("", ""))
        self.sign.setPixmap(icon(name, tint).pixmap(16, 16) if name else QPixmap())

    def show_model(self, model: str, device: str) -> None:
        """Say which model renders, and where."""
        self.model.setText("  ·  ".join(part for part in (model, device) if part))

    def show_memory(self, memory: object) -> None:
        """Say how much memory the engine has; bytes as a number, or a text."""
        text = f"{memory / 2**30:.1f} GB" if isinstance(memory, (int, float)) and memory else str(memory or "")
        self.memory.setText(text)

    def show_queue(self, waiting: int, paused: bool) -> None:
        """Say how much is still to do."""
        text = counting.jobs(waiting) if waiting else self.tr("queue empty")
        self.queue.setText(self.tr("{0}, paused").format(text) if paused else text)

    def clear_facts(self) -> None:
        """Without a project there is nothing to say."""
        for label in (self.sign, self.engine, self.model, self.memory, self.queue):
            label.clear()

    def _copy_line(self) -> None:
        QGuiApplication.clipboard().setText(self.line.whole)
