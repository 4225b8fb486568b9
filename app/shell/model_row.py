"""One model in the chooser: what it is, how it stands, and what is being done with it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from app.player.elided import ElidedLabel
from app.shell.model_work import ModelWork
from app.shell.models import ModelCard, gigabytes
from app.theme.style import set_role
from app.theme.tokens import SPACE

_ROLES = {"ready": "good", "incomplete": "attention", "corrupt": "bad", "missing": "bad"}


class ModelRow(QWidget):
    """Shows a card; `show_work` adds how far a download or check is."""

    def __init__(self, card: ModelCard, used: bool, fit: str = "") -> None:
        super().__init__()
        self.card = card
        self.title, self.state = QLabel(card.title), QLabel()
        set_role(self.title, "heading")
        self.facts, self.detail = ElidedLabel(_facts(card, fit)), QLabel()
        set_role(self.facts, "muted")
        self.detail.setWordWrap(True)
        set_role(self.detail, "small")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(QCoreApplication.translate("ModelRow", "Progress of {0}").format(card.title))
        self._used = used
        self._lay_out()
        self.show_work(None)

    def show_work(self, work: ModelWork | None) -> None:
        """Say how it stands, or how far what is being done is."""
        card = self.card
        self.bar.setVisible(work is not None)
        if work is None:
            self.state.setText(_state(card, self._used))
            set_role(self.state, _ROLES.get(card.state, "muted"))
            self.detail.setText(card.problem)
        else:
            self.state.setText(_doing(work))
            set_role(self.state, "muted")
            self.bar.setRange(0, 1000 if work.total else 0)
            self.bar.setValue(round(1000 * work.fraction))
            self.detail.setText(_how_far(work))
        self.detail.setVisible(bool(self.detail.text()))
        self.setAccessibleName(f"{card.title}, {self.state.text()}. {self.facts.text()}. {self.detail.text()}")

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(SPACE)
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(self.state)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE, SPACE, SPACE, SPACE)
        column.setSpacing(SPACE // 2)
        column.addLayout(head)
        for widget in (self.facts, self.detail, self.bar):
            column.addWidget(widget)
        self.facts.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)  # clicks are the list's
        self.setToolTip(str(self.card.folder))


def _facts(card: ModelCard, fit: str) -> str:
    licence = card.licence
    if card.non_commercial:
        licence = _tr("{0}: not for commercial use").format(licence)
    size = gigabytes(card.size) if card.size else ""
    return "  ·  ".join(part for part in (card.facts, size, licence, fit) if part)


def _state(card: ModelCard, used: bool) -> str:
    if card.state == "ready":
        return _tr("in use") if used else _tr("built in") if card.built_in else _tr("ready")
    if card.state == "incomplete" and card.size and card.here < card.size:
        return _tr("{0} % downloaded").format(100 * card.here // card.size)
    texts = {"incomplete": _tr("incomplete"), "corrupt": _tr("damaged"), "missing": _tr("missing")}
    return texts.get(card.state, card.state)


def _doing(work: ModelWork) -> str:
    if work.stopping:
        return _tr("stopping …")
    texts = {"download": _tr("downloading"), "verify": _tr("checking"), "add": _tr("hashing")}
    percent = f" {100 * work.done // work.total} %" if work.total else " …"
    return texts.get(work.verb, work.verb) + percent


def _how_far(work: ModelWork) -> str:
    if not work.total:
        return ""
    told = _tr("{0} of {1}").format(gigabytes(work.done), gigabytes(work.total))
    speed = work.bytes_a_second
    if speed > 0:
        told += f"  ·  {gigabytes(round(speed))}/s  ·  {_clock((work.total - work.done) / speed)}"
    return f"{told}  ·  {work.file}"


def _clock(seconds: float) -> str:
    if seconds < 90:
        return _tr("{0} s left").format(max(1, round(seconds)))
    if seconds < 5400:
        return _tr("{0} min left").format(round(seconds / 60))
    return _tr("{0} h left").format(f"{seconds / 3600:.1f}")


def _tr(text: str) -> str:
    return QCoreApplication.translate("ModelRow", text)
