"""What the actions do while a project is open, and what the palette finds in it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QUrl
from PySide6.QtGui import QDesktopServices

from app.shell.action_table import PANELS
from app.shell.palette import Entry, entries_of
from app.shell.scene_actions import SceneActions
from app.theme.icons import icon

if TYPE_CHECKING:
    from app.document.snapshot import SceneSnapshot
    from app.shell.actions import Slot
    from app.shell.palette import Palette
    from app.shell.window import MainWindow
    from app.shell.workspace import Workspace
    from storyboards.storyboard import Storyboard
    from storyboards.views import TakeView

_MOST_TAKES = 400  # of a very long scene only the first takes are found by name


def bindings(window: MainWindow, here: Workspace) -> dict[str, Slot]:
    """Return what each action does in this project."""
    acts = {
        **window.files.project_slots(here),
        **SceneActions(window, here).slots(),
        **_edit(here),
        **_shots(here),
        **_takes(here),
        **_playback(here),
    }
    return {**{action_id: here.settled(act) for action_id, act in acts.items()}, **_view(window, here)}


def _edit(here: Workspace) -> dict[str, Slot]:
    return {
        "edit.undo": here.document.undo,
        "edit.redo": here.document.redo,
        "edit.select_all": here.board.select_all,
        "edit.prompt": lambda: here.edit_prompt(here.selection[-1]),
    }


def _shots(here: Workspace) -> dict[str, Slot]:
    verbs = here.verbs
    return {
        "shot.new": verbs.new_shot, "shot.new_before": verbs.new_shot_before, "shot.duplicate": verbs.duplicate,
        "shot.delete": verbs.delete, "shot.move_up": verbs.move_up, "shot.move_down": verbs.move_down,
        "shot.continue": verbs.toggle_continue, "shot.lock": verbs.toggle_lock, "shot.generate": verbs.generate,
        "shot.regenerate": verbs.regenerate, "shot.new_seed": verbs.regenerate_new_seed,
        "shot.seeds": lambda: verbs.seeds(4), "shot.extend": verbs.extend, "scene.generate": verbs.generate_scene,
        "scene.refresh": verbs.refresh_stale, "scene.clear_jobs": verbs.clear_finished_jobs,
        "take.next": verbs.next_take, "take.previous": verbs.previous_take,
    }  # fmt: skip


def _takes(here: Workspace) -> dict[str, Slot]:
    """They are about the take that is highlighted in the takes panel."""

    def with_take(verb: Callable[[TakeView], object]) -> Slot:
        def act() -> None:
            take = here.takes.current_take
            if take is not None:
                verb(take)

        return act

    verbs = here.verbs
    return {
        "take.select": with_take(lambda take: verbs.select_take(take.id)),
        "take.favourite": with_take(lambda take: verbs.favourite_take(take.id, not take.favourite)),
        "take.reject": with_take(lambda take: verbs.reject_take(take.id)),
        "take.keep": verbs.keep_stale,
        "take.settings": with_take(lambda take: verbs.use_settings(take.id)),
        "take.delete": with_take(lambda take: verbs.delete_take(take.id)),
        "take.play": with_take(here.play_take),
        "take.compare": here.compare,
        "take.reveal": with_take(lambda take: QDesktopServices.openUrl(QUrl.fromLocalFile(str(take.folder)))),
    }


def _playback(here: Workspace) -> dict[str, Slot]:
    names = ("toggle", "back", "stop", "forward", "frame_back", "frame_on", "second_back", "second_on", "cut_back",
             "cut_on", "start", "end", "in", "out", "clear_in", "clear_out", "loop", "fullscreen")  # fmt: skip
    slots: dict[str, Slot] = {f"play.{name}": partial(here.player.act, name) for name in names}
    return {
        **slots,
        "play.scene": here.play_scene,
        "play.shot": lambda: here.play_shot(here.selection[-1]),
    }


def _view(window: MainWindow, here: Workspace) -> dict[str, Slot]:
    def toggle(name: str) -> None:
        """A hidden panel is shown; a shown one gets the keyboard; one that has it is hidden."""
        dock, panel = here.docks[name], here.panel(name)
        focus = window.focusWidget()
        inside = focus is not None and dock.isAncestorOf(focus)
        if dock.isVisible() and not panel.visibleRegion().isEmpty() and inside:
            dock.hide()
            here.board.setFocus()
        else:
            here.show_panel(name)
            panel.setFocus()
        window.actions_[f"view.{name}"].setChecked(not dock.isHidden())

    def show_state(name: str, shown: bool) -> None:
        window.actions_[f"view.{name}"].setChecked(shown)

    for name in PANELS:
        dock = here.docks[name]
        dock.visibilityChanged.connect(lambda _on, name=name, dock=dock: show_state(name, not dock.isHidden()))
        show_state(name, not dock.isHidden())
    return {
        **{f"view.{name}": partial(toggle, name) for name in PANELS},
        "view.grid": lambda: window.store.change(density="grid"),
        "view.list": lambda: window.store.change(density="list"),
        "view.board": here.board.setFocus,
        "view.back": here.board.setFocus,
        "view.reset": lambda: here.place_docks(window),
    }


def palette_entries(window: MainWindow, palette: Palette) -> None:
    """Open the palette with what can be done and the shots; the takes follow once they are read."""
    here = window.workspace
    entries = entries_of(window.actions_)
    if here is None or here.snapshot is None:
        palette.ask(entries)
        return
    snapshot = here.snapshot
    palette.ask([*entries, *_shot_entries(here, snapshot)])
    ids = [(shot.id, shot.number) for shot in snapshot.shots if shot.take_count > 0]

    def read(storyboard: Storyboard) -> list[tuple[int, TakeView]]:
        found: list[tuple[int, TakeView]] = []
        for shot_id, number in ids:
            if len(found) >= _MOST_TAKES:
                break
            found += [(number, take) for take in storyboard.takes(shot_id)]
        return found

    here.document.ask(read, lambda takes: palette.add([_take_entry(here, number, take) for number, take in takes]))


def _shot_entries(here: Workspace, snapshot: SceneSnapshot) -> list[Entry]:
    name = QCoreApplication.translate("Palette", "Shot {0}: {1}")
    kind = QCoreApplication.translate("Palette", "shot")
    return [
        Entry(name.format(shot.number, shot.prompt.replace("\n", " ")), kind,
              partial(here.choose, shot.id), icon("image"))
        for shot in snapshot.shots
    ]  # fmt: skip


def _take_entry(here: Workspace, number: int, take: TakeView) -> Entry:
    name = QCoreApplication.translate("Palette", "Shot {0} take {1}: {2}").format(
        number, take.number, take.prompt.replace("\n", " ")
    )

    def go() -> None:
        here.choose(take.shot_id)
        here.play_take(take)

    return Entry(name, QCoreApplication.translate("Palette", "take"), go, icon("star" if take.favourite else "image"))
