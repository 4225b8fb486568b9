"""Latents <-> `.safetensors`, without torch: float32 in memory, float32 or bfloat16 on disk. Never pickle."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import safetensors

from engine.film.errors import BadLatents, MissingClip

Tensor = npt.NDArray[np.float32]
_NAMES = {"f32": "F32", "bf16": "BF16"}


def write_latents(path: Path, tensors: Mapping[str, Tensor], dtype: Literal["f32", "bf16"] = "f32") -> None:
    """Write named float32 tensors of any shape; `bf16` rounds to the nearest even bfloat16 (half the bytes).

    Same tensors, same bytes. Raises BadLatents when there is nothing to write or a value is not finite, OSError.
    """
    if not tensors:
        raise BadLatents("There are no latents to write.", "Pass at least one named tensor.")
    header: dict[str, dict[str, object]] = {}
    body = bytearray()
    for name in sorted(tensors):
        values = np.ascontiguousarray(tensors[name], dtype=np.float32)
        if not np.isfinite(values).all():
            raise BadLatents(
                f"The latents {name!r} hold values that are not numbers.",
                "Generate the take again with another seed or a higher precision.",
            )
        start = len(body)
        body += (values.astype("<f4") if dtype == "f32" else _to_bf16(values)).tobytes()
        shape = list(np.shape(tensors[name]))
        header[name] = {"dtype": _NAMES[dtype], "shape": shape, "data_offsets": [start, len(body)]}
    # By hand, because the library's numpy side knows no bfloat16: length of the header, header, data.
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)


def read_latents(path: Path) -> dict[str, Tensor]:
    """All tensors of a latents file as float32. Raises MissingClip, BadLatents (damaged, or of another type)."""
    try:
        entries = safetensors.deserialize(path.read_bytes())  # type: ignore[no-untyped-call, unused-ignore]
    except (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError) as error:
        raise MissingClip(path, "latents file") from error
    except safetensors.SafetensorError as error:
        raise BadLatents(f"The latents {path} are damaged ({error}).", "Regenerate the take.") from error
    return {name: _tensor(entry["dtype"], entry["shape"], entry["data"], path) for name, entry in entries}


def _tensor(dtype: str, shape: list[int], data: bytes, path: Path) -> Tensor:
    if dtype == "F32":
        values = np.frombuffer(data, "<f4").astype(np.float32)
    elif dtype == "BF16":
        values = (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    else:
        raise BadLatents(f"The latents {path} are {dtype}.", "Latents are F32 or BF16.")
    if values.size != math.prod(shape):
        raise BadLatents(f"The latents {path} have too few values for {shape}.", "Regenerate the take.")
    return values.reshape(shape)


def _to_bf16(values: Tensor) -> npt.NDArray[np.uint16]:
    bits = values.view(np.uint32)
    rounded = bits + 0x7FFF + ((bits >> 16) & 1)  # to nearest, ties to even, as torch does
    return (rounded >> 16).astype("<u2")
