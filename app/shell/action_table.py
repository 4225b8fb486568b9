"""Every action of the editor: what it is called, which menu it stands in, which keys it has, where those keys count.

Board verbs are single letters, as in Storyboarder; the player has the letters of editing tables (J K L, I O). Thus
each action says where its keys count: `story` is everywhere but in the player. Text fields take letters for themselves,
and the player takes its own keys, whose actions are called "play." and the player's own name for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Place = Literal["board", "panels", "player"]
Scope = Literal["window", "story", "board", "panels", "player"]
Needs = Literal["nothing", "project", "writable", "shot", "writable shot", "take", "writable take", "undo", "redo"]

PANELS = ("inspector", "takes", "player", "queue", "elements")
PLACES: dict[Scope, frozenset[Place]] = {
    "window": frozenset({"board", "panels", "player"}),
    "story": frozenset({"board", "panels"}),
    "board": frozenset({"board"}),
    "panels": frozenset({"panels"}),
    "player": frozenset({"player"}),
}


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action. `text` and `tip` are source texts in the context "Actions"; a line in a menu begins a new group."""

    id: str
    text: str
    menu: str
    keys: tuple[str, ...] = ()
    needs: Needs = "project"
    scope: Scope = "window"
    icon: str = ""
    tip: str = ""
    checkable: bool = False
    group: bool = False


MENUS: tuple[tuple[str, str], ...] = (
    ("file", "&File"),
    ("edit", "&Edit"),
    ("shot", "&Shot"),
    ("take", "&Take"),
    ("scene", "S&cene"),
    ("playback", "&Playback"),
    ("view", "&View"),
    ("help", "&Help"),
)

_FILE = (
    ActionSpec("file.new", "New project…", "file", ("Ctrl+N", "Ctrl+Shift+N"), "nothing", icon="plus"),
    ActionSpec("file.open", "Open project…", "file", ("Ctrl+O",), "nothing"),
    ActionSpec("file.example", "Open the example", "file", (), "nothing"),
    ActionSpec("file.welcome", "Welcome page", "file", (), "nothing"),
    ActionSpec("file.import", "Import story…", "file", ("Ctrl+I",), "writable", group=True),
    ActionSpec("file.import_example", "Import example story…", "file", (), "writable"),
    ActionSpec("file.import_clip", "Import clip…", "file", (), "writable"),
    ActionSpec("file.export_story", "Export story as text…", "file"),
    ActionSpec("file.export", "Export film…", "file", ("Ctrl+Shift+E",), icon="export", group=True,
               tip="Write the takes that the scene shows as a film"),
    ActionSpec("file.copy", "Save a copy…", "file", ("Ctrl+Shift+S",),
               tip="Copy the project's folder; everything is saved all the time anyway"),
    ActionSpec("file.reveal", "Show project in folder", "file"),
    ActionSpec("file.preferences", "Preferences…", "file", ("Ctrl+,",), "nothing", icon="gear", group=True),
    ActionSpec("file.close", "Close project", "file", ("Ctrl+W",)),
    ActionSpec("file.quit", "Quit", "file", ("Ctrl+Q",), "nothing"),
)  # fmt: skip

