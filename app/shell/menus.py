"""Menus and the toolbar, filled from the registry of actions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtWidgets import QComboBox, QMainWindow, QMenu, QSizePolicy, QToolBar, QWidget

from app.shell.action_table import MENUS, TOOLBAR
from app.shell.actions import Actions, words
from app.shortcuts import set_tip
from app.theme.icons import SIZE
from storyboards.views import SceneView


def build_menus(window: QMainWindow, actions: Actions) -> dict[str, QMenu]:
    """Fill the menu bar and return the menus by name."""
    menus: dict[str, QMenu] = {}
    for name, title in MENUS:
        menu = window.menuBar().addMenu(words(title))
        menu.setToolTipsVisible(True)
        menus[name] = menu
        for spec in actions.specs.values():
            if spec.menu == name:
                if spec.group:
                    menu.addSeparator()
                menu.addAction(actions[spec.id])
    return menus


class RecentMenu(QMenu):
    """The projects that were open before; those that are gone are not offered."""

    def __init__(self, recent: Callable[[], Sequence[str]], open_path: Callable[[Path], None], parent: QWidget) -> None:
        super().__init__(QCoreApplication.translate("RecentMenu", "Open recent"), parent)
        self._recent, self._open = recent, open_path
        self.aboutToShow.connect(self._fill)

    def _fill(self) -> None:
        self.clear()
        for path in map(Path, self._recent()):
            if path.is_dir():
                action = self.addAction(path.name.removesuffix(".matchcut"))
                action.setToolTip(str(path))
                action.triggered.connect(lambda _checked=False, chosen=path: self._open(chosen))
        if self.isEmpty():
            self.addAction(QCoreApplication.translate("RecentMenu", "Nothing yet")).setEnabled(False)


class ToolBar(QToolBar):
    """The verbs used most, and which scene is shown."""

    def __init__(self, actions: Actions, show_scene: Callable[[str], None], parent: QWidget) -> None:
        super().__init__(QCoreApplication.translate("ToolBar", "Tools"), parent)
        self.setObjectName("toolbar")
        self.setMovable(False)
        self.setIconSize(QSize(SIZE, SIZE))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._show_scene = show_scene
        for action_id in TOOLBAR:
            if action_id:
                self.addAction(actions[action_id])
                self.widgetForAction(actions[action_id]).setAccessibleName(actions[action_id].text())
            else:
                self.addSeparator()
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(space)
        self.scenes = self._scene_chooser()

    def _scene_chooser(self) -> QComboBox:
        chooser = QComboBox()
        chooser.setAccessibleName(self.tr("Scene"))
        set_tip(chooser, self.tr("The scene that is shown ({scene.previous}, {scene.next})"))
        chooser.setMinimumWidth(176)
        chooser.setMaximumWidth(320)
        chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        chooser.activated.connect(lambda row: self._show_scene(chooser.itemData(row)))
        chooser.setEnabled(False)
        self.addWidget(chooser)
        return chooser

    def show_scenes(self, scenes: Sequence[SceneView], shown: str) -> None:
        """List the scenes of the project."""
        self.scenes.clear()
        for scene in scenes:
            self.scenes.addItem(f"{scene.number}. {scene.title}", scene.id)
        self.scenes.setCurrentIndex(self.scenes.findData(shown))
        self.scenes.setEnabled(bool(scenes))
