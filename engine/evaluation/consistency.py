"""Does a shot look like the same scene? Generated held-out scenes, read by the judge.

Scenes have four shots. Captions of shots 2 to 4 say nothing of coat, place or time; shot 1 names everything. "Match"
means: the judge reads the same coat colour as in the scene's own generated shot 1.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.backbone.devices import render_dtype
from engine.backbone.loading import Backbone, load_backbone
from engine.context.assemble import assemble
from engine.context.blocks import ContextBlock, latents_hash
from engine.context.cache import ContextCache
from engine.contract import ContextCandidate, SamplingSettings
from engine.evaluation.judge import Frames, Judge
from engine.sampling.generate import resolve, sample_joint, sample_shot
from engine.sampling.noise import shot_noise
from engine.world.captions import full_caption, later_caption
from engine.world.scene import SceneSpec, sample_scene

SHOTS, LATENTS = 4, 4  # shots a scene, latent frames a shot (13 pixel frames)
SEED = 31_000_000
JOINT_SCENES = 16


@dataclass(frozen=True, slots=True)
class MadeShot:
    """One generated shot."""

    text: str
    latents: Tensor
    frames: Frames


def evaluation_scene(number: int) -> tuple[SceneSpec, list[str]]:
    """Held-out scene `number` and its prompts."""
    seed = SEED + number
    scene = sample_scene(seed, SHOTS, split="heldout", continuation_rate=0.0, frames=(13,))
    texts = [full_caption(scene, 0, seed)]
    texts += [later_caption(scene, n, seed * 16 + n, full_rate=0.0) for n in range(1, SHOTS)]
    return scene, [f"[SHOT CUT] {t}" for t in texts]


class SceneMaker:
    """Generates evaluation shots through the engine's own context and sampling rooms."""

    def __init__(self, backbone: Backbone, settings: SamplingSettings) -> None:
        self.backbone = backbone
        self.cache = ContextCache(backbone.device)
        self.settings = resolve(settings, backbone)
        self.size = backbone.profile.size

    def shot(
        self, scene: int, number: int, text: str, before: Sequence[MadeShot], after: Sequence[MadeShot]
    ) -> MadeShot:
        """Shot `number` of a scene with these shots as context on either side."""
        blocks = [self._block(s, n, False) for n, s in enumerate(before)]
        blocks += [self._block(s, 10 + n, True) for n, s in enumerate(after)]
        context = assemble(blocks, LATENTS, self.backbone, self.cache)
        noise = shot_noise(SEED + scene * 100 + number, self.backbone.latent_shape(LATENTS, self.size))
        latents = sample_shot(self.backbone, text, noise, context, self.settings, lambda _: None)
        return self._made(text, latents)

    def joint(self, scene: int, texts: Sequence[str]) -> list[MadeShot]:
        """All shots of a scene denoised together."""
        shape = self.backbone.latent_shape(LATENTS, self.size)
        noises = [shot_noise(SEED + scene * 100 + n, shape) for n in range(len(texts))]
        latents = sample_joint(self.backbone, texts, noises, self.settings, lambda _: None)
        return [self._made(t, z) for t, z in zip(texts, latents, strict=True)]

    def _made(self, text: str, latents: Tensor) -> MadeShot:
        return MadeShot(text, latents, self.backbone.decode(latents).numpy())

    def _block(self, shot: MadeShot, order: int, after: bool) -> ContextBlock:
        content = latents_hash(shot.latents)
        candidate = ContextCandidate(f"{order}", "shot", "", "", "", content, shot.text, order)
        noise = self.backbone.profile.context_noise
        return ContextBlock(candidate, "after" if after else "before", shot.latents, content, noise, 0.0, 0)


@dataclass
class Tally:
    """Counts of yes among asked."""

    yes: int = 0
    asked: int = 0

    def add(self, right: bool) -> None:
        """One more answer."""
        self.yes += right
        self.asked += 1

    @property
    def share(self) -> float:
        """Yes / asked, or nan."""
        return round(self.yes / self.asked, 4) if self.asked else float("nan")


