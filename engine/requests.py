"""Checks a request before any work is done: absurd values get a sentence, not a traceback."""

from __future__ import annotations

import os
from pathlib import Path

from engine.backbone.loading import Backbone
from engine.contract import GenerateRequest, ShotTask

MAX_STEPS, MAX_FRAMES, MAX_PROMPT = 500, 4001, 20_000


class BadRequest(ValueError):
    """A request that cannot be carried out as it stands; says which value and what is allowed."""


def check(request: GenerateRequest, backbone: Backbone) -> tuple[int, int]:
    """Raise BadRequest, or return the size (width, height) to render at."""
    size = request.size or backbone.profile.size
    multiple = backbone.profile.size_multiple
    if min(size) < multiple or size[0] % multiple or size[1] % multiple or max(size) > 8192:
        raise BadRequest(f"size {size[0]}x{size[1]}: both sides must be multiples of {multiple}")
    if not request.shots:
        raise BadRequest("there is no shot to make")
    steps = request.settings.steps
    if steps is not None and not 1 <= steps <= MAX_STEPS:
        raise BadRequest(f"steps {steps}: must be 1 to {MAX_STEPS}")
    noise = request.settings.context_noise
    if noise is not None and not 0 <= noise < 1:
        raise BadRequest(f"context noise {noise}: must be at least 0 and below 1")
    for scale in (request.settings.text_guidance, request.settings.context_guidance):
        if scale is not None and not 0 <= scale <= 50:
            raise BadRequest(f"guidance {scale}: must be 0 to 50")
    for shot in request.shots:
        _check_shot(shot)
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
