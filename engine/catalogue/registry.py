"""The models that the user has registered: one JSON file in the user's data folder, shared by editor and command line.

An entry says where a model is, where it came from and which files it consists of. What it is was read off the files
when it was added (`engine.catalogue.recognise`); whether it is all there is looked up on the disk, never remembered.
Writers take turns by a lock file; readers see the old file or the new one, whole.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Literal

from engine.catalogue.places import data_folder

FILE, LOCK, DOWNLOADS = "models.json", "models.lock", "models"
VERSION = 1
PART = ".part"  # ending of a file that is still being downloaded
LOCK_S = 10.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,79}")
_NON_COMMERCIAL = re.compile(r"(^|[^a-z])nc([^a-z]|$)|non-?commercial|s-lab", re.IGNORECASE)

Source = Literal["hub", "folder", "file"]
State = Literal["ready", "incomplete", "corrupt", "missing"]


class RegistryError(Exception):
    """A model cannot be registered, found or changed; `message` says why, `hint` what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.message, self.hint = message, hint


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model. `path` is relative to its place; `sha256` is "" until known, `git_sha1` the hub's own hash
    of a small file (of "blob", its length and its bytes)."""

    path: str
    size: int
    sha256: str = ""
    git_sha1: str = ""


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """One model. `place` is the absolute folder or file that the engine is given, `folder` what the files' paths start
    from ("": the place). `commit` is what a download was pinned to, `damaged` names the files that the last check found
    to be other than they should, `problems` say what else is wrong or missing."""

    name: str
    place: str
    source: Source
    folder: str = ""
    profile: str = ""
    licence: str = ""
    hub_id: str = ""
    revision: str = ""
    commit: str = ""
    files: tuple[ModelFile, ...] = ()
    damaged: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    added: float = 0.0

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files)

    @property
    def root(self) -> Path:
        """The folder that its files' paths start from."""
        return Path(self.folder or self.place)

    @property
    def ours(self) -> bool:
        """Whether Matchcut downloaded it, so that removing it may delete its files."""
        return self.source == "hub"

    def path_of(self, file: ModelFile) -> Path:
        """The absolute path of a file. Raises RegistryError for one that would lie outside."""
        return path_inside(self.root, file.path)


def path_inside(root: Path, relative: str) -> Path:
    """Join a path that came from elsewhere. Raises RegistryError if it leaves `root`."""
    pure, drive = PurePosixPath(relative), PureWindowsPath(relative)
    bad = not pure.parts or pure.is_absolute() or drive.anchor or ".." in (*pure.parts, *drive.parts)
    if bad or "\\" in relative or not (root / pure).resolve().is_relative_to(root.resolve()):
        raise RegistryError(
            f"The file name {relative!r} leads out of the model's folder.",
            "Whoever made this list is not to be trusted: do not use the model.",
        )
    return root.joinpath(*pure.parts)


def is_non_commercial(licence: str) -> bool:
    """Whether a licence, as a model card names it, forbids commercial use."""
    return bool(_NON_COMMERCIAL.search(licence))


def state_of(model: RegisteredModel) -> State:
    """What the disk says now: sizes are looked at, bytes are not."""
    if not Path(model.place).exists():
        return "incomplete" if model.ours and model.files else "missing"
    if model.damaged:
        return "corrupt"
    absent = [file for file in model.files if _size(model, file) != file.size]
    if absent:
        return "incomplete" if model.ours else "missing" if len(absent) == len(model.files) else "corrupt"
    return "incomplete" if model.problems else "ready"


def bytes_there(model: RegisteredModel) -> int:
    """How many of a model's bytes are on the disk, half-downloaded files included."""
    found = 0
    for file in model.files:
        path = model.path_of(file)
        for candidate in (path, path.with_name(path.name + PART)):
            with contextlib.suppress(OSError):
                found += min(candidate.stat().st_size, file.size)
                break
    return found


def registered_folders() -> list[Path]:
    """Folders of the user's registered models; none where the registry cannot be read."""
    try:
        return [Path(model.place) for model in Registry().models() if Path(model.place).is_dir()]
    except RegistryError:
        return []


def _size(model: RegisteredModel, file: ModelFile) -> int:
    try:
        return model.path_of(file).stat().st_size
    except OSError:
        return -1


