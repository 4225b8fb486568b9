"""LoRAs on a backbone: read from files in the common key styles, worn several at once, each with its strength.

diffusers reads the keys and peft does the arithmetic, so that a LoRA here is the same numbers as on diffusers'
pipeline; `engine.backbone.lora_styles` brings other key styles to those that diffusers reads.
"""

from __future__ import annotations

import hashlib
import json
import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diffusers.loaders import WanLoraLoaderMixin
from safetensors import SafetensorError
from safetensors.torch import load_file

from engine.backbone.fingerprints import file_fingerprint
from engine.backbone.lora_styles import in_known_style
from engine.backbone.transformer import SceneTransformer3DModel
from engine.contract import LoraUse

log = logging.getLogger("matchcut.engine")


class LoraBroken(ValueError):
    """A LoRA that cannot be worn by this model; names the file and what is wrong."""


@dataclass(frozen=True, slots=True)
class _Worn:
    """One LoRA in use: file name and hash, strength, on which experts."""

    name: str
    hash: str
    strength: float
    expert: str

    @property
    def adapter(self) -> str:
        """What peft calls it."""
        return f"lora_{self.hash[:16]}"


class LoraRack:
    """The LoRAs that the experts of a backbone have on. Adapters that were loaded once stay loaded, switched off."""

    def __init__(self, experts: Sequence[SceneTransformer3DModel]) -> None:
        self._experts = list(experts)
        self._loaded: list[set[str]] = [set() for _ in self._experts]
        self._hashes: dict[tuple[str, int, int], str] = {}
        self._worn: tuple[_Worn, ...] = ()

    @property
    def identity(self) -> str:
        """A short name for what is worn, "" for nothing: part of every cache key and of the take's record."""
        if not self._worn:
            return ""
        facts = [[w.hash, w.strength, w.expert] for w in self._worn]
        return "lora " + hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]

    def described(self) -> list[dict[str, Any]]:
        """What is worn, for a take's settings: file name, hash, strength, expert."""
        return [{"name": w.name, "hash": w.hash, "strength": w.strength, "expert": w.expert} for w in self._worn]

    def wear(self, uses: Sequence[LoraUse]) -> None:
        """Have exactly these on. Raises LoraBroken; what was on before is off then."""
        wanted = tuple(self._worn_of(use) for use in uses if use.strength != 0)
        if wanted == self._worn:
            return
        self._worn = ()
        for number, expert in enumerate(self._experts):
            mine = [(w, u) for w, u in zip(wanted, [u for u in uses if u.strength != 0], strict=True) if _on(w, number)]
            for worn, use in mine:
                if worn.adapter not in self._loaded[number]:
                    self._load(expert, worn, Path(use.path))
                    self._loaded[number].add(worn.adapter)
            _switch(expert, [w for w, _ in mine], bool(self._loaded[number]))
        self._worn = wanted

    def _worn_of(self, use: LoraUse) -> _Worn:
        path = Path(use.path)
        if use.expert == "low" and len(self._experts) == 1:
            raise LoraBroken(f"{path.name} is meant for the low-noise expert, and this model has one transformer only")
        if path.suffix != ".safetensors":
            raise LoraBroken(f"{path.name}: only .safetensors LoRAs are loaded")
        if not path.is_file():
            raise LoraBroken(f"there is no LoRA at {path}: put it back, or take it out of the settings")
        stat = path.stat()
        key = (str(path.resolve()), stat.st_size, stat.st_mtime_ns)
        if key not in self._hashes:
            self._hashes[key] = file_fingerprint(path)
        return _Worn(path.name, self._hashes[key], float(use.strength), use.expert)

    def _load(self, expert: SceneTransformer3DModel, worn: _Worn, path: Path) -> None:
        try:
            renamed = in_known_style(load_file(path), path)
            state, metadata = WanLoraLoaderMixin.lora_state_dict(
                renamed or str(path), use_safetensors=True, local_files_only=True, return_lora_metadata=True
            )
            if not state or not all("lora" in key for key in state):
                raise LoraBroken(f"{path.name} is no LoRA for Wan: none of its keys names a low-rank pair")
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Already found a `peft_config`")  # several at once is what is wanted
                WanLoraLoaderMixin.load_lora_into_transformer(
                    state, transformer=expert, adapter_name=worn.adapter, metadata=metadata
                )
        except LoraBroken:
            raise
        except (SafetensorError, OSError, ValueError, KeyError, RuntimeError, TypeError) as error:
            raise LoraBroken(f"{path.name} does not fit this model: {error}") from error
        if worn.adapter not in getattr(expert, "peft_config", {}):
            raise LoraBroken(f"{path.name} is no LoRA for this model: none of its keys names a layer of it")


def _on(worn: _Worn, expert: int) -> bool:
    return worn.expert == "both" or (worn.expert == "high") == (expert == 0)


def _switch(expert: SceneTransformer3DModel, worn: Sequence[_Worn], any_loaded: bool) -> None:
    if worn:
        expert.set_adapters([w.adapter for w in worn], [w.strength for w in worn])
        expert.enable_lora()
    elif any_loaded:
        expert.disable_lora()
