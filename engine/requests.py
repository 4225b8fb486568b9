"""Checks a request before any work is done: absurd values get a sentence, not a traceback."""

from __future__ import annotations

import os
from pathlib import Path

from engine.backbone.loading import Backbone
from engine.contract import GenerateRequest, ImportRequest, ShotTask

MAX_STEPS, MAX_FRAMES, MAX_PROMPT = 500, 4001, 20_000


class BadRequest(ValueError):
    """A request that cannot be carried out as it stands; says which value and what is allowed."""


def check(request: GenerateRequest, backbone: Backbone) -> tuple[int, int]:
    """Raise BadRequest, or return the size (width, height) to render at."""
    size = _check_size(request.size, backbone)
    if not request.shots:
        raise BadRequest("there is no shot to make")
    steps = request.settings.steps
    if steps is not None and not 1 <= steps <= MAX_STEPS:
        raise BadRequest(f"steps {steps}: must be 1 to {MAX_STEPS}")
    noise = request.settings.context_noise
    if noise is not None and not 0 <= noise < 1:
        raise BadRequest(f"context noise {noise}: must be at least 0 and below 1")
    if request.settings.context_frames is not None and request.settings.context_frames < 1:
        raise BadRequest(f"context frames {request.settings.context_frames}: must be at least 1")
    _check_step_cache(request, backbone)
    for scale in (request.settings.text_guidance, request.settings.context_guidance):
        if scale is not None and not 0 <= scale <= 50:
            raise BadRequest(f"guidance {scale}: must be 0 to 50")
    if not 0 <= (request.settings.guidance_from or 0) <= 1:
        raise BadRequest(f"guidance from {request.settings.guidance_from}: must be 0 to 1")
    for shot in request.shots:
        _check_shot(shot)
    _check_extras(request)
    return size


def _check_step_cache(request: GenerateRequest, backbone: Backbone) -> None:
    threshold = request.settings.step_cache or 0
    if not 0 <= threshold <= 1:
        raise BadRequest(f"step cache {threshold}: must be 0 to 1")
    if threshold and (request.settings.sampler or backbone.profile.sampler) == "renoise":
        steps = request.settings.steps or backbone.profile.steps
        raise BadRequest(f"step cache {threshold}: this model makes a shot in {steps} steps, and none is like another")


def _check_extras(request: GenerateRequest) -> None:
    loras, first = request.settings.loras or (), request.settings.first_frame
    for use in loras:
        if not os.path.isabs(use.path):
            raise BadRequest(f"LoRA {use.path}: its path must be absolute")
        if not -10 <= use.strength <= 10:
            raise BadRequest(f"LoRA {Path(use.path).name}: strength {use.strength}; must be -10 to 10")
    if len({(use.path, use.expert) for use in loras}) < len(loras):
        raise BadRequest("a LoRA is named twice: give it one strength")
    if first is None:
        return
    if not os.path.isabs(first):
        raise BadRequest(f"first frame {first}: its path must be absolute")
    if request.joint or any(shot.continues for shot in request.shots):
        raise BadRequest("a first frame goes with a shot that follows a cut and is made by itself")


def check_import(request: ImportRequest, backbone: Backbone) -> tuple[int, int]:
    """Raise BadRequest, or return the size (width, height) to bring the clip to."""
    if len(request.shots) != 1 or len(request.shots[0].takes) != 1:
        raise BadRequest("an import makes one take of one shot")
    if not os.path.isabs(request.clip):
        raise BadRequest(f"clip {request.clip}: its path must be absolute")
    if request.shots[0].continues:
        raise BadRequest(f"{request.shots[0].name} continues the shot before it, and a clip begins with a cut")
    _check_shot(request.shots[0])
    return _check_size(request.size, backbone)


def _check_size(wanted: tuple[int, int] | None, backbone: Backbone) -> tuple[int, int]:
    size = wanted or backbone.profile.size
    multiple = backbone.profile.size_multiple
    if min(size) < multiple or size[0] % multiple or size[1] % multiple or max(size) > 8192:
        raise BadRequest(f"size {size[0]}x{size[1]}: both sides must be multiples of {multiple}")
    return size


def _check_shot(shot: ShotTask) -> None:
    if not 1 <= shot.frames <= MAX_FRAMES:
        raise BadRequest(f"{shot.name}: {shot.frames} frames; must be 1 to {MAX_FRAMES}")
    if len(shot.text) > MAX_PROMPT:
        raise BadRequest(f"{shot.name}: the prompt has {len(shot.text)} characters; at most {MAX_PROMPT}")
    if not shot.takes:
        raise BadRequest(f"{shot.name}: no take was asked for")
    for take in shot.takes:
        if not os.path.isabs(take.folder):
            raise BadRequest(f"{shot.name}: the take's folder must be an absolute path")
        if Path(take.folder).exists():
            raise BadRequest(f"{shot.name}: {Path(take.folder).name} exists already; takes are never overwritten")
