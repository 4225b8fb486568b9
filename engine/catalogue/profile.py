"""How a backbone must be driven: the facts of a checkpoint that no weight file tells, as a small typed file.

A model folder may carry a `profile.json` of its own; for the published checkpoint families the files are in
`profiles/`. `"like": "wan2.1-t2v-1.3b"` in a file starts from that family's profile instead of from the defaults.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from engine.records import RecordError, build

FAMILIES = Path(__file__).resolve().parent / "profiles"


class ProfileError(ValueError):
    """A profile that cannot be used; names the file and the field."""


@dataclass(frozen=True, slots=True)
class PositionRule:
    """How shots are laid on the time axis, in latent frames. `stride`: from one shot's start to the next's at least;
    a longer shot pushes the next one on by its own length plus `gap`. `phase`: extra fractional offset a shot.
    `angle`: radians that every temporal frequency is turned by, a shot (ShotStream's way to tell shots apart)."""

    stride: float = 8.0
    gap: float = 1.0
    phase: float = 0.0
    angle: float = 0.0

    def starts(self, lengths: list[int]) -> list[float]:
        """Time position of the first latent frame of each of the shots with `lengths` latent frames, in order."""
        starts, at = [], 0.0
        for length in lengths:
            starts.append(at)
            at += max(self.stride, length + self.gap) + self.phase
        return starts


@dataclass(frozen=True, slots=True)
class Architecture:
    """What tells one transformer from another in its config: the numbers that a checkpoint must have."""

    layers: int
    heads: int
    head_dim: int
    ffn_dim: int
    channels: int  # of its latents
    text_dim: int = 4096

    @property
    def dim(self) -> int:
        """Numbers a token."""
        return self.heads * self.head_dim


@dataclass(frozen=True, slots=True)
class Profile:
    """Facts of a checkpoint that no weight file tells. Lengths in pixel frames, sizes (width, height)."""

    name: str = "paper-theatre"
    title: str = ""  # as people call it; "" means the name
    licence: str = "Apache-2.0"
    commercial: bool = True  # False: the licence forbids commercial use; never a default
    source: str = ""  # where it is published: a hub id
    base: str = ""  # hub id of the folder whose VAE and text encoder a single file is used with
    words: tuple[str, ...] = ()  # in a file's or folder's name, they tell this one from others of its architecture
    architecture: Architecture | None = None
    experts: int = 1  # 2: one transformer for high noise and one for low
    boundary: float | None = None  # the second expert takes over below this noise level
    expand_timesteps: bool = False  # a noise level for every token, as TI2V-5B was trained
    size: tuple[int, int] = (112, 64)
    sizes: tuple[tuple[int, int], ...] = ()  # other sizes it was trained at
    size_multiple: int = 16  # VAE stride times patch
    spatial_stride: int = 8  # pixels a latent cell
    fps: float = 8.0
    temporal_stride: int = 4  # frames = stride * n + 1
    max_frames: int = 17  # longest shot of one generation; more is made by extending
    extension_frames: int = 16  # new frames of one extension chunk
    chunk_latents: int = 0  # a model that makes a shot so many latent frames at a time, each seeing the earlier ones
    tail_latents: int = 5  # latent frames that a continuation sees of what it continues
    text_tokens: int = 80
    negative_prompt: str = ""  # what the unconditional branch reads
    positions: PositionRule = field(default_factory=PositionRule)
    encoding: Literal["isolated", "chained", "together"] = "isolated"
    context_noise: float = 0.1
    context_tokens: int = 1400  # default token budget of the planner
    context_frames: int = 0  # latent frames that are seen of another shot, the first and spread ones; 0 = all
    context_share: int = 0  # instead: so many for all shots seen, in equal parts, the latest getting what is left
    context_stills: bool = False  # frames of other shots are seen as single pictures, encoded anew
    blank_context: int = 0  # latent frames of zeros that a shot sees where it sees no other
    steps: int = 20
    step_list: tuple[float, ...] = ()  # a distilled model's timesteps of 1000, before the shift; `steps` of them
    shift: float = 1.0
    text_guidance: float = 3.0
    text_guidance_low: float | None = None  # of the second expert; None means the same
    context_guidance: float = 3.0
    guidance_from: float = 0.0  # noise level, 0 to 1, from which on guidance steers; details below it need none
    sampler: Literal["euler", "unipc", "renoise"] = "euler"

    def keeps_text(self, tokens: int) -> bool:
        """Whether a text's keys and values are worth their memory over the steps of a shot of that many tokens: they
        save less than a thousandth of a long shot's time, and a tenth of its memory is a high price."""
        return tokens <= 16 * self.text_tokens

    def frames_for(self, wanted: int, continues: bool) -> int:
        """The nearest length not below `wanted` that the VAE can hold: stride*n + 1, or stride*n when continuing."""
        extra = 0 if continues else 1
        chunks = max(1, -(-(wanted - extra) // self.temporal_stride))
        return chunks * self.temporal_stride + extra


def load_profile(path: Path) -> Profile:
    """Read a profile. Raises ProfileError for a missing file, unknown fields or wrong types."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProfileError(f"{path.name} cannot be read ({error}): the model folder is not complete") from error
    if not isinstance(raw, dict):
        raise ProfileError(f"{path.name} is not a profile: it holds no object")
    like = raw.pop("like", None)
    start = {} if like is None else _facts(family(str(like)))
    try:
        return typing.cast("Profile", build(Profile, {**start, **raw}, path.name))
    except RecordError as error:
        raise ProfileError(str(error)) from error


def save_profile(profile: Profile, path: Path) -> None:
    """Write a profile, readable and stable; fields that stand at their default are left out."""
    path.write_text(json.dumps(_facts(profile), indent=2) + "\n", encoding="utf-8")


@functools.cache
def families() -> tuple[str, ...]:
    """Names of the checkpoint families that Matchcut knows."""
    return tuple(sorted(path.stem for path in FAMILIES.glob("*.json")))


@functools.cache
def family(name: str) -> Profile:
    """The profile of a checkpoint family. Raises ProfileError for an unknown name."""
    if name not in families():
        raise ProfileError(f"there is no checkpoint family {name!r}: {', '.join(families())}")
    return load_profile(FAMILIES / f"{name}.json")


def _facts(profile: Profile) -> dict[str, Any]:
    """Fields as plain values; those that came later than the first format only where they say something."""
    plain = dataclasses.asdict(profile)
    if not profile.positions.angle:
        del plain["positions"]["angle"]
    return {key: value for key, value in plain.items() if key in _FIRST_FORMAT or value != _DEFAULTS[key]}


_FIRST_FORMAT = (
    "name", "licence", "size", "size_multiple", "fps", "temporal_stride", "max_frames", "extension_frames",
    "tail_latents", "text_tokens", "positions", "encoding", "context_noise", "context_tokens", "steps", "shift",
    "text_guidance", "context_guidance", "sampler",
)  # fmt: skip
_DEFAULTS = dataclasses.asdict(Profile())
