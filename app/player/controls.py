"""The row of buttons under the scrub bar, for whoever plays with the mouse; every one names its key."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, Qt
from PySide6.QtGui import QFont, QFontDatabase, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from app.theme.icons import icon
from app.theme.style import font, set_role
from app.theme.tokens import SPACE, TARGET, TYPE_BODY

from .elided import ElidedLabel
from .keys import Keys
from .timeline import timecode
from .transport import Transport

# Name of the action, icon or (with a capital) text, what it is called.
_BUTTONS = (
    ("cut_back", "step-back", QT_TRANSLATE_NOOP("Player", "Previous cut")),
    ("frame_back", "left", QT_TRANSLATE_NOOP("Player", "A frame back")),
    ("toggle", "play", QT_TRANSLATE_NOOP("Player", "Play")),
    ("frame_on", "right", QT_TRANSLATE_NOOP("Player", "A frame on")),
    ("cut_on", "step-forward", QT_TRANSLATE_NOOP("Player", "Next cut")),
    ("loop", "loop", QT_TRANSLATE_NOOP("Player", "Loop")),
    ("in", "In", QT_TRANSLATE_NOOP("Player", "Set the in point")),
    ("out", "Out", QT_TRANSLATE_NOOP("Player", "Set the out point")),
    ("clear", "cross", QT_TRANSLATE_NOOP("Player", "Clear in and out points")),
    ("fullscreen", "fullscreen", QT_TRANSLATE_NOOP("Player", "Full screen")),
)


class TransportButton(QToolButton):
    """A flat button that leaves the arrow keys to the player."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down):
            event.ignore()
        else:
            super().keyPressEvent(event)


class Controls(QWidget):
    """Buttons, timecode, and the name of what is shown; `act(name)` is called for a press."""

    def __init__(
        self,
        transport: Transport,
        act: Callable[[str], None],
        parent: QWidget | None = None,
        *,
        keys: Keys | None = None,
    ) -> None:
        super().__init__(parent)
        self._transport = transport
        self.buttons = {name: self._button(name, sign, act) for name, sign, _ in _BUTTONS}
        self.timecode = QLabel()
        self.timecode.setFont(_figures())
        self.timecode.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.speed = QLabel()
        set_role(self.speed, "muted")
        self.name = ElidedLabel()
        self._lay_out()
        transport.moved.connect(self._show_time)
        transport.timeline_changed.connect(self._show_time)
        transport.speed_changed.connect(self._show_speed)
        transport.range_changed.connect(self._show_range)
        transport.loop_changed.connect(self.buttons["loop"].setChecked)
        self.buttons["loop"].setChecked(transport.loop)
        self.set_keys(keys or Keys())
        self._show_time()
        self._show_range()

    def set_keys(self, keys: Keys) -> None:
        """Write the keys into the tooltips."""
        for name, _sign, text in _BUTTONS:
            said = QCoreApplication.translate("Player", str(text))
            button = self.buttons[name]
            button.setAccessibleName(said)
            button.setToolTip(f"{said} ({keys.of(name)})" if keys.of(name) else said)

    def put_first(self, widget: QWidget) -> None:
        """Let something stand before the buttons."""
        self._row.insertWidget(0, widget)

    def _button(self, name: str, sign: str, act: Callable[[str], None]) -> QToolButton:
        button = TransportButton(self)
        set_role(button, "flat")
        if sign[0].isupper():
            button.setText(QCoreApplication.translate("Player", sign))
        else:
            button.setIcon(icon(sign))
        button.setCheckable(name == "loop")
        button.setFixedHeight(TARGET)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda *_: act(name))
        return button

    def _lay_out(self) -> None:
        row = self._row = QHBoxLayout(self)
        row.setContentsMargins(SPACE, 0, SPACE, SPACE // 2)
        row.setSpacing(SPACE // 2)
        for name in ("cut_back", "frame_back", "toggle", "frame_on", "cut_on", "loop"):
            row.addWidget(self.buttons[name])
        row.addSpacing(SPACE)
        row.addWidget(self.timecode)
        row.addWidget(self.speed)
        row.addSpacing(SPACE)
        row.addWidget(self.name, 1)
        for name in ("in", "out", "clear", "fullscreen"):
            row.addWidget(self.buttons[name])

    def _show_time(self) -> None:
        timeline = self._transport.timeline
        here, all_of_it = timecode(self._transport.head, timeline.fps), timecode(timeline.length, timeline.fps)
        self.timecode.setText(f"{here} / {all_of_it}")
        self.timecode.setAccessibleName(self.tr("Time {here} of {all}").format(here=here, all=all_of_it))
        self.setEnabled(bool(timeline.segments))

    def _show_speed(self, speed: int) -> None:
        self.buttons["toggle"].setIcon(icon("pause" if speed else "play"))
        self.speed.setText("" if speed in (0, 1) else f"{speed}×".replace("-", "−"))

    def _show_range(self) -> None:
        self.buttons["clear"].setVisible(self._transport.has_range)


def _figures() -> QFont:
    """Digits of one width, so that running time does not tremble."""
    face = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    face.setPixelSize(TYPE_BODY)
    return face if face.family() else font()
