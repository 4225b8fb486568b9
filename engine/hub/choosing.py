"""Which files of a repository a model needs: weights once, in safetensors, with their configs; no pictures, no code."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Sequence

from engine.catalogue.registry import ModelFile
from engine.hub.errors import HubError

INDEX = "model_index.json"
WEIGHTS = (".safetensors", ".pt", ".pth", ".ckpt", ".bin")
_TAKEN = (".json", ".safetensors", ".txt", ".model")
_ALWAYS = ("profile.json", INDEX, "README.md", "LICENSE", "LICENSE.txt", "LICENSE.md", "NOTICE")
_SHARD = re.compile(r"-\d{5}-of-\d{5}")
_VARIANT = re.compile(r"\.(fp16|bf16|fp32|fp8\w*|non_ema|ema)(?=[.-])")
_CHOICES_SHOWN = 12


def choose(
    files: Sequence[ModelFile], include: Collection[str] = (), components: Collection[str] = ()
) -> tuple[ModelFile, ...]:
    """The files to fetch. `include` (patterns such as `checkpoints/*.pt`) is the user's own choice and wins.

    `components` are the folders that `model_index.json` names; with them nothing else is fetched. Raises HubError
    where several single files could be meant, or nothing here is a model.
    """
    if include:
        found = [file for file in files if any(fnmatch.fnmatch(file.path, pattern) for pattern in include)]
        if not found:
            raise HubError("not_found", f"No file fits {', '.join(include)}.", _there_are(files))
        extra = [file for file in files if file.path in _ALWAYS and file not in found]
        return tuple(sorted((*found, *extra), key=lambda file: file.path))
    wanted = [file for file in files if _wanted(file.path, components)]
    wanted = [file for file in wanted if not _is_spare(file.path, wanted)]
    _refuse_a_shelf_of_models(wanted, files, components)
    return tuple(wanted)


def weights_of(files: Sequence[ModelFile]) -> list[ModelFile]:
    """Those of the files that hold weights."""
    return [file for file in files if file.path.endswith(WEIGHTS)]


def _wanted(path: str, components: Collection[str]) -> bool:
    if path in _ALWAYS:
        return True
    if path.startswith(".") or not path.endswith(_TAKEN):
        return False
    return not components or path.split("/", 1)[0] in components


def _is_spare(path: str, files: Sequence[ModelFile]) -> bool:
    """A variant (`x.fp16.safetensors` and its index) in a folder that also has the plain weights."""
    folder = path.rpartition("/")[0]
    if not folder or not _VARIANT.search(path):
        return False
    beside = (file.path for file in files if file.path.rpartition("/")[0] == folder)
    return any(other.endswith(".safetensors") and not _VARIANT.search(other) for other in beside)


def _refuse_a_shelf_of_models(
    wanted: Sequence[ModelFile], files: Sequence[ModelFile], components: Collection[str]
) -> None:
    weights = weights_of(wanted)
    if not weights:
        why = "has no weights in safetensors" if weights_of(files) else "holds no model"
        raise HubError("not_a_model", f"This repository {why}.", _there_are(files))
    single = {_SHARD.sub("", file.path) for file in weights if "/" not in file.path}
    folders = {file.path for file in files if file.path.endswith(("config.json", "profile.json"))}
    if not components and len(single) > 1 and not folders:
        raise HubError("not_a_model", "This repository holds several models.", _there_are(files))


def _there_are(files: Sequence[ModelFile]) -> str:
    weights = sorted(weights_of(files), key=lambda file: -file.size)[:_CHOICES_SHOWN]
    if not weights:
        return "Check the name; a model has .safetensors files."
    listed = ", ".join(f"{file.path} ({file.size / 2**30:.1f} GiB)" for file in weights)
    return f"Say which with --include FILE. There are: {listed}."
