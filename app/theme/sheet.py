"""The style sheet, written from the tokens. What a widget is, it says by its `role` (see `style`)."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from string import Template

from .tokens import DARK, RADIUS, SPACE, TARGET, TYPE_BODY, TYPE_HEADING, TYPE_SMALL, TYPE_TITLE, Colours

_MARKS = Path(__file__).parent / "marks"  # ticks and arrows: style sheets take pictures from files only
_SIZES = {
    "half": f"{SPACE // 2}px",
    "space": f"{SPACE}px",
    "double": f"{2 * SPACE}px",
    "radius": f"{RADIUS}px",
    "small": f"{TYPE_SMALL}px",
    "body": f"{TYPE_BODY}px",
    "heading": f"{TYPE_HEADING}px",
    "title": f"{TYPE_TITLE}px",
    "inner": f"{TARGET - 2 * (SPACE // 2) - 2}px",  # least content height of a button, its padding and frame apart
}

_SHEET = Template("""
QMainWindow, QDialog { background: $window; }
QToolTip { background: $raised; color: $text; border: 1px solid $line; padding: $half; }

QLabel { background: transparent; }
QLabel[role="title"] { font-size: $title; font-weight: 600; }
QLabel[role="heading"] { font-size: $heading; font-weight: 600; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="small"] { color: $muted; font-size: $small; }
QLabel[role="good"] { color: $good; }
QLabel[role="attention"] { color: $attention; }
QLabel[role="bad"] { color: $bad; }

QWidget[role="card"] { background: $surface; border: 1px solid $line; border-radius: $radius; }
QWidget[role="bar"] { background: $surface; border: 0; border-bottom: 1px solid $line; }
QWidget[role="well"] { background: $well; border: 0; }
QWidget[role="panel"] { background: $surface; border: 0; }

QWidget[role="popover"] { background: $surface; border: 1px solid $line; border-radius: $radius; }
QWidget[role="popover"] QScrollArea,
QWidget[role="popover"] QScrollArea > QWidget > QWidget { background: transparent; }

QPushButton, QToolButton {
  background: $raised; color: $text; border: 1px solid $line; border-radius: $radius;
  padding: ${half} $space; min-height: $inner;
}
QPushButton { padding-left: 12px; padding-right: 12px; }
QToolButton { padding: $half; min-width: $inner; }
QToolButton[popupMode="1"] { padding-right: $double; }
QPushButton:hover, QToolButton:hover { border-color: $faint; }
QPushButton:pressed, QToolButton:pressed, QToolButton:open { background: $line; }
QPushButton:focus, QToolButton:focus { border-color: $accent; }
QPushButton:checked, QToolButton:checked { background: $selected; border-color: $accent; }
QPushButton:disabled, QToolButton:disabled { color: $faint; background: $surface; }
QPushButton[role="primary"] { background: $accent; color: $on_accent; border-color: $accent; font-weight: 600; }
QPushButton[role="primary"]:hover { border-color: $text; }
QPushButton[role="primary"]:focus { border-color: $text; }
QPushButton[role="primary"]:disabled { background: $raised; color: $faint; border-color: $line; }
QPushButton[role="tile"] { background: transparent; color: $muted; border: 1px dashed $line; }
QPushButton[role="tile"]:hover { color: $text; border-color: $faint; background: $surface; }
QPushButton[role="danger"] { color: $bad; }
QToolButton[role="flat"], QPushButton[role="flat"], QToolBar QToolButton {
  background: transparent; border-color: transparent; }
QToolButton[role="flat"]:hover, QPushButton[role="flat"]:hover, QToolBar QToolButton:hover { background: $raised; }
QToolButton[role="flat"]:focus, QPushButton[role="flat"]:focus, QToolBar QToolButton:focus { border-color: $accent; }
QToolButton[role="flat"]:checked, QToolBar QToolButton:checked { background: $selected; }
QToolButton::menu-indicator { image: none; }

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QComboBox, QKeySequenceEdit {
  background: $field; color: $text; border: 1px solid $line; border-radius: $radius;
  padding: 3px $half; selection-background-color: $accent; selection-color: $on_accent;
}
QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox { min-height: 20px; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus {
  border-color: $accent;
}
QLineEdit:disabled, QPlainTextEdit:disabled, QTextEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled,
QComboBox:disabled { color: $faint; background: $surface; }
QLineEdit[readOnly="true"], QPlainTextEdit[readOnly="true"], QTextEdit[readOnly="true"] { background: $surface; }
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {
  background: transparent; border: 0; width: $double; subcontrol-origin: border; }
QSpinBox::up-button, QDoubleSpinBox::up-button { subcontrol-position: top right; margin: 2px 2px 0 0; }
QSpinBox::down-button, QDoubleSpinBox::down-button { subcontrol-position: bottom right; margin: 0 2px 2px 0; }
QSpinBox::up-button:hover, QSpinBox::down-button:hover, QDoubleSpinBox::up-button:hover,
QDoubleSpinBox::down-button:hover { background: $raised; border-radius: 3px; }
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: url("$marks/up.svg"); width: 10px; height: 10px; }
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow { image: url("$marks/down.svg"); width: 10px; height: 10px; }
QComboBox::drop-down { background: transparent; border: 0; width: 20px; }
QComboBox::down-arrow { image: url("$marks/down.svg"); width: 10px; height: 10px; }
QComboBox QAbstractItemView { background: $raised; border: 1px solid $line; padding: $half; }

