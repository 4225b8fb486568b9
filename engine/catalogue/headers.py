"""What a weight file holds, from its header: names, shapes and bytes of its tensors. No weight is read.

A safetensors file begins with the length of a JSON header, which tells of every tensor where it ends; a `.pt` file is
a zip whose `data.pkl` is walked through opcode by opcode (nothing in it is executed) for the names alone.
"""

from __future__ import annotations

import json
import pickletools
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HEADER_MOST = 100 << 20  # the format's own limit


class FileBroken(ValueError):
    """A weight file that cannot be used; names the file and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class TensorFacts:
    """Of one tensor in a file. `dtype` as safetensors writes it: "BF16", "F32", "F8_E4M3" ..."""

    shape: tuple[int, ...]
    dtype: str
    bytes: int


def read_header(path: Path) -> dict[str, TensorFacts]:
    """Tensors of a safetensors file by name. Raises FileBroken for a file that is cut short or is something else."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or not 2 <= length <= min(size - 8, HEADER_MOST):
            raise FileBroken(f"{path.name} is no safetensors file, or is cut short: get it again")
        text = file.read(length)
    try:
        raw: dict[str, Any] = json.loads(text)
        facts = {name: _facts(entry) for name, entry in raw.items() if name != "__metadata__"}
        end = max((entry["data_offsets"][1] for name, entry in raw.items() if name != "__metadata__"), default=0)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise FileBroken(f"{path.name} has a damaged header ({error}): get it again") from error
    if size != 8 + length + end:
        raise FileBroken(f"{path.name} has {size:,} bytes and should have {8 + length + end:,}: get it again")
    return facts


def read_index(path: Path) -> dict[str, TensorFacts]:
    """Tensors of all the shards that an `….safetensors.index.json` names. Raises FileBroken, naming the shard."""
    try:
        shards = json.loads(path.read_text(encoding="utf-8"))["weight_map"]
        names = sorted(set(shards.values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileBroken(f"{path.parent.name}/{path.name} cannot be read ({error}): get it again") from error
    facts: dict[str, TensorFacts] = {}
    for name in names:
        shard = path.parent / str(name)
        if Path(str(name)).name != name or not shard.is_file():
            raise FileBroken(f"{path.parent.name} lacks {name}, which its index names: get it again")
        facts |= read_header(shard)
    absent = next((key for key in shards if key not in facts), None)
    if absent is not None:
        raise FileBroken(f"{path.parent.name}/{shards[absent]} lacks {absent}, which the index says it holds")
    return facts


def read_pickled_names(path: Path) -> tuple[str, ...]:
    """Every text in a `.pt` file's structure, in order: parameter names among them. Raises FileBroken."""
    try:
        with zipfile.ZipFile(path) as archive:
            inner = next(name for name in archive.namelist() if name.endswith("data.pkl"))
            data = archive.read(inner)
        return tuple(str(arg) for op, arg, _ in pickletools.genops(data) if op.name.endswith("UNICODE"))
    except (zipfile.BadZipFile, StopIteration, ValueError, OSError) as error:
        raise FileBroken(f"{path.name} is no checkpoint of torch's, or is cut short ({error}): get it again") from error


def _facts(entry: dict[str, Any]) -> TensorFacts:
    begin, end = entry["data_offsets"]
    return TensorFacts(tuple(int(n) for n in entry["shape"]), str(entry["dtype"]), int(end) - int(begin))
