"""Key styles of LoRA files, brought to those that diffusers reads: its own and the original `diffusion_model.` one.

kohya's names are rewritten rather than given to diffusers' own reader of them, which refuses a LoRA that leaves out a
layer. PEFT's raw adapters keep their scale in `adapter_config.json` beside the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

KOHYA, PEFT = "lora_unet_", "base_model.model."
_KOHYA_BLOCK = re.compile(r"lora_unet_blocks_(\d+)_(self_attn|cross_attn|ffn)_(\w+?)\.(.+)")
_ELSEWHERE = {"head_head": "head.head", "time_projection_1": "time_projection.1"}


def in_known_style(state: Mapping[str, Tensor], path: Path) -> dict[str, Tensor] | None:
    """The LoRA's tensors under names that diffusers reads; None when they have such names already."""
    if any(name.startswith(KOHYA) for name in state):
        return {_from_kohya(name): tensor for name, tensor in state.items()}
    if any(name.startswith(PEFT) for name in state):
        scale = _peft_scale(path)
        bare = {name.removeprefix(PEFT): t * scale if ".lora_B" in name else t for name, t in state.items()}
    elif any(name.startswith("blocks.") for name in state):
        bare = dict(state)
    else:
        return None
    style = "diffusion_model" if any("self_attn." in name or "cross_attn." in name for name in bare) else "transformer"
    return {f"{style}.{name}": tensor for name, tensor in bare.items()}


def _from_kohya(name: str) -> str:
    found = _KOHYA_BLOCK.fullmatch(name)
    if found is not None:
        return f"diffusion_model.blocks.{found[1]}.{found[2]}.{found[3]}.{found[4]}"
    stem, _, rest = name.removeprefix(KOHYA).partition(".")
    return f"diffusion_model.{_ELSEWHERE.get(stem, stem)}.{rest}"


def _peft_scale(path: Path) -> float:
    """lora_alpha / r of an adapter saved by PEFT; 1 where nothing tells."""
    try:
        config = json.loads((path.parent / "adapter_config.json").read_text(encoding="utf-8"))
        return float(config["lora_alpha"]) / float(config["r"])
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
        return 1.0
