"""From a shot task to finished takes on disk: plan, assemble, sample, decode, write, report."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.backbone.loading import Backbone
from engine.backbone.preview import LinearPreview, fit_preview
from engine.backbone.vae import PaperTheatreVAE
from engine.context.assemble import Context, assemble, blank_block, read_blocks
from engine.context.blocks import ContextBlock, latents_hash
from engine.context.cache import ContextCache
from engine.context.planner import Plan, plan
from engine.context.sources import candidate_frames, candidate_tokens, read_latents, read_reference
from engine.contract import (
    CacheReport,
    ContextRecord,
    GenerateRequest,
    Planned,
    Saved,
    ShotTask,
    Step,
    TakeResult,
    TakeTask,
)
from engine.film.maker import Emit
from engine.film.posters import preview_jpeg
from engine.film.take_files import write_take
from engine.requests import BadRequest, check
from engine.sampling.generate import LongShot, Resolved, chunk_lengths, resolve, sample_joint, sample_long
from engine.sampling.noise import shot_noise, take_seed
from engine.sampling.samplers import SamplingCancelled, StepState
from engine.version import engine_version


@dataclass(slots=True)
class _Meter:
    """Counts steps over chunks and tells the time left."""

    steps: int
    done: int = 0
    started: float = dataclasses.field(default_factory=time.monotonic)

    def tick(self) -> float:
        """One step done; seconds left."""
        self.done += 1
        return (time.monotonic() - self.started) / self.done * (self.steps - self.done)


class TakeMaker:
    """Carries out one GenerateRequest against a loaded backbone."""

    def __init__(
        self,
        backbone: Backbone,
        cache: ContextCache,
        request: GenerateRequest,
        emit: Emit,
        cancelled: Callable[[], bool],
    ) -> None:
        self.backbone, self.cache, self.request = backbone, cache, request
        self.emit, self.cancelled = emit, cancelled
        self._linear: LinearPreview | None = None
        self._saved: set[str] = set()  # what a second attempt at a shot need not make again
        self.size = check(request, backbone)
        self.settings: Resolved = resolve(request.settings, backbone)
        self.first_frame = self._first_frame()
        backbone.loras.wear(request.settings.loras or ())

    def make(self, shot: ShotTask) -> None:
        """All takes of one shot; they share one context, captured once."""
        planned = self._plan(shot)
        blocks = read_blocks(planned, self.request.candidates, self.backbone, self.size)
        if self.backbone.profile.blank_context and all(b.candidate.role == "recent" for b in blocks):
            blocks.insert(0, blank_block(shot.text, self.backbone, self.size))
        base = self._extended(shot)
        prefix = self._prefix(shot)
        lengths = self._lengths(shot, base)
        first = None if shot.extension else self._assemble(shot, blocks, lengths[0])
        always = shot.extension is not None or self.backbone.profile.chunk_latents > 0
        pinned = [b for b in blocks if b.candidate.role != "recent"] if always else []
        given = self.first_frame[0] if self.first_frame and not shot.extension else None
        keys = first.keys if first else ()
        with self.cache.pinned(keys):
            for task in shot.takes:
                if task.take_id in self._saved:
                    continue
                long = LongShot(shot.text, 0, lengths, self.size, pinned, base, given)
                self._make_take(shot, task, long, first, prefix)

    def make_joint(self) -> None:
        """All shots of the request in one sequence, each seeing all others at the same noise level."""
        shots = self.request.shots
        if any(s.continues or s.extension or len(s.takes) != 1 for s in shots):
            raise BadRequest("joint generation makes one take of shots that each follow a cut")
        started = time.monotonic()
        stride = self.backbone.profile.temporal_stride
        lengths = [(self._frames(s) - 1) // stride + 1 for s in shots]
        seeds = [take_seed(self.request.scene_seed, s, s.takes[0].take_number) for s in shots]
        noises = [
            shot_noise(seed, self.backbone.latent_shape(length, self.size))
            for seed, length in zip(seeds, lengths, strict=True)
        ]
        meter = _Meter(self.settings.steps)

        def callback(state: StepState) -> None:
            left = meter.tick()
            for number, shot in enumerate(shots):
                self._report(shot, shot.takes[0], state, state.clean[number], meter, left)

        latents = sample_joint(self.backbone, [s.text for s in shots], noises, self.settings, callback)
        seconds = (time.monotonic() - started) / len(shots)
        for shot, z, seed in zip(shots, latents, seeds, strict=True):
            siblings = tuple(s.shot_id for s in shots if s is not shot)
            self._save(shot, shot.takes[0], z, self._decode(z), seed, (), seconds, {"joint_with": siblings})

    def _first_frame(self) -> tuple[Tensor, str] | None:
        """Latents of the picture that the shot begins with, and the hash of its file."""
        path = self.request.settings.first_frame
        return None if path is None else read_reference(path, self.size, self.backbone)

    def _plan(self, shot: ShotTask) -> Plan:
        settings = self.request.settings
        planned = plan(
            self.request.candidates,
            shot,
            self.backbone.profile,
            lambda c: candidate_tokens(c, self.backbone, self.size),
            self.request.two_sided,
            settings.context_tokens,
            settings.context_noise,
            candidate_frames,
            settings.context_frames or self.backbone.profile.context_frames or None,
        )
        self.emit(Planned(self.request.id, shot.shot_id, planned.report, planned.budget_tokens))
        return planned

    def _assemble(self, shot: ShotTask, blocks: Sequence[ContextBlock], length: int) -> Context:
        before = dataclasses.replace(self.cache.statistics)
        context = assemble(blocks, length, self.backbone, self.cache)
        after = self.cache.statistics
        self.emit(
            CacheReport(
                self.request.id,
                shot.shot_id,
                after.hits - before.hits,
                after.misses - before.misses,
                self.cache.used(on_device=True),
                self.cache.used(on_device=False),
                context.seconds,
            )
        )
        return context

    def _latents_shape(self) -> tuple[int, int, int]:
        channels, _, height, width = self.backbone.latent_shape(1, self.size)
        return channels, height, width

    def _extended(self, shot: ShotTask) -> Tensor | None:
        """Latents of the take that is being extended."""
        if shot.extension is None:
            return None
        return read_latents(shot.extension.latents, shot.extension.latents_hash, self._latents_shape())

    def _prefix(self, shot: ShotTask) -> Tensor | None:
        """Latents of the take that a continuing shot goes on from: its first latent frame is no first frame of a VAE
        sequence, so it can only be decoded behind them."""
        if not shot.continues:
            return None
        recent = [c for c in self.request.candidates if c.role == "recent"]
        if not recent:
            raise BadRequest(f"{shot.name} continues the shot before it, which has no take yet: render that one first")
        return read_latents(recent[0].path, recent[0].latents_hash, self._latents_shape())

    def _frames(self, shot: ShotTask) -> int:
        return self.backbone.profile.frames_for(shot.frames, shot.continues)

    def _lengths(self, shot: ShotTask, base: Tensor | None) -> list[int]:
        """Latent frames of each chunk to make."""
        frames, stride = self._frames(shot), self.backbone.profile.temporal_stride
        if shot.extension is None:
            latents = frames // stride if shot.continues else (frames - 1) // stride + 1
            return chunk_lengths(self.backbone, latents, shot.continues)
        assert base is not None
        more = -(-(frames - self._pixel_frames(base, shot.continues)) // stride)
        if more < 1:
            raise BadRequest(f"{shot.name}: the take already has {frames} frames; ask for more")
        return chunk_lengths(self.backbone, more, continues=True)

    def _pixel_frames(self, latents: Tensor, continues: bool) -> int:
        stride = self.backbone.profile.temporal_stride
        return int(latents.shape[1] * stride if continues else (latents.shape[1] - 1) * stride + 1)

    def _make_take(
        self, shot: ShotTask, task: TakeTask, long: LongShot, first: Context | None, prefix: Tensor | None
    ) -> None:
        started = time.monotonic()
        seed = take_seed(self.request.scene_seed, shot, task.take_number)
        meter = _Meter(self.settings.steps * len(long.lengths))

        def callback(state: StepState) -> None:
            self._report(shot, task, state, state.clean[0], meter, meter.tick())

        long = dataclasses.replace(long, seed=seed)
        latents, contexts = sample_long(self.backbone, self.cache, long, first, self.settings, callback)
        frames = self._decode(latents, prefix)
        self._save(shot, task, latents, frames, seed, contexts[0].records, time.monotonic() - started, {})

    def _decode(self, latents: Tensor, prefix: Tensor | None = None) -> np.ndarray[Any, np.dtype[np.uint8]]:
        if not bool(torch.isfinite(latents).all()):
            raise BadRequest("sampling left the range of numbers: lower the guidance")
        if prefix is None:
            return self.backbone.decode(latents).numpy()
        whole = self.backbone.decode(torch.cat([prefix, latents], dim=1)).numpy()
        return whole[-self._pixel_frames(latents, continues=True) :]

    def _report(
        self, shot: ShotTask, task: TakeTask, state: StepState, clean: Tensor, meter: _Meter, left: float
    ) -> None:
        if self.cancelled():
            raise SamplingCancelled
        every = self.request.settings.preview_every
        path = ""
        if every and meter.done % every == 0 and state.index + 1 < state.count:
            path = f"{task.folder}.preview.jpg"
            preview_jpeg(self._preview(clean[0, :, :1].float()), Path(path))
        self.emit(Step(self.request.id, shot.shot_id, task.take_id, meter.done, meter.steps, left, path))

    def _preview(self, first: Tensor) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """A picture (H, W, 3) of one latent frame (C, 1, h, w). The built-in VAE decodes it in milliseconds; another
        takes gigabytes, or would have to change places with the transformer, so a linear map has to do."""
        backbone = self.backbone
        if isinstance(backbone.vae, PaperTheatreVAE):
            return backbone.decode(first)[0].numpy()
        if self._linear is None:
            self._linear = fit_preview(backbone)
        return self._linear.frame(first[:, 0], backbone.profile.spatial_stride).numpy()

    def _save(
        self,
        shot: ShotTask,
        task: TakeTask,
        latents: Tensor,
        frames: np.ndarray[Any, np.dtype[np.uint8]],
        seed: int,
        context: tuple[ContextRecord, ...],
        seconds: float,
        extra: dict[str, Any],
    ) -> None:
        folder = Path(task.folder)
        result = TakeResult(
            take_id=task.take_id,
            shot_id=shot.shot_id,
            take_number=task.take_number,
            folder=str(folder),
            latents=str(folder / "latents.safetensors"),
            video=str(folder / "video.mp4"),
            poster=str(folder / "poster.png"),
            filmstrip=str(folder / "filmstrip.jpg"),
            manifest=str(folder / "manifest.json"),
            latents_hash=latents_hash(latents),
            files={},
            frames=len(frames),
            fps=self.backbone.profile.fps,
            size=self.size,
            seed=seed,
            text=shot.text,
            settings={**self._settings(), **extra},
            model_fingerprint=self.backbone.fingerprint,
            engine_version=engine_version(),
            context=context,
            seconds=round(seconds, 3),
            extends=shot.extension.take_id if shot.extension else "",
        )
        files = write_take(
            folder, frames, result.fps, {"latents": latents.numpy()}, _manifest(self.request, shot, result)
        )
        Path(f"{folder}.preview.jpg").unlink(missing_ok=True)
        self._saved.add(task.take_id)
        self.emit(Saved(self.request.id, dataclasses.replace(result, files=files)))

    def _settings(self) -> dict[str, Any]:
        return {
            "steps": self.settings.steps,
            "text_guidance": self.settings.guidance.text,
            "context_guidance": self.settings.guidance.context,
            "sampler": self.settings.sampler,
            "shift": self.settings.shift,
            "two_sided": self.request.two_sided,
            "joint": self.request.joint,
            **self._extras(),
        }

    def _extras(self) -> dict[str, Any]:
        """Settings that are written down only where they are used."""
        facts: dict[str, Any] = {}
        if self.backbone.made_by:
            facts["made_by"] = dict(self.backbone.made_by)
        if self.settings.guidance_from:
            facts["guidance_from"] = self.settings.guidance_from
        if self.settings.step_cache is not None:
            facts["step_cache"] = self.request.settings.step_cache
            if self.request.settings.step_cache_kind is not None:
                facts["step_cache_kind"] = self.request.settings.step_cache_kind
        if self.backbone.loras.identity:
            facts["loras"] = self.backbone.loras.described()
        if self.request.settings.first_frame is not None and self.first_frame is not None:
            facts["first_frame"] = {"name": Path(self.request.settings.first_frame).name, "hash": self.first_frame[1]}
        return facts


def _manifest(request: GenerateRequest, shot: ShotTask, result: TakeResult) -> dict[str, Any]:
    """What made the take, with no absolute path and no clock in it: the same request gives the same bytes."""
    facts = dataclasses.asdict(result)
    for name in ("folder", "latents", "video", "poster", "filmstrip", "manifest", "files", "seconds"):
        del facts[name]
    return {"model": Path(request.model).name, "scene": request.scene_id, "shot": shot.name, **facts}