@dataclass
class Report:
    """All shares of one run; `sheets` keeps the first scenes' frames for looking at.

    `as_wished`: later shots that match shot 1 and show the action of their own prompt. A model that answers every
    prompt with its context over again matches, and is of no use.
    """

    with_context: Tally = dataclasses.field(default_factory=Tally)
    as_wished: Tally = dataclasses.field(default_factory=Tally)
    without_context: Tally = dataclasses.field(default_factory=Tally)
    joint: Tally = dataclasses.field(default_factory=Tally)
    one_sided: Tally = dataclasses.field(default_factory=Tally)
    two_sided: Tally = dataclasses.field(default_factory=Tally)
    kept: dict[str, Tally] = dataclasses.field(default_factory=lambda: {n: Tally() for n in ("species", "place")})
    prompt: dict[str, Tally] = dataclasses.field(
        default_factory=lambda: {n: Tally() for n in ("species", "colour", "place", "action")}
    )
    by_gap: dict[int, Tally] = dataclasses.field(default_factory=lambda: {g: Tally() for g in range(1, SHOTS)})
    sheets: list[tuple[str, list[Frames]]] = dataclasses.field(default_factory=list)

    def add(self, other: Report) -> None:
        """Count another report's answers in."""
        for mine, theirs in zip(self._tallies(), other._tallies(), strict=True):
            mine.yes += theirs.yes
            mine.asked += theirs.asked
        self.sheets += other.sheets

    def _tallies(self) -> list[Tally]:
        single = [self.with_context, self.as_wished, self.without_context, self.joint, self.one_sided, self.two_sided]
        return [*single, *self.kept.values(), *self.prompt.values(), *self.by_gap.values()]

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers for JSON."""
        return {
            "without_context": self.without_context.share,
            "with_context": self.with_context.share,
            "as_wished": self.as_wished.share,
            "joint": self.joint.share,
            "two_sided": self.two_sided.share,
            "one_sided": self.one_sided.share,
            "kept": {n: t.share for n, t in self.kept.items()},
            "prompt": {n: t.share for n, t in self.prompt.items()},
            "by_gap": {str(g): t.share for g, t in self.by_gap.items()},
        }


def evaluate_scene(maker: SceneMaker, judge: Judge, number: int, report: Report, thorough: bool, joint: bool) -> None:
    """Generate one scene in every way asked for, and count."""
    scene, texts = evaluation_scene(number)
    shots: list[MadeShot] = []
    for n, text in enumerate(texts):
        shots.append(maker.shot(number, n, text, shots, []))
    report.sheets.append((f"{scene.species}, {scene.colour} coat, {scene.place}", [s.frames for s in shots]))
    read = judge.read([s.frames for s in shots])
    first = read[0]
    for name in ("species", "colour", "place"):
        report.prompt[name].add(first[name] == getattr(scene, name))
    for n in range(SHOTS):
        report.prompt["action"].add(read[n]["action"] == scene.shots[n].action)
    for n in range(1, SHOTS):
        same = read[n]["colour"] == first["colour"]
        report.with_context.add(same)
        report.as_wished.add(same and read[n]["action"] == scene.shots[n].action)
        report.by_gap[n].add(same)
        for name, tally in report.kept.items():
            tally.add(read[n][name] == first[name])
    alone = judge.read([maker.shot(number, n, texts[n], [], []).frames for n in range(1, SHOTS)])
    for answer in alone:
        report.without_context.add(answer["colour"] == first["colour"])
    if thorough:
        one = maker.shot(number, 50, texts[1], shots[:1], [])
        two = maker.shot(number, 50, texts[1], shots[:1], shots[2:])
        sides = judge.read([one.frames, two.frames])
        neighbours = (read[0]["colour"], read[2]["colour"])
        for answer, tally in zip(sides, (report.one_sided, report.two_sided), strict=True):
            for neighbour in neighbours:
                tally.add(answer["colour"] == neighbour)
    if joint:
        together = judge.read([s.frames for s in maker.joint(number, texts)])
        for answer in together[1:]:
            report.joint.add(answer["colour"] == together[0]["colour"])


def evaluate_consistency(
    backbone: Backbone,
    judge: Judge,
    scenes: int,
    settings: SamplingSettings,
    progress: Callable[[int], None] = lambda _: None,
    thorough: bool = True,
    workers: int = 1,
) -> Report:
    """The table of the issue over the first `scenes` held-out scenes.

    `thorough` adds one-sided against two-sided for every scene, and joint generation for the first JOINT_SCENES (it
    costs as much as all the rest). `workers`: processes with one thread each; a small model's matmuls gain more from
    that than from two threads. The figures do not depend on it.
    """
    report = Report()
    jobs = [(number, thorough, thorough and number < JOINT_SCENES) for number in range(scenes)]
    if workers <= 1:
        maker = SceneMaker(backbone, settings)
        for done, job in enumerate(jobs, 1):
            report.add(_evaluated(maker, judge, job))
            progress(done)
        return report
    start = (str(backbone.folder), judge.state_dict(), settings)
    with multiprocessing.get_context("spawn").Pool(workers, _start_worker, start) as pool:
        for done, part in enumerate(pool.imap(_work, jobs), 1):
            report.add(part)
            progress(done)
    return report


Job = tuple[int, bool, bool]  # scene number, thorough, joint
_worker: list[tuple[SceneMaker, Judge]] = []  # one a process


def _start_worker(folder: str, weights: dict[str, Tensor], settings: SamplingSettings) -> None:
    torch.set_num_threads(1)
    judge = Judge()
    judge.load_state_dict(weights)
    _worker.append((SceneMaker(load_backbone(folder, dtype=render_dtype()), settings), judge.eval()))


def _work(job: Job) -> Report:
    return _evaluated(*_worker[0], job)


def _evaluated(maker: SceneMaker, judge: Judge, job: Job) -> Report:
    report = Report()
    evaluate_scene(maker, judge, job[0], report, thorough=job[1], joint=job[2])
    maker.cache.clear()
    return report


@torch.no_grad()
def reconstructions(backbone: Backbone, clips: Sequence[Frames]) -> list[Frames]:
    """Clips through the VAE and back."""
    return [backbone.decode(backbone.encode(torch.from_numpy(np.array(c)))).numpy() for c in clips]
