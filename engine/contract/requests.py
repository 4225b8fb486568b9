"""What the engine is asked: takes to make, clips to take in, films to write, plans to tell."""

from __future__ import annotations

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
    guidance_from: float | None = None  # noise level, 0 to 1, below which no guidance steers: fewer forwards
    sampler: Literal["euler", "unipc", "renoise"] | None = None
    context_noise: float | None = None
    context_tokens: int | None = None  # budget for context tokens; None = the profile's
    context_frames: int | None = None  # latent frames that are seen of a shot, the first and spread ones; None = all
    preview_every: int = 0  # steps between previews, 0 = none
    step_cache: float | None = None  # skip what hardly changes from step to step, up to this; None or 0 = never
    step_cache_kind: Literal["first-block", "magcache"] | None = None  # how that is told; None = first-block
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
