"""What goes into a film: the takes that the scene shows, as an export request with all that made them.

The command line and the editor both make their requests here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from engine.contract import ExportItem, ExportOptions, ExportRequest

from .errors import InvalidValue
from .loras import without_paths
from .paths import DATABASE, TAKES
from .storyboard import Storyboard
from .tables import new_id
from .views import SceneView, ShotView

Format = Literal["mp4", "gif", "png"]
Line = tuple[SceneView, ShotView]
_KINDS: dict[str, Format] = {".mp4": "mp4", ".gif": "gif", ".png": "png", "": "png"}


def film_request(
    storyboard: Storyboard,
    lines: Sequence[Line],
    out: Path,
    options: ExportOptions,
    span: tuple[int, int] | None = None,
) -> ExportRequest:
    """Return the request for these shots. Those that show no take are left out.

    `span` cuts a range out of them: frames counted from the first of the shots, the second number exclusive, where a
    shot without a take has its own length. Raises InvalidValue when nothing is left.
    """
    shown = [(line, piece) for line, piece in _pieces(lines, span) if piece is not None]
    if not shown:
        raise InvalidValue("No shot shows a take yet.", "Render the scene first.")
    return ExportRequest(
        id=new_id(),
        items=tuple(piece for _, piece in shown),
        out=str(out),
        options=options,
        metadata=film_metadata(storyboard, [line for line, _ in shown]),
    )


def film_item(shot: ShotView, in_frame: int | None = None, out_frame: int | None = None) -> ExportItem:
    """Return the clip of a shot that shows a take."""
    assert shot.selected is not None
    return ExportItem(str(shot.selected.video.resolve()), f"Shot {shot.number}", in_frame, out_frame)


def shown_frames(shot: ShotView) -> int:
    """Return how long a shot stands in the scene: its take's length, or its own while it has none."""
    return shot.frames if shot.selected is None else shot.selected.frames


def _pieces(lines: Sequence[Line], span: tuple[int, int] | None) -> Iterable[tuple[Line, ExportItem | None]]:
    begin = 0
    for line in lines:
        shot = line[1]
        end = begin + shown_frames(shot)
        first, last = (begin, end) if span is None else (max(begin, span[0]), min(end, span[1]))
        if shot.selected is None or first >= last:
            yield line, None
        elif (first, last) == (begin, end):
            yield line, film_item(shot)
        else:
            yield line, film_item(shot, first - begin, last - begin)
        begin = end


def film_metadata(storyboard: Storyboard, shown: Iterable[Line]) -> dict[str, Any]:
    """Return what made the film: prompts, seeds, model. No paths, so that a film tells no one's home."""
    project = storyboard.project()
    lines = []
    for scene, shot in shown:
        assert shot.selected is not None
        take = storyboard.take(shot.selected.id)
        lines.append(
            {"scene": scene.number, "shot": shot.number, "prompt": take.prompt, "text": take.text, "seed": take.seed,
             "take": take.number, "take_id": take.id, "model": Path(take.model).name,
             "model_fingerprint": take.model_fingerprint, "settings": without_paths(take.settings)}
        )  # fmt: skip
    return {"title": project.name, "made_with": "Matchcut", "model": Path(project.model).name, "shots": lines}


def film_target(project: Path, out: Path, wanted: Format | None = None) -> tuple[Path, Format]:
    """Return where the film goes and what it is: the ending of the name decides, pictures go into a folder.

    Raises InvalidValue for an ending that is no film, and for places where the project's own files are.
    """
    kind: Format | None = wanted or _KINDS.get(out.suffix.lower())
    if kind is None:
        raise InvalidValue(
            f"{out.name} is no kind of film that can be written.", "End it in .mp4 or .gif, or name a format."
        )
    if kind == "png" and out.suffix.lower() == ".png":
        out = out.with_suffix("")
    place, root = out.resolve(), project.resolve()
    if place == root or place.is_relative_to(root / TAKES):
        raise InvalidValue("An export cannot go into the project's takes.", "Choose another place for it.")
    if place.name == DATABASE:
        raise InvalidValue(f"{out} is the project's storyboard.", "Choose another name.")
    return out, kind
