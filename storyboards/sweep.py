"""What a crash left in `takes/`: complete takes are adopted, leftovers removed, and missing files reported."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from sqlalchemy import select

from engine.contract import ContractError, Saved, TakeResult, decode

from .errors import MissingFile, OutsideProject
from .paths import FILMSTRIP, LATENTS, MANIFEST, POSTER, REFERENCES, TAKES, VIDEO, inside, sha256
from .requests import record_take
from .storyboard import Storyboard
from .tables import Job, Take

_OURS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\..*)?|.*\.tmp(-\d+)?")
_PATHS = {"latents": LATENTS, "video": VIDEO, "poster": POSTER, "filmstrip": FILMSTRIP, "manifest": MANIFEST}


@dataclass(frozen=True, slots=True)
class StartReport:
    """What was found and done when a project was opened.

    `adopted`: takes that were complete on the disk when the program ended, and have their row now. `removed`: names
    of leftovers that were deleted. `unknown`: names under `takes/` that are not the program's, left alone. `missing`:
    ids of takes whose files are gone (`repair_missing_takes` offers a way out). `interrupted`: jobs to resume.
    `crashed_pid` is the process that did not close the project, None after a clean end.
    """

    adopted: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    interrupted: tuple[str, ...] = ()
    crashed_pid: int | None = None
    backup_before_upgrade: Path | None = None


def sweep(storyboard: Storyboard, *, crashed_pid: int | None = None, upgraded: Path | None = None) -> StartReport:
    """Bring disk and database together after a start. No engine may be at work on the project."""
    storyboard.interrupt_jobs()
    adopted, removed, unknown = [], [], []
    with storyboard.reading() as session:
        known = set(session.scalars(select(Take.id)))
    for path in _entries(storyboard.root / TAKES):
        if path.name in known:
            continue
        if not _OURS.fullmatch(path.name):
            unknown.append(path.name)
        elif path.is_dir() and adopt(storyboard, path):
            adopted.append(path.name)
        else:
            _remove(path)
            removed.append(path.name)
    for path in _entries(storyboard.root / REFERENCES):
        if ".tmp-" in path.name:
            _remove(path)
            removed.append(path.name)
    with storyboard.reading() as session:
        interrupted = tuple(session.scalars(select(Job.id).where(Job.state == "interrupted").order_by(Job.position)))
    return StartReport(
        tuple(adopted),
        tuple(removed),
        tuple(unknown),
        tuple(storyboard.missing_takes()),
        interrupted,
        crashed_pid,
        upgraded,
    )


def adopt(storyboard: Storyboard, folder: Path) -> bool:
    """Write the row of a complete take that an interrupted job left behind; say whether there was one.

    Complete means: a manifest that reads as a take of this folder's name, planned by a job that was interrupted (or
    cancelled while its take was being saved), and files with the hashes that the manifest lists.
    """
    result = read_manifest(folder)
    if result is None:
        return False
    with storyboard.transaction() as work:
        stopped = select(Job).where(Job.state.in_(("interrupted", "cancelled")))
        for job in work.session.scalars(stopped).all():
            if any(line["take_id"] == result.take_id for line in job.planned):
                return record_take(work, job, result, storyboard.root) == ""
    return False


def read_manifest(folder: Path) -> TakeResult | None:
    """Return what a complete take folder says about itself; None if it is not whole."""
    try:
        facts = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        result = _result(facts, folder)
        listed = result.files
        names = {name for name in listed if name != MANIFEST}
        whole = {LATENTS, VIDEO} <= names and all(sha256(inside(folder, name)) == listed[name] for name in names)
    except (OSError, ValueError, KeyError, TypeError, ContractError, MissingFile, OutsideProject):
        return None
    if not whole or result.take_id != folder.name:
        return None
    return result


def _result(facts: dict[str, Any], folder: Path) -> TakeResult:
    """Build the record through the contract, which checks every type. Manifests carry neither paths nor times."""
    known = {field.name for field in fields(TakeResult)}
    take = {
        "seconds": 0.0,
        **{name: value for name, value in facts.items() if name in known},
        "folder": str(folder),
        **{name: str(folder / file) for name, file in _PATHS.items()},
    }
    record = decode(json.dumps({"type": "Saved", "request_id": "", "take": take}))
    assert isinstance(record, Saved)
    return record.take


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
