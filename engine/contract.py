"""Requests in, events out: what the rest of Matchcut says to the engine and hears from it.

Plain frozen records, importable in milliseconds (no torch, no numpy). Paths travel, frames never do. Every
record survives `decode(encode(record))` unchanged; `CONTRACT_VERSION` changes when a field changes its meaning.

Units: lengths in frames unless the name says seconds; noise levels are sigmas in [0, 1]; sizes in pixels (w, h);
hashes are hex sha256.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

CONTRACT_VERSION = 1

Role = Literal["shot", "reference", "recent"]
Choice = Literal["auto", "pinned", "excluded"]
Side = Literal["before", "after"]
FailureCode = Literal[
    "out_of_memory",
    "missing_model",
    "bad_model",
    "bad_latents",
    "missing_file",
    "disk_full",
    "read_only",
    "bad_request",
    "export_failed",
    "internal",
]


@dataclass(frozen=True, slots=True)
class LoraUse:
    """A LoRA file to render with, and how strongly. `expert`: of a model with two, the high- or low-noise one alone."""

    path: str
    strength: float = 1.0
    expert: Literal["both", "high", "low"] = "both"


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """How a shot is denoised. `None` means: what the backbone's profile says."""

    steps: int | None = None
    text_guidance: float | None = None
    context_guidance: float | None = None
    sampler: Literal["euler", "unipc", "renoise"] | None = None
    context_noise: float | None = None
    context_tokens: int | None = None  # budget for context tokens; None = the profile's
    context_frames: int | None = None  # latent frames that are seen of a shot, the first and spread ones; None = all
    preview_every: int = 0  # steps between previews, 0 = none
    step_cache: float | None = None  # skip blocks while the first one's change is within this; None or 0 = never
    loras: tuple[LoraUse, ...] | None = None  # worn together; a shot's own list replaces its scene's
    first_frame: str | None = None  # image that the shot begins with: absolute path


@dataclass(frozen=True, slots=True)
class ContextCandidate:
    """One thing a shot could see: the selected take of another shot, or a reference image.

    `path` is a latents file (`.safetensors`) for takes, an image for references. `text` is the full prompt that the
    take was made with. `order` is the place in the scene (a reference has order -1). `latents_hash` is the content
    hash recorded with the take ("" for an image: the engine hashes the file). `noise` overrides the context noise.
    """

    id: str  # take id, or reference id
    role: Role
    shot_id: str  # "" for a reference
    name: str  # what the planner's reasons call it: "shot 2", "fox"
    path: str
    latents_hash: str
    text: str
    order: int
    choice: Choice = "auto"
    noise: float | None = None


@dataclass(frozen=True, slots=True)
class TakeTask:
    """One take to make: its identity, its number within the shot (decides the noise), where its files go."""

    take_id: str
    take_number: int
    folder: str  # absolute; the engine creates it under a temporary name and renames it when complete


@dataclass(frozen=True, slots=True)
class Extension:
    """Continue an existing take of the same shot without a cut: new take = its latents + new ones."""

    take_id: str
    latents: str
    latents_hash: str


@dataclass(frozen=True, slots=True)
class ShotTask:
    """One shot to render, once for each of `takes` (they share one cached context).

    `frames`: length of the finished take (4n+1 at the backbone's frame rate; rounded up by the engine when not). A
    continuing shot has no cut before it: it goes on from the take of the previous shot and has 4n frames.
    `seed` overrides the noise seed that otherwise comes from (scene seed, shot id, take number).
    """

    shot_id: str
    name: str
    order: int
    text: str
    frames: int
    takes: tuple[TakeTask, ...]
    continues: bool = False
    seed: int | None = None
    extension: Extension | None = None


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """Make takes. One shot, or with `joint` several shots of a scene denoised together.

    `candidates` are all other shots' selected takes and the references; the planner chooses among them. With
    `two_sided` later shots may be context too.
    """

    id: str
    model: str  # folder of the backbone, or a built-in name such as "paper-theatre"
    scene_id: str
    scene_seed: int
    shots: tuple[ShotTask, ...]
    candidates: tuple[ContextCandidate, ...] = ()
    size: tuple[int, int] | None = None  # (width, height); None = the profile's
    settings: SamplingSettings = field(default_factory=SamplingSettings)
    joint: bool = False
    two_sided: bool = False
    version: int = CONTRACT_VERSION


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """Make a take of a clip that was not made here: brought to the model's rate and size, cropped about its centre to
    fill it, and VAE-encoded once, so that other shots can see it. `shots` is one shot with one take; its `frames` count
    for nothing. A clip of more than `longest` frames is refused (0: what the engine takes at most)."""

    id: str
    model: str
    scene_id: str
    shots: tuple[ShotTask, ...]
    clip: str  # absolute path
    size: tuple[int, int] | None = None  # (width, height); None = the profile's
    longest: int = 0
    version: int = CONTRACT_VERSION


