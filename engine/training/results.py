"""What a tuning leaves: a LoRA file that any Wan loader reads, or a whole model folder that `--model` takes."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from engine.backbone.loading import load_expert
from engine.backbone.transformer import SceneTransformer3DModel
from engine.catalogue.profile import save_profile
from engine.catalogue.recognise import Recognised
from engine.footage.records import write_bytes
from engine.training.trainable import lora_state, merge_lora

STORED = torch.bfloat16
LINKED_FROM = 256 << 20  # bytes


def write_lora(trained: dict[str, Tensor], path: Path, facts: dict[str, str]) -> Path:
    """Write a LoRA with diffusers' keys; `facts` (base, fingerprint, stage ...) go into the file's metadata."""
    state = {name: tensor.to(STORED) for name, tensor in lora_state(trained).items()}
    write_bytes(path, save(state, metadata={"format": "pt", **facts}))
    return path


def merged_model(found: Recognised, part: str, lora: dict[str, Tensor]) -> SceneTransformer3DModel:
    """The base's transformer with a LoRA added to its weights."""
    model = load_expert(found, part, torch.float32)
    merge_lora(model, lora)
    return model


def write_model(model: SceneTransformer3DModel, found: Recognised, part: str, folder: Path) -> Path:
    """Write a model folder: the tuned transformer, and all else as the base has it (linked where the disk can)."""
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for name, place in found.parts.items():
        if name != part and place.is_dir():
            shutil.copytree(place, unfinished / name, copy_function=_link)
    _store_small(model)
    model.save_pretrained(unfinished / part)
    _name_class(unfinished / part / "config.json")
    for name in ("model_index.json", "scheduler"):
        source = found.path / name
        if source.is_file():
            shutil.copy(source, unfinished / name)
        elif source.is_dir():
            shutil.copytree(source, unfinished / name, copy_function=_link)
    profile = dataclasses.replace(found.profile, name=folder.parent.name, title="", base="", encoding="isolated")
    save_profile(profile, unfinished / "profile.json")
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    unfinished.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
    return folder


def _store_small(model: SceneTransformer3DModel) -> None:
    """bf16 on disk, but for what Wan keeps in fp32 (norms, time, modulation tables): the load would round it."""
    kept = tuple(model._keep_in_fp32_modules or ())
    for name, p in model.named_parameters():
        if not any(part in name.split(".") for part in kept):
            p.data = p.data.to(STORED)


def _name_class(config: Path) -> None:
    """Weights are Wan's: say so, that diffusers' own pipelines take the folder too."""
    data = json.loads(config.read_text(encoding="utf-8"))
    data["_class_name"] = "WanTransformer3DModel"
    data.pop("_name_or_path", None)
    config.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def _link(source: str, target: str) -> None:
    """A text encoder has 11 GB: share it with the base where both lie on one disk. Small files are copied, as someone
    may write into those."""
    if os.path.getsize(source) < LINKED_FROM:
        shutil.copyfile(source, target)
        return
    try:
        os.link(os.path.realpath(source), target)
    except OSError:
        shutil.copyfile(source, target)
