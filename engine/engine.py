"""The one place that wires the rooms: `Engine.run(request)` gives typed events.

plan -> context K/V (cache or one forward each) -> denoise -> decode -> files -> Saved, a take at a time: each finished
take is on disk before the next begins. Failures are events that say what to do; the engine stays usable.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable

import torch

from engine.backbone.devices import best_device
from engine.backbone.loading import Backbone
from engine.context.cache import ContextCache
from engine.context.planning import plan_only
from engine.contract import (
    GenerateRequest,
    ImportRequest,
    Phase,
    PlanRequest,
    Request,
)
from engine.failures import failure_of
from engine.film.failures import Failure
from engine.film.maker import Emit, FilmMaker
from engine.importing import import_clip
from engine.memory.estimate import ShotSize
from engine.memory.holding import Holding
from engine.memory.plans import Asked
from engine.sampling.samplers import SamplingCancelled
from engine.takes import TakeMaker


class Engine(FilmMaker):
    """Holds one loaded backbone and one context cache over requests. One request at a time.

    A FilmMaker that renders: how a request goes on and ends is written there.

    `asked`: how the user wants models to lie in memory; what is left open is planned from an estimate.
    """

    cancellations = (*FilmMaker.cancellations, SamplingCancelled)

    def __init__(
        self,
        device: torch.device | None = None,
        device_bytes: int = 2 << 30,
        host_bytes: int = 4 << 30,
        asked: Asked | None = None,
    ) -> None:
        super().__init__()
        self._device = device
        self._budgets = (device_bytes, host_bytes)
        self._asked = asked or Asked()
        self._holding: Holding | None = None
        self._name = ""

    def device_facts(self) -> tuple[str, int]:
        """What it computes on, in words, and how many bytes of memory that has (0 where nobody knows)."""
        device = self._device or best_device()
        if device.type == "cuda":
            facts = torch.cuda.get_device_properties(device)
            return f"{facts.name} ({device})", int(facts.total_memory)
        try:
            memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        except (ValueError, OSError, AttributeError):
            memory = 0
        threads = torch.get_num_threads()
        cores = f"CPU, {threads} thread{'s' * (threads > 1)}" if device.type == "cpu" else device.type
        return cores, memory

    @property
    def cache(self) -> ContextCache | None:
        """The contexts of the backbone that is held."""
        return self._holding.cache if self._holding is not None else None

    def _carry_out(self, request: Request, emit: Emit) -> None:
        if isinstance(request, PlanRequest):
            for planned in plan_only(request):
                emit(planned)
        elif isinstance(request, ImportRequest):
            backbone = self.backbone(request.model, lambda text: emit(Phase(request.id, text)))
            import_clip(request, backbone, emit, self._cancel.is_set)
        elif isinstance(request, GenerateRequest):
            self._generate(request, emit)
        else:
            super()._carry_out(request, emit)

    def _failure(self, error: Exception) -> Failure:
        failure = failure_of(error)
        if failure[0] == "out_of_memory" and self.cache is not None:
            self.cache.clear()
        return failure

    def _generate(self, request: GenerateRequest, emit: Emit) -> None:
        def phase(text: str) -> None:
            emit(Phase(request.id, text))

        backbone = self.backbone(request.model, phase, shot_size(request))
        assert self._holding is not None
        maker = TakeMaker(backbone, self._holding.cache, request, emit, self._cancel.is_set)
        if request.joint and len(request.shots) > 1:
            self._with_less_if_need_be(maker, maker.make_joint, phase)
            return
        for shot in request.shots:
            self._with_less_if_need_be(maker, functools.partial(maker.make, shot), phase)

    def _with_less_if_need_be(
        self, maker: TakeMaker, work: Callable[[], None], phase: Callable[[str], None]
    ) -> None:
        """Do the work; when memory runs out, lay the model out to need less and do it again, until that ends."""
        assert self._holding is not None
        while True:
            try:
                return work()
            except Exception as error:
                if failure_of(error)[0] != "out_of_memory":
                    raise
                ran_out = error.with_traceback(None)  # its frames hold the tensors that did not fit
            milder = self._holding.step_down()
            if milder is None:
                raise ran_out
            maker.backbone = self._holding.backbone
            phase(f"out of memory: trying again with {milder.text}")

    def backbone(
        self, name: str, phase: Callable[[str], None] = lambda _: None, shot: ShotSize | None = None
    ) -> Backbone:
        """The loaded backbone, loading it when another one is held. Raises ModelMissing, ModelBroken.

        `shot`: the size that memory is planned for; by default the longest that the model makes.
        """
        if self._holding is None or self._name != name:
            phase(f"loading {name}")
            self._holding = None
            device = self._device or best_device()
            self._holding = Holding(name, device, self._asked, shot, self._budgets, phase)
            self._name = name
        return self._holding.backbone


def shot_size(request: GenerateRequest) -> ShotSize | None:
    """The largest that a request asks for; None when it leaves the size to the model."""
    if request.size is None or not request.shots:
        return None
    return ShotSize(request.size, max(shot.frames for shot in request.shots), min(len(request.candidates), 8))