QCheckBox, QRadioButton { spacing: $space; background: transparent; }
QCheckBox::indicator, QRadioButton::indicator, QGroupBox::indicator, QAbstractItemView::indicator, QMenu::indicator {
  width: 14px; height: 14px; background: $field; border: 1px solid $faint; border-radius: 4px; }
QRadioButton::indicator { border-radius: 8px; }
QMenu::indicator { margin-left: $half; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover { border-color: $text; }
QCheckBox::indicator:focus, QRadioButton::indicator:focus { border-color: $accent; }
QCheckBox::indicator:checked, QGroupBox::indicator:checked, QAbstractItemView::indicator:checked,
QMenu::indicator:checked { background: $accent; border-color: $accent; image: url("$marks/check-$kind.svg"); }
QRadioButton::indicator:checked { background: qradialgradient(cx:.5, cy:.5, radius:.5, fx:.5, fy:.5,
  stop:0 $accent, stop:.55 $accent, stop:.6 $field, stop:1 $field); border-color: $accent; }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { border-color: $line; background: $surface; }
QCheckBox:disabled, QRadioButton:disabled { color: $faint; }
QMenu::right-arrow { image: url("$marks/right.svg"); width: 10px; height: 10px; margin-right: $half; }

QAbstractItemView { background: $surface; border: 0; outline: 0; color: $text;
  selection-background-color: $selected; selection-color: $text; }
QListView[role="board"] { background: $window; }
QListView::item:selected, QTreeView::item:selected, QTableView::item:selected { background: $selected; color: $text; }
QListView::item:hover, QTreeView::item:hover { background: $raised; }
QListView::item:selected:hover, QTreeView::item:selected:hover { background: $selected; }
QHeaderView::section { background: $surface; color: $muted; border: 0; border-bottom: 1px solid $line;
  padding: $half $space; }

QMenuBar { background: $window; padding: 2px $half; }
QMenuBar::item { padding: $half $space; border-radius: 4px; background: transparent; }
QMenuBar::item:selected { background: $raised; }
QMenu { background: $surface; border: 1px solid $line; padding: $half; }
QMenu::item { padding: $half $double $half $space; border-radius: 4px; }
QMenu::item:selected { background: $selected; color: $text; }
QMenu::item:disabled { color: $faint; }
QMenu::icon { padding-left: $half; }
QMenu::separator { height: 1px; background: $line; margin: $half $space; }
QToolBar { background: $window; border: 0; border-bottom: 1px solid $line; spacing: $half; padding: $half $space; }
QToolBar::separator { background: $line; width: 1px; margin: $half; }
QStatusBar { background: $window; border-top: 1px solid $line; color: $muted; }
QStatusBar::item { border: 0; }

QDockWidget { color: $muted; font-size: $small; }
QDockWidget::title { background: $window; padding: $half $space; border-bottom: 1px solid $line; }
QMainWindow::separator { background: $window; width: $half; height: $half; }
QMainWindow::separator:hover { background: $line; }
QSplitter::handle { background: $window; }
QSplitter::handle:hover { background: $line; }

QTabWidget::pane { border: 0; border-top: 1px solid $line; }
QTabBar { background: transparent; }
QTabBar::tab { background: transparent; color: $muted; padding: $half 12px; border: 0; min-height: 20px;
  border-bottom: 2px solid transparent; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; }
QTabBar::tab:focus { color: $accent; }

QGroupBox { border: 0; border-top: 1px solid $line; margin-top: $double; padding-top: $space; font-weight: 600; }
QGroupBox::title { subcontrol-origin: margin; left: 0; padding-right: $space; color: $muted; }

QProgressBar { background: $line; border: 0; border-radius: 2px; max-height: 4px; min-height: 4px; color: transparent; }
QProgressBar::chunk { background: $accent; border-radius: 2px; }
QSlider::groove:horizontal { background: $line; height: 4px; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal { background: $text; width: 12px; height: 12px; margin: -4px 0; border-radius: 6px; }
QSlider::handle:horizontal:focus { background: $accent; }

QScrollArea, QScrollArea > QWidget > QWidget[role="panel"] { border: 0; }
QScrollBar { background: transparent; border: 0; }
QScrollBar:vertical { width: 12px; }
QScrollBar:horizontal { height: 12px; }
QScrollBar::handle { background: $line; border-radius: 3px; margin: 3px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: $faint; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
""")


def sheet(colours: Colours) -> str:
    """Return the style sheet in these colours."""
    kind = "dark" if colours == DARK else "light"
    return _SHEET.substitute(asdict(colours) | _SIZES | {"kind": kind, "marks": _MARKS.as_posix()})
