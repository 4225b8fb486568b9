"""The picture alone on the whole screen, with a strip that comes with the pointer and goes again."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.theme.style import set_role
from app.theme.tokens import SPACE

from .controls import Controls
from .screen import Screen
from .scrub_bar import ScrubBar
from .transport import Transport

_STRIP_MS = 2500


class FullScreen(QWidget):
    """A window for one screen. `closed` follows Escape, the key of full screen, or a double click."""

    closed = Signal()

    def __init__(self, transport: Transport, act: Callable[[str], None], key: Callable[[QKeyEvent], bool]) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self._key = key
        self.setWindowTitle(self.tr("Player"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setStyleSheet("FullScreen { background: black; }")
        self.screen_widget = Screen(self)
        self.screen_widget.setMouseTracking(True)
        self.screen_widget.clicked.connect(lambda: act("toggle"))
        self.screen_widget.double_clicked.connect(self.close)
        self.strip = QWidget(self)
        set_role(self.strip, "panel")
        column = QVBoxLayout(self.strip)
        column.setContentsMargins(0, SPACE // 2, 0, SPACE // 2)
        column.setSpacing(0)
        self.controls = Controls(transport, act, self.strip)
        column.addWidget(ScrubBar(transport, self.strip))
        column.addWidget(self.controls)
        self._rest = QTimer(self, singleShot=True, interval=_STRIP_MS)
        self._rest.timeout.connect(self._hide_strip)
        self.screen_widget.installEventFilter(self)
        self._pointer = QPoint()
        self._rest.start()

    def resizeEvent(self, event: QEvent) -> None:
        height = self.strip.sizeHint().height()
        self.screen_widget.setGeometry(self.rect())
        self.strip.setGeometry(0, self.height() - height, self.width(), height)
        self.strip.raise_()

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent) and event.globalPosition().toPoint() != self._pointer:
            self._pointer = event.globalPosition().toPoint()
            self._show_strip()
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        elif not self._key(event):
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # no verb of the window behind shall fire from here
        return super().event(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closed.emit()
        super().closeEvent(event)

    def _show_strip(self) -> None:
        self.strip.show()
        self.screen_widget.unsetCursor()
        self._rest.start()

    def _hide_strip(self) -> None:
        if self.strip.underMouse():
            self._rest.start()
            return
        self.strip.hide()
        self.screen_widget.setCursor(Qt.CursorShape.BlankCursor)
