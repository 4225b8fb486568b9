"""What the user has set up, in one typed record and one JSON file. Window geometry is not here (QSettings has it).

A file that cannot be read is set aside and told about; a value that makes no sense falls back to its default alone, so
that one wrong line does not cost the others. A later version's file is read as far as it is understood.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, Signal

FILE = "settings.json"
VERSION = 1
THEMES = ("system", "dark", "light")
DENSITIES = ("grid", "list")
DEVICES = ("auto", "cuda", "mps", "cpu")
# What the engine is asked for, in its own words (`engine/memory/plans.py`); "auto" leaves it to its plan.
PRECISIONS = ("auto", "fp32", "bf16", "fp16", "fp8", "int8", "int4")
OFFLOADS = ("auto", "none", "parts", "blocks")
PACKINGS = ("auto", "int8", "fp8")
RECENT = 12

_CHOICES: dict[str, tuple[str, ...]] = {
    "theme": THEMES, "density": DENSITIES, "device": DEVICES,
    "precision": PRECISIONS, "offload": OFFLOADS, "context_pack": PACKINGS,
}  # fmt: skip
_RANGES: dict[str, tuple[int, int]] = {"preview_every": (0, 100), "pictures_mb": (32, 4096)}


@dataclass(frozen=True, slots=True)
class Settings:
    """`preview_every`: steps between live previews, 0 for none. `pictures_mb`: budget for posters and filmstrips.
    From `device` to `compile`: what the engine runs on and how it lays a model out in memory; `attention` is a back end
    by its name at diffusers, "" for the engine's choice. `model`, "" for the built-in one, is for new projects.
    `shortcuts` holds only what was remapped: the keys by the action's id, an empty list for none."""

    version: int = VERSION
    theme: str = "system"
    density: str = "grid"
    device: str = "auto"
    precision: str = "auto"
    offload: str = "auto"
    context_pack: str = "auto"
    attention: str = ""
    compile: bool = False
    preview_every: int = 2
    pictures_mb: int = 128
    autoplay: bool = False
    model: str = ""
    model_folders: tuple[str, ...] = ()
    recent: tuple[str, ...] = ()
    shortcuts: dict[str, list[str]] = field(default_factory=dict)
    welcomed: bool = False


def engine_options(now: Settings) -> tuple[str, ...]:
    """Return what the preferences say to the engine; what they leave open is not mentioned."""
    said = {
        "--device": now.device, "--precision": now.precision, "--offload": now.offload,
        "--context-pack": now.context_pack, "--attention": now.attention or "auto",
    }  # fmt: skip
    words = [f"{option}={value}" for option, value in said.items() if value != "auto"]
    return (*words, *["--compile"] * now.compile)


def settings_from(data: dict[str, Any]) -> Settings:
    """Return the settings of a parsed file; what does not fit falls back to its default."""
    base = Settings()
    known = {item.name for item in fields(Settings)} - {"version"}
    values: dict[str, Any] = {}
    for name, value in data.items():
        if name in known and (fitting := _fitting(name, value, getattr(base, name))) is not None:
            values[name] = fitting
    return replace(base, **values)


def _fitting(name: str, value: Any, default: Any) -> Any:
    if isinstance(default, tuple):
        return tuple(value) if isinstance(value, list) and all(isinstance(item, str) for item in value) else None
    if isinstance(default, dict):
        return _shortcuts(value) if isinstance(value, dict) else None
    if type(value) is not type(default):
        return None
    if name in _CHOICES:
        return value if value in _CHOICES[name] else None
    if name in _RANGES:
        low, high = _RANGES[name]
        return min(max(value, low), high)
    return value


def _shortcuts(value: dict[str, Any]) -> dict[str, list[str]]:
    return {
        name: keys
        for name, keys in value.items()
        if isinstance(keys, list) and all(isinstance(key, str) for key in keys)
    }


class SettingsStore(QObject):
    """The settings and their file. `notice` says what was wrong with the file at the start, "" when nothing was."""

    changed = Signal(object)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.path = folder / FILE
        self.notice = ""
        self.now = self._read()

    def change(self, **values: Any) -> None:
        """Set values, write the file, tell the listeners. Raises TypeError for a name that is no setting."""
        changed = replace(self.now, **values)
        if changed == self.now:
            return
        self.now = changed
        self._write()
        self.changed.emit(changed)

    def remember_project(self, path: Path) -> None:
        """Put a project on top of the recent ones."""
        mine = str(path.resolve())
        self.change(recent=(mine, *(other for other in self.now.recent if other != mine))[:RECENT])

    def forget_project(self, path: str) -> None:
        """Take a project off the recent ones."""
        self.change(recent=tuple(other for other in self.now.recent if other != path))

    def _read(self) -> Settings:
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
            if not isinstance(data, dict):
                raise ValueError("not an object")
        except FileNotFoundError:
            return Settings()
        except (OSError, ValueError):
            self.notice = self._set_aside()
            return Settings()
        return settings_from(data)

    def _set_aside(self) -> str:
        aside = self.path.with_name(f"settings-broken-{time.strftime('%Y%m%d-%H%M%S')}.json")
        try:
            self.path.replace(aside)
        except OSError:
            return QCoreApplication.translate(
                "Settings", "The settings cannot be read ({path}); the defaults are used."
            ).format(path=self.path)
        return QCoreApplication.translate(
            "Settings", "The settings could not be read; the defaults are used. The old file is {path}."
        ).format(path=aside)

    def _write(self) -> None:
        """Under another name first: a crash leaves the old file or the new one. A full disk costs the change alone."""
        temporary = self.path.with_name(f".{FILE}.tmp-{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(asdict(self.now), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            temporary.replace(self.path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
