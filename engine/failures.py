"""From an exception to a typed failure with a hint. The only place that knows all of the engine's exceptions."""

from __future__ import annotations

import torch

from engine.backbone.loading import ModelBroken, ModelMissing
from engine.backbone.loras import LoraBroken
from engine.catalogue.calibration import NotCalibrated
from engine.catalogue.profile import ProfileError
from engine.context.sources import LatentsBroken, ReferenceBroken
from engine.film.failures import Failure, plain_failure
from engine.memory.placement import AttentionUnavailable, PrecisionUnavailable
from engine.requests import BadRequest


def failure_of(error: Exception) -> Failure:
    """(code, message, hint) of anything that went wrong in a request."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "not enough memory" in str(error):
        return (
            "out_of_memory",
            "the machine ran out of memory",
            "make the shot shorter, lower its context tokens, or close other programs, then retry",
        )
    if isinstance(error, ModelMissing):
        return "missing_model", str(error), "choose another model, or put this one back"
    if isinstance(error, (PrecisionUnavailable, AttentionUnavailable)):
        return "bad_request", str(error), "choose another precision or attention back end, or leave it to the engine"
    if isinstance(error, LoraBroken):
        return "bad_model", str(error), "take this LoRA out of the shot's or the scene's settings, or choose another"
    if isinstance(error, (ModelBroken, ProfileError)):
        return "bad_model", str(error), "copy the model folder again, then retry"
    if isinstance(error, (LatentsBroken, ReferenceBroken)):
        return "bad_latents", str(error), "exclude this item from the context, or make that take again"
    if isinstance(error, NotCalibrated):
        return "bad_request", str(error), error.hint
    if isinstance(error, BadRequest):
        return "bad_request", str(error), "change the shot's settings"
    return plain_failure(error)
