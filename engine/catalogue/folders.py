"""What a model folder is: which checkpoint, with which parts, and what stands in the way of using it.

Reads `model_index.json`, `config.json` files and the headers of weight files; never a weight, and executes nothing.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from engine.catalogue import keys
from engine.catalogue.headers import FileBroken, TensorFacts, read_header, read_index
from engine.catalogue.profile import Architecture, Profile, ProfileError, families, family, load_profile

PROFILE, INDEX = "profile.json", "model_index.json"
PARTS = ("transformer", "vae", "text_encoder", "tokenizer")

Kind = Literal["matchcut folder", "diffusers folder", "single file"]


@dataclass(frozen=True, slots=True)
class Recognised:
    """A model on disk. `parts`: where each part lies (folder or file), by name; `transformer_2` is the second expert,
    for low noise. `problems`: what stands in the way, each naming the file and the key; empty when it can be used."""

    path: Path
    kind: Kind
    profile: Profile
    architecture: Architecture | None
    parts: dict[str, Path]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # worth telling, but in nobody's way


@dataclass(slots=True)
class _Findings:
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def recognise_folder(folder: Path) -> Recognised:
    """Look at a model folder. What cannot be used is a problem in the answer."""
    found = _Findings()
    index = read_json(folder / INDEX, found.problems) if (folder / INDEX).is_file() else {}
    config = read_json(folder / "transformer" / "config.json", found.problems)
    architecture = _architecture(config, "transformer/config.json", found.problems)
    profile = _profile(folder, index, architecture, found)
    parts = _parts(folder, profile, found.problems)
    for name in ("transformer", "transformer_2"):
        if name in parts and architecture is not None:
            check_transformer(_weights(parts[name], found.problems), architecture, config, name, found.problems)
    check_parts(parts, found.problems)
    kind: Kind = "matchcut folder" if (folder / PROFILE).is_file() else "diffusers folder"
    return Recognised(
        folder, kind, profile, architecture, parts, tuple(dict.fromkeys(found.problems)), tuple(found.notes)
    )


def read_json(path: Path, problems: list[str]) -> dict[str, Any]:
    """A config file's object; {} and a problem when it is missing or damaged."""
    where = f"{path.parent.name}/{path.name}"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(data, dict):
            return data
        problems.append(f"{where} holds no object: get it again")
    except FileNotFoundError:
        problems.append(f"{where} is missing: get the whole folder again")
    except (OSError, ValueError) as error:
        problems.append(f"{where} cannot be read ({error}): get it again")
    return {}


def _architecture(config: Mapping[str, Any], where: str, problems: list[str]) -> Architecture | None:
    if not config:
        return None
    wanted = ("num_layers", "num_attention_heads", "attention_head_dim", "ffn_dim", "in_channels")
    values = [config.get(key) for key in wanted]
    for key, value in zip(wanted, values, strict=True):
        if not isinstance(value, int):
            problems.append(f"{where} lacks {key}: it is no Wan transformer's config")
            return None
    out = config.get("out_channels") or config["in_channels"]
    if config.get("image_dim") is not None or config["in_channels"] != out:
        problems.append(
            f"{where}: in_channels {config['in_channels']}, image_dim {config.get('image_dim')}: an image-to-video "
            "checkpoint, which Matchcut cannot drive; take the text-to-video one, or TI2V-5B"
        )
    layers, heads, head_dim, ffn_dim, channels = (int(v) for v in values if isinstance(v, int))
    return Architecture(layers, heads, head_dim, ffn_dim, channels, int(config.get("text_dim") or 4096))


def _profile(folder: Path, index: Mapping[str, Any], found: Architecture | None, said: _Findings) -> Profile:
    """The folder's own profile, else that of the family it belongs to; what the folder's configs say goes before it."""
    if (folder / PROFILE).is_file():
        try:
            return load_profile(folder / PROFILE)
        except ProfileError as error:
            said.problems.append(str(error))
            return Profile(name=folder.name)
    kind = index.get("_class_name")
    if kind not in ("WanPipeline", "WanImageToVideoPipeline"):
        said.problems.append(f"{INDEX}: _class_name is {kind!r}; Matchcut drives WanPipeline folders")
    second = bool((index.get("transformer_2") or [None])[0])
    expand = bool(index.get("expand_timesteps"))
    profile = family_of(found, [folder.name, folder.parent.name], 2 if second else 1, expand, said.notes)
    changes: dict[str, Any] = {"experts": 2 if second else 1, "expand_timesteps": expand}
    if second:
        changes["boundary"] = float(index.get("boundary_ratio") or profile.boundary or 0.875)
    return dataclasses.replace(profile, **changes, **_strides(folder), **_schedule(folder, profile))