@dataclass(frozen=True, slots=True)
class ExportItem:
    """One clip of an export, in order. `in_frame`/`out_frame` cut a range (out is exclusive)."""

    path: str
    title: str = ""
    in_frame: int | None = None
    out_frame: int | None = None


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """`None` keeps what the takes have. With nothing set, the takes are joined without re-encoding."""

    format: Literal["mp4", "gif", "png"] = "mp4"
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    titles: bool = False  # burn each shot's name in
    crossfade: float = 0.0  # seconds between shots
    audio: str | None = None  # audio file laid under the whole export

    @property
    def composited(self) -> bool:
        """True when frames must be re-encoded."""
        return bool(self.width or self.height or self.fps or self.titles or self.crossfade or self.audio)


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Join takes into one film at `out` (a file, or a folder for PNG); `metadata` goes into the file and a sidecar."""

    id: str
    items: tuple[ExportItem, ...]
    out: str
    options: ExportOptions = field(default_factory=ExportOptions)
    metadata: dict[str, Any] = field(default_factory=dict)
    version: int = CONTRACT_VERSION


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What would the shots of `request` see? Answered by one Planned a shot, from files' headers, without weights.

    Its tasks need no takes, and `id` is this record's own.
    """

    id: str
    request: GenerateRequest
    version: int = CONTRACT_VERSION


Request = GenerateRequest | ImportRequest | ExportRequest | PlanRequest


@dataclass(frozen=True, slots=True)
class Cancel:
    """To a worker: stop this request between two steps."""

    request_id: str


@dataclass(frozen=True, slots=True)
class Starting:
    """A worker's first line, before it has loaded anything heavy."""

    pid: int