class Registry:
    """The registry of one data folder; the user's by default."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = data_folder() if folder is None else folder
        self.file = self.folder / FILE

    @property
    def downloads(self) -> Path:
        """Where downloads go unless the user says otherwise."""
        return self.folder / DOWNLOADS

    def models(self) -> list[RegisteredModel]:
        """All models, by name. Raises RegistryError for a file that cannot be read."""
        try:
            text = self.file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RegistryError(f"{self.file} cannot be read ({error.strerror}).", "Check its permissions.") from error
        try:
            return _read(text)
        except (ValueError, KeyError, TypeError) as error:
            hint = "Delete it and add the models again (their files stay), or put a backup in its place."
            raise RegistryError(f"The list of models {self.file} is damaged ({error}).", hint) from error

    def find(self, name: str) -> RegisteredModel | None:
        """The model of this name, None if there is none."""
        return next((model for model in self.models() if model.name == name), None)

    def get(self, name: str) -> RegisteredModel:
        """The model of this name. Raises RegistryError with the names that there are."""
        found = self.find(name)
        if found is None:
            names = ", ".join(model.name for model in self.models()) or "none yet"
            raise RegistryError(f"No model is registered as {name!r}.", f"Registered: {names}.")
        return found

    def free_name(self, wanted: str, place: str, taken: tuple[str, ...] = ()) -> str:
        """Check a name for a place, `taken` being the built-in ones. Raises RegistryError."""
        if not _NAME.fullmatch(wanted):
            raise RegistryError(
                f"{wanted!r} cannot be a model's name.",
                "Use up to 80 letters, digits, dots, dashes and underscores: --name NAME.",
            )
        other = self.find(wanted)
        if wanted in taken or (other is not None and other.place != place):
            where = "a built-in model" if other is None else other.place
            raise RegistryError(f"The name {wanted} is taken ({where}).", "Give another one: --name NAME.")
        return wanted

    def put(self, model: RegisteredModel) -> None:
        """Add a model, or replace the one of its name."""
        stamped = model if model.added else replace(model, added=time.time())
        self._change(lambda models: [*(other for other in models if other.name != model.name), stamped])

    def forget(self, name: str) -> None:
        """Take a model off the list; its files are not touched."""
        self._change(lambda models: [model for model in models if model.name != name])

    def _change(self, change: Callable[[list[RegisteredModel]], list[RegisteredModel]]) -> None:
        from filelock import FileLock  # here: who only reads does not need it

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / LOCK, timeout=LOCK_S):
                models = sorted(change(self.models()), key=lambda model: model.name.lower())
                unfinished = self.file.with_name(f".{FILE}.tmp-{os.getpid()}")
                try:
                    with unfinished.open("w", encoding="utf-8") as file:
                        file.write(_text(models))
                        file.flush()
                        os.fsync(file.fileno())
                    unfinished.replace(self.file)
                finally:
                    unfinished.unlink(missing_ok=True)
        except OSError as error:
            hint = "Free some space, or check the folder's permissions."
            raise RegistryError(f"{self.file} cannot be written ({error.strerror}).", hint) from error


def _text(models: list[RegisteredModel]) -> str:
    data = {"version": VERSION, "models": [dataclasses.asdict(model) for model in models]}
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _read(text: str) -> list[RegisteredModel]:
    data = json.loads(text)
    if not isinstance(data, dict) or not isinstance(data.get("models"), list):
        raise ValueError("no list of models")
    if data.get("version") != VERSION:
        raise ValueError(f"it has version {data.get('version')}, this Matchcut reads {VERSION}")
    return [_model(item) for item in data["models"]]


def _model(item: dict[str, Any]) -> RegisteredModel:
    known = {field.name for field in dataclasses.fields(RegisteredModel)}
    values: dict[str, Any] = {name: value for name, value in item.items() if name in known}
    files = tuple(ModelFile(**file) for file in values.pop("files", ()))
    for name in ("damaged", "problems"):
        values[name] = tuple(values.get(name, ()))
    model = RegisteredModel(files=files, **values)
    if model.source not in ("hub", "folder", "file") or not Path(model.place).is_absolute():
        raise ValueError(f"the entry {model.name!r} makes no sense")
    return model
