"""Original-format checkpoints (Wan, Self-Forcing, Causal-Forcing, ShotStream) as a scene transformer.

Names go through the key map of `engine.catalogue.keys`; nothing is guessed: a tensor that is missing or has another
shape is an error that names it, and names without a place in the transformer are reported.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from engine.backbone.transformer import SceneTransformer3DModel
from engine.catalogue import keys
from engine.catalogue.single import transformer_config

log = logging.getLogger("matchcut.engine")


class CheckpointBroken(ValueError):
    """A weight file that does not make a transformer; names the file and the tensor."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What became of a file's tensors. `matched`: diffusers names that were filled; `unexpected`: the file's names
    that have no place in a text-to-video transformer; `missing`: diffusers names that nothing filled."""

    wrapper: str
    prefix: str
    original: bool
    matched: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]

    def __str__(self) -> str:
        style = "original names" if self.original else "diffusers names"
        where = f", in {self.wrapper!r}" if self.wrapper else ""
        where += f", prefix {self.prefix!r}" if self.prefix else ""
        odd = f", not used: {', '.join(self.unexpected[:5])}" if self.unexpected else ""
        return f"{len(self.matched)} tensors matched ({style}{where}), {len(self.missing)} missing{odd}"


def read_weights(path: Path) -> tuple[dict[str, Tensor], str]:
    """Tensors of a weight file, and the name of the wrapper they lay in. Raises CheckpointBroken.

    Pickled files are read by torch's restricted loader, which makes tensors and containers and nothing else.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path), ""
        held: Any = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except (SafetensorError, OSError, RuntimeError, ValueError, EOFError) as error:
        raise CheckpointBroken(f"{path.name} cannot be read ({error}): get it again") from error
    except Exception as error:  # the restricted loader's own error class is pickle's
        raise CheckpointBroken(
            f"{path.name} holds more than weights ({type(error).__name__}), and is not loaded: take a safetensors file"
        ) from error
    names = keys.WRAPPERS if isinstance(held, Mapping) else ()
    wrapper = next((name for name in names if isinstance(held.get(name), Mapping)), "")
    tensors = held[wrapper] if wrapper else held
    if not isinstance(tensors, Mapping):
        raise CheckpointBroken(f"{path.name} holds a {type(held).__name__}, not named weights")
    return {str(name): t for name, t in tensors.items() if isinstance(t, Tensor)}, wrapper


def convert(tensors: Mapping[str, Tensor], wrapper: str = "") -> tuple[dict[str, Tensor], Conversion]:
    """Tensors under diffusers' names, and the report. Shapes are checked against the architecture they speak of."""
    prefix = keys.strip_prefix(tensors)
    bare = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    original = keys.is_original(bare)
    named = {keys.to_diffusers(name) if original else name: tensor for name, tensor in bare.items()}
    state = {name: tensor for name, tensor in named.items() if name is not None}
    try:
        config = transformer_config({name: t.shape for name, t in state.items()}, 1)
    except KeyError as error:
        raise CheckpointBroken(f"it is no Wan transformer: it lacks {error.args[0]}") from error
    wanted = keys.expected_shapes(
        keys.architecture_of({name: tuple(t.shape) for name, t in state.items()}, 1),
        config["patch_size"],
        config["freq_dim"],
    )
    missing = tuple(name for name in wanted if name not in state)
    wrong = next((name for name in wanted if name in state and tuple(state[name].shape) != wanted[name]), None)
    if wrong is not None:
        raise CheckpointBroken(f"{wrong} has shape {tuple(state[wrong].shape)}, the others need {wanted[wrong]}")
    unexpected = tuple(n for n in bare if (keys.to_diffusers(n) if original else n) not in wanted)
    matched = tuple(name for name in wanted if name in state)
    return {name: state[name] for name in matched}, Conversion(wrapper, prefix, original, matched, missing, unexpected)


def load_transformer(path: Path, head_dim: int, dtype: torch.dtype) -> tuple[SceneTransformer3DModel, Conversion]:
    """A transformer from one file. Raises CheckpointBroken, naming the file and the tensor."""
    tensors, wrapper = read_weights(path)
    try:
        state, report = convert(tensors, wrapper)
    except CheckpointBroken as error:
        raise CheckpointBroken(f"{path.name}: {error}") from error
    log.info("%s: %s", path.name, report)
    if report.missing:
        more = f" and {len(report.missing) - 1} more tensors" if report.missing[1:] else ""
        raise CheckpointBroken(f"{path.name} lacks {report.missing[0]}{more}: get it again")
    with torch.device("meta"):
        model = SceneTransformer3DModel(**transformer_config({n: t.shape for n, t in state.items()}, head_dim))
    # Copied, so as to stand aligned in memory: in a file tensors begin at any byte, and products round otherwise then.
    state = {n: t.to(_dtype_of(n, dtype), copy=True) for n, t in state.items()}
    model.load_state_dict(state, strict=True, assign=True)
    # Its tables are no weights, and were made on no device.
    model.rope = type(model.rope)(head_dim, model.config.patch_size, model.config.rope_max_seq_len)
    return model, report


def _dtype_of(name: str, dtype: torch.dtype) -> torch.dtype:
    """As diffusers loads: norms, tables and the time embedding stay in fp32."""
    kept = SceneTransformer3DModel._keep_in_fp32_modules
    return torch.float32 if any(part in name.split(".") for part in kept) else dtype
