"""A strip above the board for what the user has to decide but need not decide now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.shortcuts import set_words
from app.theme.icons import icon
from app.theme.style import set_role
from app.theme.tokens import SPACE

Offer = tuple[str, Callable[[], object]]


class Notice(QFrame):
    """One message with what can be done about it; doing or dismissing it takes it away."""

    def __init__(self, text: str, offers: Sequence[Offer], done: Callable[[QWidget], None], mark: str) -> None:
        super().__init__()
        set_role(self, "card")
        self.text = text
        self.buttons: list[QPushButton] = []
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * SPACE, SPACE, SPACE, SPACE)
        row.setSpacing(SPACE)
        sign = QLabel()
        sign.setPixmap(icon("warning", mark).pixmap(20, 20))
        label = QLabel()
        set_words(label, text)
        label.setWordWrap(True)
        label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row.addWidget(sign)
        row.addWidget(label, 1)
        for name, act in offers:
            button = QPushButton(name)
            button.setAccessibleName(name)
            button.clicked.connect(partial(self._take_up, act, done))
            self.buttons.append(button)
            row.addWidget(button)
        close = QToolButton()
        close.setIcon(icon("cross"))
        close.setToolTip(QCoreApplication.translate("Notice", "Dismiss"))
        close.setAccessibleName(QCoreApplication.translate("Notice", "Dismiss"))
        set_role(close, "flat")
        close.clicked.connect(lambda: done(self))
        row.addWidget(close)

    def _take_up(self, act: Callable[[], object], done: Callable[[QWidget], None], _checked: bool = False) -> None:
        done(self)
        act()


class Notices(QWidget):
    """The notices there are, newest last. A notice with the same key replaces the one before."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: dict[str, Notice] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE // 2)
        self.hide()

    @property
    def texts(self) -> list[str]:
        """What is shown."""
        return [notice.text for notice in self._shown.values()]

    def tell(self, key: str, text: str, offers: Sequence[Offer] = (), mark: str = "attention") -> Notice:
        """Show a notice."""
        self.drop(key)
        notice = Notice(text, offers, lambda widget: self._remove(widget), mark)
        self._shown[key] = notice
        self._column.addWidget(notice)
        self.show()
        return notice

    def drop(self, key: str) -> None:
        """Take a notice away, if it is there."""
        if key in self._shown:
            self._remove(self._shown[key])

    def clear(self) -> None:
        """Take all away."""
        for key in list(self._shown):
            self.drop(key)

    def _remove(self, widget: QWidget) -> None:
        self._shown = {key: notice for key, notice in self._shown.items() if notice is not widget}
        self._column.removeWidget(widget)
        widget.hide()
        widget.deleteLater()
        self.setVisible(bool(self._shown))