def family_of(
    found: Architecture | None, names: Iterable[str], experts: int, expand: bool, notes: list[str]
) -> Profile:
    """The family with these numbers; among several the one whose words stand in one of the names.

    An architecture that no family has gets the nearest family's profile, and a note that says so.
    """
    known = [family(name) for name in families()]
    fitting = [p for p in known if (p.experts, p.expand_timesteps) == (experts, expand)]
    same = [p for p in fitting if p.architecture == found] or fitting
    if found is not None and same[0].architecture != found:
        same.sort(key=lambda p: abs((p.architecture.layers if p.architecture else 0) - found.layers))
        notes.append(f"no published checkpoint has {found.layers} layers of {found.dim}: driven as {same[0].name}")
    lowered = [name.lower() for name in names]
    named = [p for p in same if any(word in name for word in p.words for name in lowered)]
    plain = [p for p in same if not p.words]
    return (named or plain or same)[0]


def _strides(folder: Path) -> dict[str, Any]:
    config = read_json(folder / "vae" / "config.json", [])
    spatial, temporal = config.get("scale_factor_spatial") or 8, config.get("scale_factor_temporal") or 4
    return {"spatial_stride": int(spatial), "temporal_stride": int(temporal), "size_multiple": 2 * int(spatial)}


def _schedule(folder: Path, profile: Profile) -> dict[str, Any]:
    """Sampler and shift of the folder's own scheduler; a distilled model keeps its profile's."""
    path = folder / "scheduler" / "scheduler_config.json"
    if profile.step_list or not path.is_file():
        return {}
    config = read_json(path, [])
    if config.get("_class_name") == "UniPCMultistepScheduler":
        return {"sampler": "unipc", "shift": float(config.get("flow_shift") or profile.shift)}
    if config.get("_class_name") == "FlowMatchEulerDiscreteScheduler":
        return {"sampler": "euler", "shift": float(config.get("shift") or profile.shift)}
    return {}


def _parts(folder: Path, profile: Profile, problems: list[str]) -> dict[str, Path]:
    wanted = [*PARTS, "transformer_2"] if profile.experts == 2 else list(PARTS)
    parts = {name: folder / name for name in wanted if (folder / name).is_dir()}
    missing = [name for name in wanted if name not in parts]
    if missing:
        problems.append(f"{folder.name} lacks {', '.join(missing)}: get the whole model folder again")
    return parts


def check_parts(parts: Mapping[str, Path], problems: list[str]) -> None:
    """Check that the weight files of VAE and text encoder are whole."""
    for name in ("vae", "text_encoder"):
        if name in parts:
            _weights(parts[name], problems)


def weight_files(part: Path) -> list[Path]:
    """The safetensors files of a part's folder, or the file itself."""
    return [part] if part.is_file() else sorted(part.glob("*.safetensors"))


def _weights(part: Path, problems: list[str]) -> dict[str, TensorFacts]:
    try:
        indices = sorted(part.glob("*.safetensors.index.json"))
        if indices:
            return read_index(indices[0])
        files = weight_files(part)
        if not files:
            pickled = sorted(p.name for p in part.glob("*.bin"))
            why = f" ({pickled[0]} is pickled, which is not loaded)" if pickled else ""
            raise FileBroken(f"{part.name} holds no .safetensors file{why}: get the whole folder again")
        return read_header(files[0])
    except FileBroken as error:
        problems.append(str(error) if str(error).startswith(part.name) else f"{part.name}/{error}")
        return {}


def check_transformer(
    held: Mapping[str, TensorFacts],
    found: Architecture,
    config: Mapping[str, Any],
    where: str,
    problems: list[str],
) -> None:
    """Compare a transformer's tensors (diffusers names) with what its architecture needs; name the first misfit."""
    if not held:
        return
    p_t, p_h, p_w = config.get("patch_size") or (1, 2, 2)
    wanted = keys.expected_shapes(found, (p_t, p_h, p_w), int(config.get("freq_dim") or 256))
    if config.get("cross_attn_norm") is False:
        wanted = {name: shape for name, shape in wanted.items() if ".norm2." not in name}
    missing = [name for name in wanted if name not in held]
    if missing:
        problems.append(
            f"{where} lacks {missing[0]}" + (f" and {len(missing) - 1} more tensors" if missing[1:] else "")
        )
        return
    for name, shape in wanted.items():
        if held[name].shape != shape:
            problems.append(f"{where}: {name} has shape {held[name].shape}, the config needs {shape}")
            return
