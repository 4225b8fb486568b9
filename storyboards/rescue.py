"""Takes on the disk that a repaired database does not know: those whose shot it has get a row again."""

from __future__ import annotations

import shutil
from pathlib import Path

from engine.contract import TakeResult

from .database import open_engine
from .paths import DATABASE, TAKES
from .requests import record_take
from .storyboard import Storyboard
from .sweep import read_manifest
from .tables import Job, Shot, Take


def rescue_takes(root: Path, aside: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Adopt complete takes and move other folders that no row knows to `aside`, so that no sweep removes them.

    Returns the names adopted and the names moved.
    """
    adopted, apart = [], []
    storyboard = Storyboard(open_engine(root / DATABASE), root)
    try:
        for folder in sorted((root / TAKES).iterdir()) if (root / TAKES).is_dir() else ():
            with storyboard.reading() as session:
                known = session.get(Take, folder.name) is not None
            if known or not folder.is_dir():
                continue
            result = read_manifest(folder)
            if result is not None and _adopt(storyboard, result):
                adopted.append(folder.name)
            else:
                (aside / TAKES).mkdir(exist_ok=True)
                shutil.move(folder, aside / TAKES / folder.name)
                apart.append(folder.name)
    finally:
        storyboard.close()
    return tuple(adopted), tuple(apart)


def _adopt(storyboard: Storyboard, result: TakeResult) -> bool:
    """Record the take under a job of its own, which stands for the one that was lost."""
    with storyboard.transaction() as work:
        shot = work.session.get(Shot, result.shot_id)
        if shot is None:
            return False
        shot.next_take_number = max(shot.next_take_number, result.take_number + 1)
        plan = {
            "take_id": result.take_id,
            "take_number": result.take_number,
            "shot_id": shot.id,
            "prompt": shot.prompt,
            "continued_take_id": next((r.candidate_id for r in result.context if r.role == "recent"), ""),
            "continued_hash": next((r.content_hash for r in result.context if r.role == "recent"), ""),
        }
        lost = Job(id="", shot_id=shot.id, kind="render", state="interrupted", params={}, planned=[plan])
        return record_take(work, lost, result, storyboard.root) == ""
