"""The verbs of the model manager: add, download, verify, remove. The registry says what there is; these change it.

Nothing of the user's own is ever deleted: only what a download brought, by the names it was recorded with.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from engine.catalogue.profile import Profile, families, family
from engine.catalogue.registry import (
    PART,
    ModelFile,
    RegisteredModel,
    Registry,
    is_non_commercial,
    path_inside,
    state_of,
)
from engine.hub.choosing import WEIGHTS, weights_of
from engine.hub.describing import describe
from engine.hub.errors import HubError
from engine.hub.fetching import Progress, Source, fetch, is_there, need_room
from engine.hub.hashing import fits, sha256_of, sha256_told_by_hub
from engine.hub.repository import Offer, look_up

Tell = Callable[[int, int, str], None]  # bytes done, bytes in all, file
_LOCK = ".matchcut-download.lock"
_KEPT = (*WEIGHTS, ".json", ".txt", ".model")


def _silent(_done: int, _total: int, _file: str) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked to download. `model` is OWNER/NAME on the hub, or the name of a registered download."""

    model: str
    name: str = ""
    revision: str = ""
    include: tuple[str, ...] = ()
    into: str = ""
    non_commercial: bool = False  # the user has accepted a licence that forbids commercial use


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found: files with other bytes, files that are not there, files hashed for the first time."""

    model: RegisteredModel
    damaged: tuple[str, ...]
    missing: tuple[str, ...]
    recorded: int


def known_models() -> list[Profile]:
    """Published models that Matchcut knows how to drive, with where they are published."""
    return [profile for profile in map(family, families()) if profile.source]


def add(registry: Registry, path: Path, name: str = "", taken: Collection[str] = ()) -> RegisteredModel:
    """Register a folder or file of the user's. Hashes that the hub's own tools left are noted, others are not yet known
    (`record_hashes`). Raises HubError for what is no model, RegistryError for a name that is taken."""
    place = path.expanduser().resolve()
    found = describe(place)
    root = place if place.is_dir() else place.parent
    wanted = name or (place.name if place.is_dir() else place.stem)
    registry.free_name(wanted, str(place), tuple(taken))
    paths = sorted(_files_under(place)) if place.is_dir() else [place]
    files = tuple(
        ModelFile(path.relative_to(root).as_posix(), path.stat().st_size, sha256_told_by_hub(path, root))
        for path in paths
    )
    model = RegisteredModel(
        name=wanted,
        place=str(place),
        source="folder" if place.is_dir() else "file",
        folder=str(root),
        profile=found.profile,
        licence=found.licence,
        files=files,
        problems=found.problems,
    )
    registry.put(model)
    return registry.get(wanted)


def record_hashes(registry: Registry, name: str, tell: Tell = _silent) -> RegisteredModel:
    """Hash the files whose hash is not known, so that a later check has something to compare with."""
    model = registry.get(name)
    unknown = [file for file in model.files if not file.sha256]
    progress = Progress(sum(file.size for file in unknown), tell)
    for file in unknown:
        model = _with_hash(model, file, sha256_of(model.path_of(file), lambda n, f=file.path: progress.advance(n, f)))  # type: ignore[misc]
    registry.put(model)
    return model


def download(
    registry: Registry,
    wish: Wish,
    *,
    taken: Collection[str] = (),
    tell: Tell = _silent,
    began: Callable[[RegisteredModel], None] = lambda _: None,
    endpoint: str | None = None,
) -> RegisteredModel:
    """Fetch a model, or the rest of one, or its damaged files anew. Raises HubError, RegistryError.

    It is registered before its first byte comes, so that an interrupted download is known and goes on next time.
    """
    model = _begun(registry, wish) or _new(registry, wish, taken, endpoint)
    began(model)
    model.root.mkdir(parents=True, exist_ok=True)
    with _alone(model):
        for path in model.damaged:
            path_inside(model.root, path).unlink(missing_ok=True)
        model = replace(model, damaged=())
        registry.put(model)
        need_room(model.root, model.files)
        progress = Progress(model.size, tell)
        source = Source(model.hub_id, model.commit, endpoint)
        for file in model.files:
            if is_there(model.root, file):
                progress.advance(file.size, file.path)
                continue
            model = _with_hash(model, file, fetch(source, file, model.root, progress))
            registry.put(model)
        return _arrived(registry, model)


def verify(registry: Registry, name: str, tell: Tell = _silent) -> Verdict:
    """Compare every file with the hash that the hub gave or that was recorded, and remember what does not fit."""
    model = registry.get(name)
    progress = Progress(model.size, tell)
    damaged, missing, recorded = [], [], 0
    for file in model.files:
        path = model.path_of(file)

        def advance(amount: int, name: str = file.path) -> None:
            progress.advance(amount, name)

        if not path.is_file():
            missing.append(file.path)
        elif not fits(path, file, advance):
            damaged.append(file.path)
        elif not file.sha256:
            model = _with_hash(model, file, sha256_of(path))
            recorded += 1
    problems = model.problems if missing else describe(Path(model.place)).problems if not damaged else ()
    model = replace(model, damaged=tuple(damaged), problems=problems)
    registry.put(model)
    return Verdict(model, tuple(damaged), tuple(missing), recorded)


def remove(registry: Registry, name: str) -> int:
    """Take a model off the list and delete what its download brought; a user's own files stay. Returns bytes freed."""
    model = registry.get(name)
    freed = 0
    if model.ours:
        with _alone(model):
            for file in model.files:
                path = model.path_of(file)
                for one in (path, path.with_name(path.name + PART)):
                    with contextlib.suppress(FileNotFoundError):
                        size = one.stat().st_size
                        one.unlink()
                        freed += size
        _remove_empty(model.root)
    registry.forget(name)
    return freed


