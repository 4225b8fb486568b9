"""A transformer in one file: original-format checkpoints of Wan and of what was made from it, and where the rest is.

Such a file holds no VAE and no text encoder. They are taken from a diffusers folder that lies beside the file (or
beside its folder): the base model of its profile, or any Wan folder with the same number of latent channels.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from engine.catalogue import keys
from engine.catalogue.folders import Recognised, check_parts, check_transformer, family_of, read_json
from engine.catalogue.headers import FileBroken, TensorFacts, read_header, read_pickled_names
from engine.catalogue.profile import Architecture, Profile, ProfileError, load_profile
from engine.catalogue.registry import registered_folders

COMPANION = ("vae", "text_encoder", "tokenizer")
HIGH, LOW = "high_noise", "low_noise"


def recognise_file(path: Path) -> Recognised:
    """Look at a weight file. What cannot be used is a problem in the answer."""
    problems: list[str] = []
    notes: list[str] = []
    shapes = _shapes(path, problems)
    profile = _profile(path, shapes, notes, problems)
    architecture = _architecture(path, shapes, profile, problems)
    parts = {"transformer": path}
    second = second_expert(path)
    if profile.experts == 2:
        if second is None:
            problems.append(
                f"{path.name} is one of two experts: put the other beside it ({HIGH} and {LOW} in the names)"
            )
        else:
            high = path if HIGH in path.name else second
            parts = {"transformer": high, "transformer_2": second if high is path else path}
    rest = companion(path, profile, architecture)
    if rest is None:
        base = profile.base.rpartition("/")[2]
        problems.append(
            f"{path.name} holds no VAE and no text encoder: put the folder {base} ({profile.base}; its vae, "
            "text_encoder and tokenizer are enough) beside the file, or have it registered: main.py models --help"
        )
    else:
        parts |= {name: rest / name for name in COMPANION}
        check_parts(parts, problems)
    return Recognised(path, "single file", profile, architecture, parts, tuple(problems), tuple(notes))


def header_in_diffusers_names(path: Path) -> tuple[dict[str, TensorFacts], tuple[str, ...]]:
    """Tensors of a safetensors file under diffusers' names, and the names that have no place there."""
    held = read_header(path)
    prefix = keys.strip_prefix(held)
    bare = {name.removeprefix(prefix): facts for name, facts in held.items()}
    if not keys.is_original(bare):
        return bare, ()
    renamed = {keys.to_diffusers(name): facts for name, facts in bare.items()}
    unknown = tuple(name for name in bare if keys.to_diffusers(name) is None)
    return {name: facts for name, facts in renamed.items() if name is not None}, unknown


def companion(path: Path, profile: Profile, found: Architecture | None) -> Path | None:
    """The folder whose VAE and text encoder go with a file: the profile's base by name, else one that fits."""
    base = profile.base.rpartition("/")[2]
    channels = found.channels if found else (profile.architecture.channels if profile.architecture else 16)
    fitting = [folder for folder in _near(path) if _fits(folder, channels)]
    named = [folder for folder in fitting if base and base in folder.name]
    return next(iter(named or fitting), None)


def second_expert(path: Path) -> Path | None:
    """The file with the other expert of a two-expert model: the same name with high and low exchanged."""
    for one, other in ((HIGH, LOW), (LOW, HIGH)):
        if one in path.name:
            twin = path.with_name(path.name.replace(one, other))
            return twin if twin.is_file() else None
    return None


def _near(path: Path) -> Iterator[Path]:
    """Folders in which a companion is looked for: the file's own, those beside it and its folders, registered ones."""
    yield path.parent
    for above in list(path.parents)[:3]:
        try:
            yield from sorted(folder for folder in above.iterdir() if folder.is_dir())
        except OSError:
            continue
    yield from registered_folders()


def _fits(folder: Path, channels: int) -> bool:
    if not all((folder / part).is_dir() for part in COMPANION):
        return False
    config = read_json(folder / "vae" / "config.json", [])
    return config.get("_class_name") == "AutoencoderKLWan" and config.get("z_dim", 16) == channels


def _shapes(path: Path, problems: list[str]) -> dict[str, TensorFacts]:
    """Of a safetensors file; {} for a pickled one, whose names alone are checked here."""
    try:
        if path.suffix != ".safetensors":
            _check_names(path)
            return {}
        held, unknown = header_in_diffusers_names(path)
    except FileBroken as error:
        problems.append(str(error))
        return {}
    scaled = next((name for name in unknown if "scale" in name.rsplit(".", 1)[-1]), None)
    if scaled is not None:
        problems.append(f"{path.name} holds scaled fp8 weights ({scaled}): take the bf16 or fp16 file")
    return held


def _check_names(path: Path) -> None:
    texts = read_pickled_names(path)
    if not any(text.endswith("patch_embedding.weight") for text in texts):
        raise FileBroken(f"{path.name} holds no Wan transformer: patch_embedding.weight is not in it")


def _profile(path: Path, held: dict[str, TensorFacts], notes: list[str], problems: list[str]) -> Profile:
    """From `NAME.json` beside `NAME.safetensors`, else the family that size and name speak for."""
    own = path.with_suffix(".json")
    if own.is_file():
        try:
            return load_profile(own)
        except ProfileError as error:
            problems.append(str(error))
    two = HIGH in path.name or LOW in path.name
    found = _found(held, 128)
    expand = found is not None and found.channels == 48
    words = [path.name, path.parent.name, path.parent.parent.name]
    if not held:  # pickled: the published ones are all students of the 1.3B
        found = Architecture(30, 12, 128, 8960, 16)
    return dataclasses.replace(family_of(found, words, 2 if two else 1, expand, notes))


def _found(held: dict[str, TensorFacts], head_dim: int) -> Architecture | None:
    try:
        return keys.architecture_of({name: facts.shape for name, facts in held.items()}, head_dim) if held else None
    except (KeyError, ValueError):
        return None


def _architecture(
    path: Path, held: dict[str, TensorFacts], profile: Profile, problems: list[str]
) -> Architecture | None:
    if not held:
        return profile.architecture
    head_dim = profile.architecture.head_dim if profile.architecture else 128
    found = _found(held, head_dim)
    if found is None:
        wanted = profile.architecture or Architecture(1, 12, 128, 8960, 16)
        absent = next((name for name in keys.expected_shapes(wanted) if name not in held), "patch_embedding.weight")
        problems.append(f"{path.name} is no Wan transformer: it lacks {absent}")
        return None
    config: dict[str, Any] = {"freq_dim": _freq_dim(held)}
    check_transformer(held, found, config, path.name, problems)
    return found


def _freq_dim(held: dict[str, TensorFacts]) -> int:
    first = held.get("condition_embedder.time_embedder.linear_1.weight")
    return first.shape[1] if first is not None and len(first.shape) == 2 else 256


def transformer_config(held: dict[str, Sequence[int]], head_dim: int) -> dict[str, Any]:
    """The diffusers config of a transformer whose parameters (diffusers names) have these shapes."""
    shapes = {name: tuple(shape) for name, shape in held.items()}
    found = keys.architecture_of(shapes, head_dim)
    return {
        "patch_size": shapes["patch_embedding.weight"][2:],
        "num_attention_heads": found.heads,
        "attention_head_dim": head_dim,
        "in_channels": found.channels,
        "out_channels": found.channels,
        "text_dim": found.text_dim,
        "freq_dim": shapes["condition_embedder.time_embedder.linear_1.weight"][1],
        "ffn_dim": found.ffn_dim,
        "num_layers": found.layers,
        "cross_attn_norm": True,
        "qk_norm": "rms_norm_across_heads",
    }
