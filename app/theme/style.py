"""Puts the theme on the application: palette, font and style sheet, and follows the system when it changes.

Widgets say what they are by a dynamic property, the style sheet does the rest:

- `QLabel`: `role` = "title", "heading", "muted", "small", "good", "attention" or "bad"
- `QPushButton`: `role` = "primary" (one on a panel) or "danger"; `QToolButton`: `role` = "flat" (no frame at rest)
- `QFrame`, `QWidget`: `role` = "card" (a rounded surface), "bar" (a strip with a line below) or "well" (behind media)

`set_role` sets it, also later.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from .sheet import sheet
from .tokens import DARK, LIGHT, TYPE_BODY, Colours

MODES = ("system", "dark", "light")


class Theme(QObject):
    """Which colours hold now. `changed` comes after they are on the application."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.mode = "system"
        self.colours = DARK
        self._follows = False

    def put_on(self, app: QApplication, mode: str) -> None:
        """Switch to a mode; "system" follows the desktop, and is dark where the desktop does not say."""
        if mode not in MODES:
            mode = "system"
        self.mode = mode
        hints = app.styleHints()
        if not self._follows:
            self._follows = True
            app.setStyle("Fusion")
            hints.colorSchemeChanged.connect(lambda _scheme: self._wear(app))
        wanted = {"dark": Qt.ColorScheme.Dark, "light": Qt.ColorScheme.Light}.get(mode, Qt.ColorScheme.Unknown)
        hints.setColorScheme(wanted)  # window frames and native dialogs follow too
        self._wear(app)

    def _wear(self, app: QApplication) -> None:
        light = self.mode == "light" or (
            self.mode == "system" and app.styleHints().colorScheme() == Qt.ColorScheme.Light
        )
        self.colours = LIGHT if light else DARK
        app.setPalette(_palette(self.colours))
        app.setFont(font())
        text = sheet(self.colours)
        if app.styleSheet() != text:  # setting it polishes every widget again
            app.setStyleSheet(text)
        self.changed.emit()


theme = Theme()
_fonts: dict[tuple[int, bool], QFont] = {}  # delegates ask for them with every paint


def apply(app: QApplication, mode: str = "system") -> None:
    """Dress the application: "system", "dark" or "light"."""
    theme.put_on(app, mode)


def colours() -> Colours:
    """Return the colours that hold now; ask each time something is painted."""
    return theme.colours


def colour(name: str, alpha: float = 1.0) -> QColor:
    """Return one colour of the theme, for painters: `colour("accent", 0.4)`."""
    found = QColor(getattr(theme.colours, name))
    found.setAlphaF(alpha)
    return found


def font(size: int = TYPE_BODY, *, strong: bool = False) -> QFont:
    """Return the system's typeface in a size of the type scale. Do not alter it: copy it first."""
    key = (size, strong)
    if key not in _fonts:
        found = QFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont))
        found.setPixelSize(size)
        found.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
        _fonts[key] = found
    return _fonts[key]


def set_role(widget: QWidget, role: str) -> None:
    """Say what a widget is to the style sheet, also after it is shown."""
    widget.setProperty("role", role)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def _palette(theirs: Colours) -> QPalette:
    roles = QPalette.ColorRole
    palette = QPalette()
    for role, name in {
        roles.Window: "window", roles.WindowText: "text", roles.Base: "field", roles.AlternateBase: "surface",
        roles.Text: "text", roles.Button: "raised", roles.ButtonText: "text", roles.BrightText: "bad",
        roles.ToolTipBase: "raised", roles.ToolTipText: "text", roles.PlaceholderText: "faint",
        roles.Highlight: "accent", roles.HighlightedText: "on_accent", roles.Link: "accent",
        roles.LinkVisited: "accent", roles.Light: "raised", roles.Midlight: "line", roles.Mid: "line",
        roles.Dark: "line", roles.Shadow: "well", roles.Accent: "accent",
    }.items():  # fmt: skip
        palette.setColor(role, QColor(getattr(theirs, name)))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(theirs.faint))
    return palette
