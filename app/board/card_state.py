"""What a card says of its shot, in one mark and one line: the most urgent thing first."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from app.engine_client.wording import still_text
from app.shortcuts import said
from app.shots_model import ShotProgress
from storyboards.views import ShotView


@dataclass(frozen=True, slots=True)
class CardState:
    """`kind` is empty, queued, rendering, cancelling, failed, stale, changed or done; `why` is the whole story.

    `colour` names one of the theme's colours, `fraction` is how much is done while rendering.
    """

    kind: str
    text: str
    why: str
    icon: str
    colour: str
    fraction: float | None = None


def card_state(shot: ShotView, progress: ShotProgress | None, failure: tuple[str, str] | None) -> CardState:
    """Judge a shot: what the engine does with it comes first, then what went wrong, then whether its take holds."""
    if shot.job_state == "cancelling":
        return CardState("cancelling", tr("Cancelling…"), tr("Stops after this step."), "ban", "muted")
    if shot.job_state == "running":
        return _rendering(progress)
    if shot.job_state == "queued":
        text = tr("Extension queued") if shot.job_kind == "extend" else tr("Queued")
        return CardState("queued", text, tr("Waits in the queue for its turn."), "clock", "muted")
    if failure is not None:
        return CardState("failed", failure[0], "\n".join(failure), "warning", "bad")
    if shot.selected is None:
        return _empty(shot)
    if shot.stale:
        return CardState("stale", _short(shot.stale), "\n".join(map(sentence, shot.stale)), "refresh", "attention")
    if shot.changed:
        return CardState("changed", _short(shot.changed), "\n".join(map(sentence, shot.changed)), "edit", "muted")
    return CardState("done", tr("Up to date"), tr("The take still fits the scene."), "check", "faint")


def length_text(frames: int, fps: float) -> str:
    """A shot's length as people say it: "2.1 s"."""
    return tr("{0} s").format(f"{frames / fps:.1f}") if fps else ""


def takes_text(shot: ShotView) -> str:
    """Which take is shown and how many there are; "" without takes."""
    if not shot.take_count:
        return ""
    if shot.selected is None:
        return tr("{0} not shown").format(shot.take_count)
    if shot.take_count == 1:
        return tr("1 take")
    return tr("take {0} · {1} takes").format(shot.selected.number, shot.take_count)


def time_left(seconds: float) -> str:
    """The time a render still takes, as coarse as it is known."""
    if seconds < 0:
        return ""
    if seconds < 60:
        return tr("{0} s left").format(max(1, round(seconds)))
    if seconds < 3600:
        return tr("{0} min left").format(round(seconds / 60))
    return tr("{0} h left").format(f"{seconds / 3600:.1f}")


def sentence(reason: str) -> str:
    """A reason as it stands on its own: begins with a capital."""
    return reason[:1].upper() + reason[1:]


def tr(text: str) -> str:
    """Translate a text of the board."""
    return QCoreApplication.translate("Board", text)


def _rendering(progress: ShotProgress | None) -> CardState:
    if progress is None or not progress.steps:
        text = sentence(progress.phase) if progress and progress.phase else tr("Starting…")
        if progress and progress.still_s:
            return CardState("rendering", sentence(still_text(progress.still_s)), text, "play", "attention", 0.0)
        return CardState("rendering", text, text, "play", "accent", 0.0)
    done = progress.fraction
    why = tr("Take {0}, step {1} of {2}").format(progress.take_number, progress.step, progress.steps)
    if progress.still_s:
        return CardState("rendering", sentence(still_text(progress.still_s)), why, "play", "attention", done)
    parts = [f"{done:.0%}".replace("%", " %"), time_left(progress.seconds_left)]
    text = " · ".join(part for part in parts if part)
    return CardState("rendering", text, why, "play", "accent", done)


def _empty(shot: ShotView) -> CardState:
    if not shot.prompt.strip():
        return CardState("empty", tr("Needs a prompt"), tr("Press Enter to write what happens."), "edit", "muted")
    why = said(tr("Press {shot.generate} to generate it."))
    return CardState("empty", tr("Not generated yet"), why, "play", "muted")


def _short(reasons: tuple[str, ...]) -> str:
    first = sentence(reasons[0])
    return first if len(reasons) == 1 else tr("{0} (+{1})").format(first, len(reasons) - 1)
