"""Takes -> one film: join without re-encoding when that is all there is to do, compose and encode otherwise.

The film is written under a temporary name and renamed when it is complete; beside it a sidecar `<out>.json` says what
is in it. Both carry the request's metadata (prompts, seeds, model).
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import av

from engine.contract import Exported, ExportRequest
from engine.film import remux
from engine.film.decode import VideoInfo, probe
from engine.film.errors import BadExport, ExportCancelled, ExportFailed, FilmError, ReadOnlyFolder
from engine.film.timeline import Timeline, lay_out
from engine.film.whole_files import disk_errors, sha256, sweep_temporary, whole_file, whole_folder

SIDECAR_VERSION = 1
Progress = Callable[[float, str], None]
Cancelled = Callable[[], bool]


def export(request: ExportRequest, progress: Progress, cancelled: Cancelled) -> Exported:
    """Make the film that `request` describes; `progress` hears (0..1, what is being done).

    Copied bit for bit when all items are whole takes of one kind and no option asks for more, else re-encoded. An
    existing file at `out` is replaced, and only by a complete one; an existing folder of PNGs must be empty.

    Raises ExportCancelled, and of FilmError: BadExport, MissingClip and DamagedClip (naming the clip), DiskFull,
    ReadOnlyFolder, ExportFailed. Whichever it is, `out` is as it was and no temporary is left.
    """
    out = Path(os.path.abspath(request.out))
    _check(request, out)
    infos = [_probe(item.path, cancelled) for item in request.items]
    timeline = lay_out(request.items, infos, request.options)
    copied = _copyable(request, timeline, infos)
    sidecar = out.with_name(out.name + ".json")
    if out.parent.is_dir():
        with disk_errors(out):
            sweep_temporary(out.parent, out.name, sidecar.name)  # of an export that was killed
    try:
        with whole_file(sidecar) as sidecar_part, _whole(out, request.options.format) as part:
            _make(request, timeline, copied, part, progress, cancelled)
            text = json.dumps(_sidecar(request, timeline, copied, out, part), ensure_ascii=False, indent=2)
            sidecar_part.write_text(text + "\n", encoding="utf-8")
    except (av.FFmpegError, OSError) as error:
        raise ExportFailed(f"The film could not be written ({error}).", "Try again; the takes are safe.") from error
    progress(1.0, "done")
    return Exported(request.id, str(out), str(sidecar), timeline.frames, float(timeline.fps), reencoded=not copied)


def _make(
    request: ExportRequest, timeline: Timeline, copied: bool, part: Path, progress: Progress, cancelled: Cancelled
) -> None:
    metadata = _container_metadata(request)
    if copied:
        remux.join([clip.path for clip in timeline.clips], part, metadata, progress, cancelled)
    else:
        _render(request, timeline, part, metadata, progress, cancelled)
    if cancelled():
        raise ExportCancelled


def _render(
    request: ExportRequest,
    timeline: Timeline,
    part: Path,
    metadata: Mapping[str, str],
    progress: Progress,
    cancelled: Cancelled,
) -> None:
    from engine.film import compositing, sinks  # MoviePy takes a while to import, and a plain join needs none of it

    options = request.options
    logger = compositing.ExportLogger(timeline.frames, progress, cancelled)
    if options.format == "gif":
        target = sinks.gif_sink(part, timeline, metadata)
    elif options.format == "png":
        target = sinks.png_sink(part, metadata)
    else:
        target = sinks.mp4_sink(part, timeline, metadata, Path(options.audio) if options.audio else None)
    with target as sink, contextlib.closing(compositing.film_frames(timeline, options.titles, logger)) as frames:
        for frame in frames:
            sink.write(frame)


def _check(request: ExportRequest, out: Path) -> None:
    if not request.items:
        raise BadExport("There is nothing to export.", "Generate or select at least one take.")
    if request.options.audio and request.options.format != "mp4":
        raise BadExport("Only an MP4 can carry sound.", "Export an MP4, or leave the audio out.")
    inputs = [item.path for item in request.items] + ([request.options.audio] if request.options.audio else [])
    if any(os.path.abspath(path) == str(out) for path in inputs):
        raise BadExport(f"{out} is one of the clips to export.", "Choose another name for the film.")
    if (out.suffix.lower() == ".gif") != (request.options.format == "gif"):
        raise BadExport(f"{out.name} is no name for a {request.options.format}.", "Rename it, or change the format.")
    if request.options.format == "png":
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise BadExport(f"{out} is there already and not an empty folder.", "Choose a new folder for the pictures.")
    elif out.is_dir():
        raise BadExport(f"{out} is a folder.", "Choose a file name for the film.")
    if out.parent.is_dir() and not os.access(out.parent, os.W_OK):
        raise ReadOnlyFolder(out.parent, "permission denied")  # before the work, not after it


def _probe(path: str, cancelled: Cancelled) -> VideoInfo:
    if cancelled():
        raise ExportCancelled
    return probe(path)


def _copyable(request: ExportRequest, timeline: Timeline, infos: Sequence[VideoInfo]) -> bool:
    if request.options.format != "mp4" or request.options.composited:
        return False
    whole = all(
        clip.first == 0 and clip.last == info.frames - 1 for clip, info in zip(timeline.clips, infos, strict=True)
    )
    return whole and remux.can_join([clip.path for clip in timeline.clips])


@contextlib.contextmanager
def _whole(out: Path, kind: str) -> Iterator[Path]:
    if kind != "png":
        with whole_file(out) as part:
            yield part
        return
    if out.is_dir():
        out.rmdir()  # empty: _check saw to that; rmdir refuses otherwise
    with whole_folder(out) as part:
        yield part


def _container_metadata(request: ExportRequest) -> dict[str, str]:
    title = str(request.metadata.get("title") or Path(request.out).stem)
    return {"title": title, "comment": json.dumps(request.metadata, ensure_ascii=False, sort_keys=True)}


def _sidecar(request: ExportRequest, timeline: Timeline, copied: bool, out: Path, part: Path) -> dict[str, Any]:
    """What the film is made of. Clips by their last two names only: a film that is passed on tells no one's home."""
    return {
        "matchcut_export": SIDECAR_VERSION,
        "film": {
            "name": out.name,
            "sha256": sha256(part) if part.is_file() else "",
            "frames": timeline.frames,
            "fps": float(timeline.fps),
            "size": list(timeline.size),
            "reencoded": not copied,
        },
        "clips": [
            {
                "file": "/".join(clip.path.parts[-2:]),
                "title": clip.title,
                "start": clip.start,
                "frames": clip.frames,
                "overlap": clip.overlap,
                "in_frame": clip.first,
                "out_frame": clip.last + 1,
            }
            for clip in timeline.clips
        ],
        "options": {**dataclasses.asdict(request.options), "audio": _name(request.options.audio)},
        "metadata": request.metadata,
    }


def _name(path: str | None) -> str | None:
    return Path(path).name if path else None


__all__ = ["ExportCancelled", "FilmError", "export"]
