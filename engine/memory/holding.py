"""A model held in memory: loaded, laid out by a plan, with the cache of its contexts, and able to make do with less."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from dataclasses import replace

import torch

from engine.backbone.backbone import Backbone
from engine.backbone.devices import render_dtype
from engine.backbone.loading import load_backbone, usable
from engine.context.cache import ContextCache
from engine.memory.estimate import MARGIN, Fit, ShotSize, fit
from engine.memory.placement import LOADED_AS, Placement, attention_of_choice
from engine.memory.plans import Asked, MemoryPlan, Precision

__all__ = ["Holding", "device_memory"]

GiB = 1 << 30


def device_memory(device: torch.device) -> int:
    """Bytes that a device has free for us, or of the machine for the CPU; 0 where nobody knows."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 0


class Holding:
    """`device_bytes`, `host_bytes`: budgets of the context cache before any stepping down."""

    def __init__(
        self,
        name: str,
        device: torch.device,
        asked: Asked,
        shot: ShotSize | None = None,
        budgets: tuple[int, int] = (2 * GiB, 4 * GiB),
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Estimate, choose a plan, load, lay out. Raises what `load_backbone` and `Placement.lay` raise."""
        self.accelerator = device.type != "cpu"
        wishes = asked if asked.precision else replace(asked, precision=_own_precision())
        if wishes.attention is None:
            wishes = replace(wishes, attention=attention_of_choice(device))
        self.fit: Fit = fit(usable(name), device_memory(device), wishes, shot, self.accelerator)
        self.plan = self.fit.plan
        say(f"{self.plan.text}: about {self.fit.needed / GiB:.1f} of {self.fit.memory / GiB:.1f} GiB")
        loaded = load_backbone(name, torch.device("cpu"), LOADED_AS[self.plan.precision])
        self._placement = Placement(loaded, device)
        self.backbone: Backbone = self._placement.lay(self.plan)
        self._device_bytes, host_bytes = _room(self.fit, budgets) if self.accelerator else budgets
        self.cache = ContextCache(device, self._device_bytes, host_bytes, packing=self.plan.packed_context)
        self._budget()

    def step_down(self) -> MemoryPlan | None:
        """Lay the model out by the next plan that needs less memory, and return it; None when there is none."""
        milder = self.plan.milder(self.accelerator)
        if milder is None:
            return None
        self.cache.clear()
        gc.collect()
        if self.backbone.device.type == "cuda":
            torch.cuda.empty_cache()
        self.plan = milder
        self.backbone = self._placement.lay(milder)
        self._budget()
        return milder

    def _budget(self) -> None:
        on_device = 0 if self.plan.context == "host" else self._device_bytes
        self.cache.set_budgets(on_device, by_layer=self.plan.context != "whole")


def _room(told: Fit, least: tuple[int, int]) -> tuple[int, int]:
    """Budgets of the context cache: what a shot leaves free of the device, and a third of the machine's memory."""
    spare = int(told.memory * (1 - MARGIN)) - (told.stages["denoise"] - told.context)
    if told.plan.context == "whole":
        spare //= 2  # as much again is taken when contexts are joined
    return max(least[0], spare), max(least[1], device_memory(torch.device("cpu")) // 3)


def _own_precision() -> Precision:
    return "bf16" if render_dtype() is torch.bfloat16 else "fp32"