def _begun(registry: Registry, wish: Wish) -> RegisteredModel | None:
    """The download that this wish goes on with: asked for by its name, or by the same place on the hub."""
    named = registry.find(wish.name or wish.model)
    if named is not None and not named.ours:
        raise HubError(
            "refused",
            f"{named.name} is your own {named.source} {named.place}: it did not come from the hub.",
            "Put its files right yourself, or download it under another --name.",
        )
    found = named or next(
        (m for m in registry.models() if m.ours and m.hub_id == wish.model and not wish.name and not wish.include), None
    )
    if found is not None and (wish.revision or found.revision) != found.revision:
        hint = "Give the other revision a --name of its own, or remove this one first."
        raise HubError("refused", f"{found.name} is revision {found.revision or found.commit[:12]}.", hint)
    return found


def _new(registry: Registry, wish: Wish, taken: Collection[str], endpoint: str | None) -> RegisteredModel:
    offer = look_up(wish.model, wish.revision, wish.include, endpoint)
    published = next((profile for profile in known_models() if profile.source == offer.hub_id), None)
    refuse_non_commercial(wish, offer, published)
    root = Path(wish.into).expanduser().resolve() if wish.into else registry.downloads / offer.hub_id.replace("/", "--")
    if wish.into and root.is_dir() and any(root.iterdir()):
        hint = "Choose an empty or new folder, so that nothing of yours is mixed with it."
        raise HubError("refused", f"{root} is not empty.", hint)
    name = registry.free_name(wish.name or offer.hub_id.rpartition("/")[2], str(root), tuple(taken))
    for file in offer.files:
        path_inside(root, file.path)
    model = RegisteredModel(
        name=name,
        place=str(root),
        source="hub",
        folder=str(root),
        profile=published.name if published else "",
        licence=offer.licence or (published.licence if published else ""),
        hub_id=offer.hub_id,
        revision=wish.revision,
        commit=offer.commit,
        files=offer.files,
    )
    need_room(root, model.files)
    registry.put(model)
    return registry.get(name)


def refuse_non_commercial(wish: Wish, offer: Offer, published: Profile | None) -> None:
    """Raise HubError unless the licence allows everything, or the user has said that this one will do."""
    licence = offer.licence or (published.licence if published else "")
    forbids = is_non_commercial(licence) or (published is not None and not published.commercial)
    if forbids and not wish.non_commercial:
        raise HubError(
            "refused",
            f"{offer.hub_id} has the licence {licence}, which forbids commercial use.",
            "If that suits your work, say so: --accept-non-commercial.",
        )


def _arrived(registry: Registry, model: RegisteredModel) -> RegisteredModel:
    """Say what has come; one file of weights alone is a model by itself."""
    weights = weights_of(model.files)
    alone = len(weights) == 1 and not any(f.path.endswith("config.json") for f in model.files)
    place = model.path_of(weights[0]) if alone else model.root
    model = replace(model, place=str(place))
    registry.put(model)
    found = describe(place)
    model = replace(
        model,
        profile=found.profile or model.profile,
        licence=model.licence or found.licence,
        problems=found.problems,
    )
    registry.put(model)
    return model


def _with_hash(model: RegisteredModel, file: ModelFile, sha256: str) -> RegisteredModel:
    known = replace(file, sha256=sha256)
    return replace(model, files=tuple(known if one.path == file.path else one for one in model.files))


def _files_under(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(where) / name for name in names if name.endswith(_KEPT) and not name.startswith("."))


@contextlib.contextmanager
def _alone(model: RegisteredModel) -> Iterator[None]:
    """Keep a second download of the same model, or its removal, away."""
    from filelock import FileLock, Timeout

    lock = model.root / _LOCK
    if not model.root.is_dir():
        yield
        return
    try:
        with FileLock(lock, timeout=0):
            yield
    except Timeout as error:
        hint = "Wait for the other download, or stop it."
        raise HubError("refused", f"{model.name} is being downloaded by another program.", hint) from error
    finally:
        if state_of(model) != "missing":
            lock.unlink(missing_ok=True)


def _remove_empty(root: Path) -> None:
    for where, _folders, _names in os.walk(root, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(where)
