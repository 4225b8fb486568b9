"""An engine without pixels: it answers real requests with real files and the contract's events, in milliseconds.

It sees what the built-in planner would see in a small scene: everything earlier, what is pinned, and what a shot goes
on from; later shots with `two_sided`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from engine.contract import (
    ContextCandidate,
    ContextRecord,
    Event,
    Finished,
    GenerateRequest,
    Saved,
    ShotTask,
    Side,
    TakeResult,
    TakeTask,
)
from storyboards.requests import Begun, apply_event, start_next
from storyboards.storyboard import Storyboard

_NO_MANIFEST = ("folder", "latents", "video", "poster", "filmstrip", "manifest", "files", "seconds")


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def carry_out(request: GenerateRequest) -> Iterator[Event]:
    for shot in request.shots:
        for task in shot.takes:
            yield Saved(request.id, make_take(request, shot, task))
    yield Finished(request.id, 0.1)


def make_take(request: GenerateRequest, shot: ShotTask, task: TakeTask) -> TakeResult:
    context = () if request.joint else tuple(_seen(c, shot) for c in request.candidates if _sees(c, shot, request))
    seed = int(sha(f"{request.scene_seed}/{shot.shot_id}/{task.take_number}".encode())[:7], 16)
    seed = shot.seed if shot.seed is not None else seed
    latents = json.dumps([shot.text, seed, shot.frames, [c.content_hash for c in context]]).encode()
    result = TakeResult(
        task.take_id, shot.shot_id, task.take_number, task.folder, *_paths(task.folder), sha(latents), {},
        shot.frames, 8.0, (112, 64), seed, shot.text, {"steps": 4}, "fingerprint", "test", context, 0.5,
        extends=shot.extension.take_id if shot.extension else "",
    )  # fmt: skip
    return dataclasses.replace(result, files=_write(result, latents))


def run_next(storyboard: Storyboard) -> Begun | None:
    """Let the engine do the next job, to its end."""
    begun = start_next(storyboard)
    if begun is not None and begun.request is not None:
        for event in carry_out(begun.request):
            apply_event(storyboard, begun.job_id, event)
    return begun


def run_all(storyboard: Storyboard) -> int:
    count = 0
    while run_next(storyboard) is not None:
        count += 1
    return count


def _sees(candidate: ContextCandidate, shot: ShotTask, request: GenerateRequest) -> bool:
    if candidate.choice == "excluded":
        return False
    return candidate.choice == "pinned" or candidate.order < shot.order or request.two_sided


def _seen(candidate: ContextCandidate, shot: ShotTask) -> ContextRecord:
    content = candidate.latents_hash or sha(Path(candidate.path).read_bytes())
    side: Side = "after" if candidate.order > shot.order else "before"
    noise = 0.1 if candidate.noise is None else candidate.noise
    return ContextRecord(candidate.id, candidate.role, candidate.shot_id, content, noise, side, "key")


def _paths(folder: str) -> tuple[str, str, str, str, str]:
    names = ("latents.safetensors", "video.mp4", "poster.png", "filmstrip.jpg", "manifest.json")
    latents, video, poster, filmstrip, manifest = (f"{folder}/{name}" for name in names)
    return latents, video, poster, filmstrip, manifest


def _write(result: TakeResult, latents: bytes) -> dict[str, str]:
    folder = Path(result.folder)
    unfinished = folder.with_name(folder.name + ".tmp-1")
    unfinished.mkdir(parents=True)
    files = {"latents.safetensors": latents, "video.mp4": b"video", "poster.png": b"png", "filmstrip.jpg": b"jpg"}
    facts = {name: value for name, value in dataclasses.asdict(result).items() if name not in _NO_MANIFEST}
    facts |= {"files": {name: sha(data) for name, data in files.items()}, "shot": "shot 1", "model": "paper-theatre"}
    files["manifest.json"] = json.dumps(facts).encode()
    for name, data in files.items():
        (unfinished / name).write_bytes(data)
    unfinished.rename(folder)
    return {name: sha(data) for name, data in files.items()}