_EDIT = (
    ActionSpec("edit.undo", "Undo", "edit", ("Ctrl+Z",), "undo"),
    ActionSpec("edit.redo", "Redo", "edit", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo"),
    ActionSpec("edit.select_all", "Select all shots", "edit", ("Ctrl+A",), scope="story", group=True),
    ActionSpec("edit.prompt", "Edit prompt", "edit", ("F2",), "shot", tip="Go to the prompt of the shot"),
    ActionSpec("edit.palette", "Find a command, shot or take…", "edit", ("Ctrl+K", "Ctrl+Shift+P"), "nothing",
               icon="search", group=True),
    ActionSpec("edit.shortcuts", "Keyboard shortcuts…", "edit", ("Ctrl+/",), "nothing"),
)  # fmt: skip

_SHOT = (
    ActionSpec("shot.new", "New shot", "shot", ("N",), "writable", "story", "plus",
               "A new shot after the selected one"),
    ActionSpec("shot.new_before", "New shot before", "shot", ("Shift+N",), "writable", "story"),
    ActionSpec("shot.duplicate", "Duplicate", "shot", ("D",), "writable shot", "story", "duplicate"),
    ActionSpec("shot.delete", "Delete", "shot", ("Del",), "writable shot", "story", "trash",
               "Take the shot out; undo brings it back with its takes"),
    ActionSpec("shot.move_up", "Move earlier", "shot", ("Alt+Left",), "writable shot", "story", "up", group=True),
    ActionSpec("shot.move_down", "Move later", "shot", ("Alt+Right",), "writable shot", "story", "down"),
    ActionSpec("shot.continue", "Cut or continue", "shot", ("/",), "writable shot", "story", "cut",
               "Does the shot follow a cut, or go on from the shot before?"),
    ActionSpec("shot.lock", "Lock or unlock", "shot", ("L",), "writable shot", "story", "lock",
               "A locked shot is not rendered until it is unlocked"),
    ActionSpec("shot.generate", "Generate", "shot", ("Ctrl+Return",), "writable shot", icon="play",
               tip="Queue a take of each selected shot", group=True),
    ActionSpec("shot.regenerate", "Regenerate", "shot", ("R",), "writable shot", "story", "regenerate",
               "Another take of the shot; nothing else moves"),
    ActionSpec("shot.new_seed", "Regenerate with a new seed", "shot", ("Shift+R",), "writable shot", "story", "seed"),
    ActionSpec("shot.seeds", "Four more seeds", "shot", ("Ctrl+R",), "writable shot", icon="seed",
               tip="Four takes with different seeds, to pick from"),
    ActionSpec("shot.extend", "Extend", "shot", ("E",), "writable shot", "story", "extend",
               "Make the take longer, without a cut"),
)  # fmt: skip

_TAKE = (
    ActionSpec("take.next", "Next take", "take", ("]",), "writable shot", "story"),
    ActionSpec("take.previous", "Previous take", "take", ("[",), "writable shot", "story"),
    ActionSpec("take.select", "Select the take", "take", (), "writable take", icon="check",
               tip="Let the scene show this take", group=True),
    ActionSpec("take.favourite", "Favourite", "take", ("Ctrl+B",), "writable take", icon="star"),
    ActionSpec("take.reject", "Reject", "take", ("Ctrl+Backspace",), "writable take", "story", "ban"),
    ActionSpec("take.keep", "Keep the stale take", "take", ("Ctrl+J",), "writable shot", icon="check",
               tip="The take is fine as it is: take the stale mark off"),
    ActionSpec("take.settings", "Use the take's settings", "take", (), "writable take"),
    ActionSpec("take.delete", "Delete the take", "take", (), "writable take", icon="trash"),
    ActionSpec("take.compare", "Compare takes", "take", ("Ctrl+D",), "take", icon="eye", group=True),
    ActionSpec("take.play", "Play the take", "take", (), "take", icon="play"),
    ActionSpec("take.reveal", "Show take in folder", "take", (), "take"),
)  # fmt: skip

_SCENE = (
    ActionSpec("scene.generate", "Generate scene", "scene", ("Ctrl+Shift+Return",), "writable", icon="play",
               tip="Queue every shot that shows no take yet"),
    ActionSpec("scene.refresh", "Refresh stale shots", "scene", ("Ctrl+Shift+R",), "writable", icon="refresh",
               tip="Queue the shots that were made from what the scene no longer shows"),
    ActionSpec("scene.pause", "Pause the queue", "scene", ("Ctrl+P",), "writable", icon="pause",
               checkable=True, group=True, tip="Let no further job begin; the running one goes on"),
    ActionSpec("scene.clear_jobs", "Clear finished jobs", "scene", (), "writable"),
    ActionSpec("scene.new", "New scene", "scene", (), "writable", group=True),
    ActionSpec("scene.rename", "Rename scene…", "scene", (), "writable"),
    ActionSpec("scene.delete", "Delete scene", "scene", (), "writable"),
    ActionSpec("scene.next", "Next scene", "scene", ("Ctrl+PgDown",), group=True),
    ActionSpec("scene.previous", "Previous scene", "scene", ("Ctrl+PgUp",)),
)  # fmt: skip

_PLAYBACK = (
    ActionSpec("play.scene", "Play or pause", "playback", ("Space",), scope="board", icon="play"),
    ActionSpec("play.shot", "Play the shot", "playback", ("Shift+Space",), "shot", "story"),
    ActionSpec("play.toggle", "Play or pause (in the player)", "playback", ("Space",), scope="player", group=True),
    ActionSpec("play.back", "Shuttle back", "playback", ("J",), scope="player"),
    ActionSpec("play.stop", "Shuttle stop", "playback", ("K",), scope="player", icon="stop"),
    ActionSpec("play.forward", "Shuttle forward", "playback", ("L",), scope="player"),
    ActionSpec("play.frame_back", "A frame back", "playback", ("Left",), scope="player", icon="step-back", group=True),
    ActionSpec("play.frame_on", "A frame on", "playback", ("Right",), scope="player", icon="step-forward"),
    ActionSpec("play.second_back", "A second back", "playback", ("Shift+Left",), scope="player"),
    ActionSpec("play.second_on", "A second on", "playback", ("Shift+Right",), scope="player"),
    ActionSpec("play.cut_back", "Previous cut", "playback", ("Up",), scope="player"),
    ActionSpec("play.cut_on", "Next cut", "playback", ("Down",), scope="player"),
    ActionSpec("play.start", "To the start", "playback", ("Home",), scope="player"),
    ActionSpec("play.end", "To the end", "playback", ("End",), scope="player"),
    ActionSpec("play.in", "Set in point", "playback", ("I",), scope="player", group=True),
    ActionSpec("play.out", "Set out point", "playback", ("O",), scope="player"),
    ActionSpec("play.clear_in", "Clear in point", "playback", ("Alt+I",), scope="player"),
    ActionSpec("play.clear_out", "Clear out point", "playback", ("Alt+O",), scope="player"),
    ActionSpec("play.loop", "Loop", "playback", ("Ctrl+L",), icon="loop", group=True),
    ActionSpec("play.fullscreen", "Full-screen player", "playback", ("F",), scope="player", icon="fullscreen"),
)  # fmt: skip

_VIEW = (
    ActionSpec("view.grid", "Cards", "view", ("Ctrl+1",), checkable=True),
    ActionSpec("view.list", "List", "view", ("Ctrl+2",), checkable=True),
    ActionSpec("view.board", "Go to the board", "view", ("F6",), tip="Put the keyboard into the board", group=True),
    ActionSpec("view.back", "Back to the board", "view", ("Esc",), scope="panels",
               tip="Leave the field; what was typed is kept"),
    ActionSpec("view.inspector", "Inspector", "view", ("F7",), checkable=True),
    ActionSpec("view.takes", "Takes", "view", ("F8",), checkable=True),
    ActionSpec("view.player", "Player", "view", ("F9",), checkable=True),
    ActionSpec("view.queue", "Queue", "view", ("F10",), checkable=True, icon="queue"),
    ActionSpec("view.elements", "Elements", "view", ("F12",), checkable=True, icon="person"),
    ActionSpec("view.reset", "Put the panels back", "view"),
    ActionSpec("view.system", "Theme of the system", "view", (), "nothing", checkable=True, group=True),
    ActionSpec("view.dark", "Dark theme", "view", (), "nothing", checkable=True),
    ActionSpec("view.light", "Light theme", "view", (), "nothing", checkable=True),
    ActionSpec("view.fullscreen", "Full screen", "view", ("F11",), "nothing", group=True),
)  # fmt: skip

_HELP = (
    ActionSpec("help.shortcuts", "Keyboard shortcuts…", "help", ("F1",), "nothing"),
    ActionSpec("help.model", "Choose a model…", "help", (), "project"),
    ActionSpec("help.engine", "Start the engine again", "help", (), "writable"),
    ActionSpec("help.log", "Show the log", "help", (), "nothing", group=True),
    ActionSpec("help.about", "About Matchcut", "help", (), "nothing"),
)


def all_specs() -> Iterator[ActionSpec]:
    """Go through all actions in the order of the menus."""
    yield from (*_FILE, *_EDIT, *_SHOT, *_TAKE, *_SCENE, *_PLAYBACK, *_VIEW, *_HELP)


TOOLBAR: tuple[str, ...] = (
    "shot.new", "scene.generate", "", "shot.regenerate", "shot.extend", "shot.seeds", "scene.refresh", "",
    "play.scene", "file.export",
)  # fmt: skip
