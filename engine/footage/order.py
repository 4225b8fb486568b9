"""From a model's name to what a data set for it needs: its rules, what its encoders are, and a way to load them."""

from __future__ import annotations

from pathlib import Path

from engine.backbone.backbone import Backbone
from engine.backbone.devices import best_device, render_dtype
from engine.backbone.fingerprints import parts_fingerprint
from engine.backbone.loading import load_text, load_vae, usable
from engine.backbone.loras import LoraRack
from engine.backbone.text import CachedTextEncoder
from engine.catalogue.profile import Profile
from engine.catalogue.recognise import Recognised
from engine.footage.build import Order
from engine.footage.describing import Describer
from engine.footage.errors import FootageError
from engine.footage.records import Dataset, Facts
from engine.footage.rules import Rules, rules_for


def order_for(
    folder: Path,
    dataset: Path,
    model: str,
    size: tuple[int, int] | None = None,
    describer: Describer | None = None,
    sheet: bool = False,
) -> Order:
    """What to build for a model. Raises ModelMissing, ModelBroken, and FootageError for a size it cannot hold."""
    found = usable(model)
    try:
        rules = rules_for(found.profile, size)
    except ValueError as error:
        width, height = found.profile.size
        raise FootageError(f"{error}.", f"Leave --size out for {width}x{height}.") from error
    return Order(
        folder, Dataset(dataset), rules, facts_of(found, rules), lambda: load_coder(found), describer, sheet,
        found.profile.negative_prompt,
    )  # fmt: skip


def facts_of(found: Recognised, rules: Rules) -> Facts:
    """For which model a data set is: what its pictures and texts are encoded by."""
    profile: Profile = found.profile
    parts = found.parts
    return Facts(
        profile.name,
        parts_fingerprint({"vae": parts["vae"]}, ""),
        parts_fingerprint({name: parts[name] for name in ("text_encoder", "tokenizer")}, ""),
        rules.size,
        rules.fps,
        rules.stride,
        found.architecture.channels if found.architecture else 0,
        profile.text_tokens,
    )


def load_coder(found: Recognised) -> Backbone:
    """The model without its transformers: enough to encode pictures and texts."""
    device = best_device()
    vae = load_vae(found.parts["vae"]).to(device)
    text = CachedTextEncoder(load_text(found, render_dtype(), device))
    return Backbone(found.path, found.profile, "", (), vae, text, device, LoraRack([]))
