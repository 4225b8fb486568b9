"""How a model is laid out on a machine: what the user asks for, and the plan that comes of it. Plain records."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Precision = Literal["fp32", "bf16", "fp16", "fp8", "int8", "int4"]
Offload = Literal["none", "parts", "blocks"]
Packing = Literal["int8", "fp8"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16", "fp16", "fp8", "int8", "int4")
OFFLOADS: tuple[Offload, ...] = ("none", "parts", "blocks")
PACKINGS: tuple[Packing, ...] = ("int8", "fp8")


@dataclass(frozen=True, slots=True)
class Asked:
    """The user's wishes; None leaves it to the plan. `attention`: a back end of diffusers' by its name there."""

    precision: Precision | None = None
    offload: Offload | None = None
    attention: str | None = None
    compile: bool = False
    packed_context: Packing | None = None  # keys and values of context in eight bits, and of which kind


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """Where things lie while a shot is made.

    `precision` of the transformer's weights ("fp8", "int8" and "int4" are kept so and computed in bf16). `offload`:
    "parts" has text encoder, transformers and VAE take turns on the device; "blocks" streams a transformer's blocks
    through it, and text is encoded on the CPU. `context`: keys and values joined at once on the device ("whole"),
    joined a layer at a time ("layers"), or streamed from the host ("host"). `tiled`: the VAE decodes tiles, blended at
    their edges.
    """

    precision: Precision = "fp32"
    offload: Offload = "none"
    context: Literal["whole", "layers", "host"] = "whole"
    tiled: bool = False
    packed_context: Packing | None = None
    attention: str = "native"
    compiled: bool = False

    @property
    def text(self) -> str:
        """The plan in words, for a status line."""
        words: list[str] = [self.precision]
        if self.offload == "parts":
            words.append("parts take turns on the device")
        if self.offload == "blocks":
            words.append("transformer streamed block by block")
        if self.context != "whole":
            words.append("context joined by layer" if self.context == "layers" else "context streamed from the host")
        words += [f"context in {self.packed_context}"] if self.packed_context else []
        words += ["VAE in tiles"] * self.tiled
        return ", ".join([*words, f"{self.attention} attention", *["compiled"] * self.compiled])

    @property
    def seen_in_pixels(self) -> dict[str, str]:
        """What of it changes the numbers of a take, for its record; empty for a plain fp32 or bf16 render."""
        facts: dict[str, str] = {}
        if self.precision in ("fp16", "fp8", "int8", "int4"):
            facts["precision"] = self.precision
        if self.packed_context:
            facts["context"] = self.packed_context
        if self.tiled:
            facts["vae"] = "tiled"
        if self.attention != "native":
            facts["attention"] = self.attention
        if self.compiled:
            facts["compiled"] = "yes"
        return facts

    def milder(self, accelerator: bool) -> MemoryPlan | None:
        """The next plan that needs less memory, or None: first what costs nothing, then time, then a little quality.

        Without an `accelerator` there is no second memory to move things to.
        """
        if self.context == "whole":
            return replace(self, context="layers")
        if accelerator and self.offload == "none":
            return replace(self, offload="parts")
        if accelerator and self.context == "layers":
            return replace(self, context="host")
        if accelerator and self.offload == "parts":
            return replace(self, offload="blocks")
        return None if self.tiled else replace(self, tiled=True)
