"""What the engine tells: how a request goes on and ends, and what a worker says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.contract.requests import FailureCode, Role, Side


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
    """A worker is alive, however long its work takes. `rss`: bytes of its process, 0 where that is not known.

    `still_s`: for how many seconds its main thread has not moved although it has work; 0 while it moves, or rests.
    """

    rss: int
    still_s: float = 0.0


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