@dataclass(frozen=True, slots=True)
class Hello:
    """A worker is ready for requests. `memory`: bytes of the device."""

    contract: int
    engine: str
    pid: int
    device: str
    memory: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A worker is alive, however long its work takes. `rss`: bytes of its process, 0 where that is not known."""

    rss: int


Notice = Starting | Hello | Heartbeat


@dataclass(frozen=True, slots=True)
class PlannedBlock:
    """One line of "this shot sees …": what, why, how noisy, how many tokens. `used` is False for what was left out."""

    candidate_id: str
    role: Role
    shot_id: str
    name: str
    side: Side
    noise: float
    tokens: int
    used: bool
    reason: str
    frames: tuple[int, ...] = ()  # which latent frames of it are seen, from 0; () = all


@dataclass(frozen=True, slots=True)
class ContextRecord:
    """What a take really saw, in order; goes into its manifest and its row. Staleness is computed from this."""

    candidate_id: str
    role: Role
    shot_id: str
    content_hash: str  # of the take's latents, or of the reference image
    noise: float
    side: Side
    key: str  # cache key of the K/V that was read


@dataclass(frozen=True, slots=True)
class TakeResult:
    """A finished take on disk. Paths are absolute; hashes of every file are in `files` (name -> sha256)."""

    take_id: str
    shot_id: str
    take_number: int
    folder: str
    latents: str
    video: str
    poster: str
    filmstrip: str
    manifest: str
    latents_hash: str
    files: dict[str, str]
    frames: int
    fps: float
    size: tuple[int, int]
    seed: int
    text: str
    settings: dict[str, Any]  # as resolved: no None left
    model_fingerprint: str
    engine_version: str
    context: tuple[ContextRecord, ...]
    seconds: float
    extends: str = ""  # take id that this one continues
    quality: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Phase:
    """What the engine is busy with, for a status line: "loading paper-theatre"."""

    request_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Planned:
    request_id: str
    shot_id: str
    blocks: tuple[PlannedBlock, ...]
    budget_tokens: int


@dataclass(frozen=True, slots=True)
class CacheReport:
    """After the context of a shot is in place."""

    request_id: str
    shot_id: str
    hits: int
    misses: int
    bytes_device: int
    bytes_host: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Step:
    """One denoising step is done. `preview` is a JPEG path or ""."""

    request_id: str
    shot_id: str
    take_id: str
    step: int
    steps: int
    seconds_left: float
    preview: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    request_id: str
    take: TakeResult


@dataclass(frozen=True, slots=True)
class ExportProgress:
    request_id: str
    done: float  # 0..1
    text: str = ""


@dataclass(frozen=True, slots=True)
class Exported:
    request_id: str
    path: str
    sidecar: str
    frames: int
    fps: float
    reencoded: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """A typed failure: `message` says what happened, `hint` what to do next. Nothing finished is lost."""

    request_id: str
    code: FailureCode
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    request_id: str


@dataclass(frozen=True, slots=True)
class Finished:
    request_id: str
    seconds: float


Event = (
    Phase | Planned | CacheReport | Step | Saved | ExportProgress | Exported | Failed | Cancelled | Finished
)
TERMINAL = (Failed, Cancelled, Finished)
Record = Request | Event | Notice | Cancel

_RECORDS: dict[str, type] = {
    cls.__name__: cls
    for cls in (*typing.get_args(Request), *typing.get_args(Event), *typing.get_args(Notice), Cancel)
}


class ContractError(ValueError):
    """A line that is not a record of this contract; says which part does not fit."""


def encode(record: Record) -> str:
    """One line of JSON, tagged with the record's name."""
    return json.dumps({"type": type(record).__name__, **dataclasses.asdict(record)}, ensure_ascii=False)


def decode(line: str) -> Record:
    """The record of one line. Raises ContractError for anything that does not fit exactly."""
    try:
        data = json.loads(line)
    except json.JSONDecodeError as error:
        raise ContractError(f"not JSON: {error}") from error
    if not isinstance(data, dict) or data.get("type") not in _RECORDS:
        raise ContractError("no known record type")
    name = data.pop("type")
    record = _build(_RECORDS[name], data, name)
    return typing.cast("Record", record)


def settings_of(plain: Mapping[str, Any]) -> SamplingSettings:
    """Sampling settings from plain values, as a document keeps them. Raises ContractError."""
    return typing.cast("SamplingSettings", _build(SamplingSettings, dict(plain), "settings"))


def _build(cls: type, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise ContractError(f"{where}: expected an object")
    hints = _hints(cls)
    unknown = set(data) - set(hints)
    if unknown:
        raise ContractError(f"{where}: unknown fields {sorted(unknown)}")
    values = {key: _convert(hints[key], value, f"{where}.{key}") for key, value in data.items()}
    try:
        return cls(**values)
    except TypeError as error:
        raise ContractError(f"{where}: {error}") from error


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    """Types of a record's fields. Working them out takes longer than reading a line."""
    return typing.get_type_hints(cls)


def _convert(hint: Any, value: Any, where: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return _build(typing.cast(type, hint), value, where)
    if origin is types.UnionType or origin is typing.Union:
        if value is None and type(None) in args:
            return None
        return _convert(next(arg for arg in args if arg is not type(None)), value, where)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise ContractError(f"{where}: expected a list")
        item_hints = [args[0]] * len(value) if args[-1] is Ellipsis else list(args)
        if len(item_hints) != len(value):
            raise ContractError(f"{where}: expected {len(item_hints)} items")
        return tuple(_convert(h, v, f"{where}[{i}]") for i, (h, v) in enumerate(zip(item_hints, value, strict=True)))
    if origin is Literal:
        if value not in args:
            raise ContractError(f"{where}: {value!r} is not one of {args}")
        return value
    if origin is dict:
        if not isinstance(value, dict):
            raise ContractError(f"{where}: expected an object")
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint in (str, int, float, bool) and type(value) is not hint:
        raise ContractError(f"{where}: expected {hint.__name__}, got {type(value).__name__}")
    return value
