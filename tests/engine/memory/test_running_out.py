"""Out of memory: the engine makes do with less, says so, and makes the same take."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import engine.contract as c
from engine.backbone.positions import rotary
from engine.engine import Engine
from engine.memory.accounting import Accounting
from engine.memory.plans import Asked, MemoryPlan
from tests.engine.conftest import candidate, request, shot_task

CPU = torch.device("cpu")


class Limited(Accounting):
    """An allocator with a limit: what would go over it is refused as a device refuses it."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.refused = 0

    def _count(self, tensor: torch.Tensor, new: bool) -> None:
        super()._count(tensor, new)
        if self.live > self.limit:
            self.refused += 1
            raise torch.OutOfMemoryError("limit reached")


def events_of(engine: Engine, asked: c.GenerateRequest) -> list[c.Event]:
    """In this thread, so that the limit holds."""
    events: list[c.Event] = []
    engine.execute(asked, events.append)
    return events


def saved(events: list[c.Event]) -> list[c.TakeResult]:
    return [e.take for e in events if isinstance(e, c.Saved)]


def latents_of(take: c.TakeResult) -> str:
    return hashlib.sha256(Path(take.latents).read_bytes()).hexdigest()


@pytest.fixture
def earlier(tiny_model: Path, tmp_path: Path) -> Iterator[tuple[c.ContextCandidate, ...]]:
    """Three finished takes to see."""
    shots = [shot_task(tmp_path, f"early{n}", order=n) for n in range(3)]
    takes = saved(events_of(Engine(CPU), request(tiny_model, *shots)))
    yield tuple(candidate(take, n) for n, take in enumerate(takes))


def test_it_steps_down_once_says_so_and_makes_the_same_latents(
    tiny_model: Path, tmp_path: Path, earlier: tuple[c.ContextCandidate, ...]
) -> None:
    def ask(folder: str) -> c.GenerateRequest:
        shot = shot_task(tmp_path / folder, "late", order=3, takes=tuple(
            c.TakeTask(f"late{n}", n, str(tmp_path / folder / f"late{n}")) for n in (1, 2)
        ))  # fmt: skip
        return request(tiny_model, shot, candidates=earlier)

    plain = Engine(CPU)
    plain.backbone(str(tiny_model))
    rotary.cache_clear()  # both runs make their own
    with Accounting() as free:
        told = events_of(plain, ask("plain"))
    pressed = Engine(CPU)
    pressed.backbone(str(tiny_model))
    rotary.cache_clear()
    with Limited(free.peak - 2000) as limit:
        events = events_of(pressed, ask("pressed"))
    assert limit.refused >= 1
    said = [e.text for e in events if isinstance(e, c.Phase) and "out of memory" in e.text]
    assert said and "context joined by layer" in said[0]
    assert [latents_of(t) for t in saved(events)] == [latents_of(t) for t in saved(told)]
    assert isinstance(events[-1], c.Finished)


def test_when_nothing_helps_it_fails_with_what_to_do_and_works_on(tiny_model: Path, tmp_path: Path) -> None:
    engine = Engine(CPU)
    engine.backbone(str(tiny_model))
    with Limited(10_000):
        events = events_of(engine, request(tiny_model, shot_task(tmp_path)))
    last = events[-1]
    assert isinstance(last, c.Failed) and last.code == "out_of_memory" and "shorter" in last.hint
    steps = [e.text for e in events if isinstance(e, c.Phase) and "out of memory" in e.text]
    assert len(steps) == 2  # by layer, then tiles: a CPU has no other memory to move things to
    assert saved(events_of(engine, request(tiny_model, shot_task(tmp_path))))


def test_the_steps_down_end_and_each_is_another_plan() -> None:
    plan, seen = MemoryPlan(), []
    while plan is not None:
        seen.append(plan)
        plan = plan.milder(accelerator=True)  # type: ignore[assignment]
    assert len(set(seen)) == len(seen) == 6
    assert seen[-1] == MemoryPlan(offload="blocks", context="host", tiled=True)


def test_the_plan_is_told_before_loading(tiny_model: Path, tmp_path: Path) -> None:
    events = events_of(Engine(CPU, asked=Asked(precision="fp32")), request(tiny_model, shot_task(tmp_path)))
    texts = [e.text for e in events if isinstance(e, c.Phase)]
    assert any(text.startswith("fp32, native attention: about") for text in texts)


def test_what_changes_pixels_stands_in_the_takes_record(tiny_model: Path, tmp_path: Path) -> None:
    asked = Asked(precision="fp8", packed_context="fp8")
    (take,) = saved(events_of(Engine(CPU, asked=asked), request(tiny_model, shot_task(tmp_path))))
    assert take.settings["made_by"] == {"precision": "fp8", "context": "fp8"}
