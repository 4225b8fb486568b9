"""From a clip of the user's to a take: decode, encode once with the model's VAE, write the usual files.

The film shows the clip itself; its latents are what later shots see, exactly as they see a take that the model made.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from engine.backbone.loading import Backbone
from engine.context.blocks import latents_hash
from engine.contract import ImportRequest, Phase, Saved, TakeResult
from engine.film.clips import Clip, Wanted, read_clip
from engine.film.maker import Emit
from engine.film.take_files import FILMSTRIP, LATENTS, MANIFEST, POSTER, VIDEO, write_take
from engine.requests import MAX_FRAMES, BadRequest, check_import
from engine.sampling.samplers import SamplingCancelled
from engine.version import engine_version


def import_clip(request: ImportRequest, backbone: Backbone, emit: Emit, cancelled: Callable[[], bool]) -> None:
    """Carry out an import: Phase, Phase, Saved. Raises ClipUnusable, ClipGone, BadRequest, SamplingCancelled."""
    started = time.monotonic()

    def go_on() -> None:
        if cancelled():
            raise SamplingCancelled

    profile, path = backbone.profile, Path(request.clip)
    size = check_import(request, backbone)
    longest = min(request.longest, MAX_FRAMES) if request.longest else MAX_FRAMES
    wanted = Wanted(size, profile.fps, profile.temporal_stride, profile.temporal_stride + 1, longest)
    emit(Phase(request.id, f"reading {path.name}"))
    clip = read_clip(path, wanted, go_on)
    emit(Phase(request.id, f"encoding {len(clip.frames)} frames"))
    latents = backbone.encode(torch.from_numpy(clip.frames))
    go_on()
    if not bool(torch.isfinite(latents).all()):
        raise BadRequest(f"{path.name} cannot be encoded: the model's VAE left the range of numbers")
    result = _result(request, backbone, clip, latents_hash(latents), time.monotonic() - started)
    files = write_take(
        Path(result.folder), clip.frames, result.fps, {"latents": latents.numpy()}, _manifest(request, result)
    )
    emit(Saved(request.id, dataclasses.replace(result, files=files)))


def _result(request: ImportRequest, backbone: Backbone, clip: Clip, content: str, seconds: float) -> TakeResult:
    (shot,) = request.shots
    (task,) = shot.takes
    folder = Path(task.folder)
    return TakeResult(
        take_id=task.take_id,
        shot_id=shot.shot_id,
        take_number=task.take_number,
        folder=str(folder),
        latents=str(folder / LATENTS),
        video=str(folder / VIDEO),
        poster=str(folder / POSTER),
        filmstrip=str(folder / FILMSTRIP),
        manifest=str(folder / MANIFEST),
        latents_hash=content,
        files={},
        frames=len(clip.frames),
        fps=backbone.profile.fps,
        size=(clip.frames.shape[2], clip.frames.shape[1]),
        seed=0,
        text=shot.text,
        settings={
            "imported_from": Path(request.clip).name,
            "clip_size": list(clip.source_size),
            "clip_fps": round(clip.source_fps, 3),
            "clip_seconds": round(clip.seconds, 3),
        },
        model_fingerprint=backbone.fingerprint,
        engine_version=engine_version(),
        context=(),
        seconds=round(seconds, 3),
    )


def _manifest(request: ImportRequest, result: TakeResult) -> dict[str, Any]:
    """What the take is made of, with no absolute path in it."""
    facts = dataclasses.asdict(result)
    for name in ("folder", "latents", "video", "poster", "filmstrip", "manifest", "files", "seconds"):
        del facts[name]
    (shot,) = request.shots
    origin = f"imported from {Path(request.clip).name}"
    return {"model": Path(request.model).name, "scene": request.scene_id, "shot": shot.name, "origin": origin, **facts}
