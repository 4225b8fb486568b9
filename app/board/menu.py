"""The context menu of the board: the verbs on the selected shots."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu

from app.shortcuts import first_key
from app.theme.icons import icon

from .card_state import tr

if TYPE_CHECKING:
    from .board import Board


def shot_menu(board: Board) -> QMenu:
    """Build the menu for the selection of the moment; what cannot be done now is grey."""
    menu, verbs = QMenu(board), board.verbs
    ids = board.selected_ids()
    shots = [shot for shot_id in ids if (shot := board.model.shot(board.model.row_of(shot_id)))]
    one, writable = len(ids) == 1, board.view.writable
    takes = any(shot.selected for shot in shots)

    def add(text: str, does: str, sign: str, act: Callable[[], object], enabled: bool = bool(ids) and writable) -> None:
        """`does` is the action whose keys do the same, "" for none."""
        keys = first_key(does) if does else ""
        action = menu.addAction(f"{text}\t{keys}" if keys else text)
        if sign:
            action.setIcon(icon(sign))
        action.setEnabled(enabled)
        action.triggered.connect(lambda: act())

    add(tr("Edit prompt"), "edit.prompt", "edit", lambda: board.open_shot.emit(ids[0]), one)
    add(tr("Play"), "play.shot", "play", lambda: board.play_shot.emit(ids[0]), one and takes)
    menu.addSeparator()
    add(tr("Generate"), "shot.generate", "", verbs.generate)
    add(tr("Regenerate"), "shot.regenerate", "regenerate", verbs.regenerate)
    add(tr("Regenerate with a new seed"), "shot.new_seed", "seed", verbs.regenerate_new_seed)
    add(tr("Four more seeds"), "shot.seeds", "", lambda: verbs.seeds(4))
    add(tr("Extend"), "shot.extend", "extend", lambda: verbs.extend(), takes and writable)
    if any(shot.stale for shot in shots):
        menu.addSeparator()
        stale = [shot.id for shot in shots if shot.stale]
        add(tr("Refresh stale"), "", "refresh", lambda: board.refresh_shots(stale))
        add(tr("Keep as it is"), "take.keep", "check", lambda: board.keep_shots(stale))
        add(tr("What changed?"), "", "", lambda: board.explain(stale), True)
    menu.addSeparator()
    add(tr("New shot after"), "shot.new", "plus", verbs.new_shot, writable)
    add(tr("New shot before"), "shot.new_before", "", verbs.new_shot_before, writable)
    add(tr("Duplicate"), "shot.duplicate", "duplicate", verbs.duplicate)
    add(tr("Move earlier"), "shot.move_up", "up", verbs.move_up)
    add(tr("Move later"), "shot.move_down", "down", verbs.move_down)
    continues = bool(shots) and shots[0].continues
    other_start = tr("Follow a cut") if continues else tr("Continue the shot before")
    add(other_start, "shot.continue", "cut" if continues else "link", verbs.toggle_continue)
    locked = bool(shots) and shots[0].locked
    add(tr("Unlock") if locked else tr("Lock"), "shot.lock", "unlock" if locked else "lock", verbs.toggle_lock)
    menu.addSeparator()
    add(tr("Delete"), "shot.delete", "trash", verbs.delete)
    return menu
