"""What a take is, in words: how it was made, what it saw. Shared by the panel and the comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QDateTime, QLocale

from storyboards.views import ContextView, TakeView

SETTINGS: Mapping[str, object] = {
    "steps": QT_TRANSLATE_NOOP("Takes", "Steps"),
    "text_guidance": QT_TRANSLATE_NOOP("Takes", "Text guidance"),
    "context_guidance": QT_TRANSLATE_NOOP("Takes", "Context guidance"),
    "guidance_from": QT_TRANSLATE_NOOP("Takes", "Guidance from noise"),
    "sampler": QT_TRANSLATE_NOOP("Takes", "Sampler"),
    "shift": QT_TRANSLATE_NOOP("Takes", "Shift"),
    "two_sided": QT_TRANSLATE_NOOP("Takes", "Sees later shots"),
    "joint": QT_TRANSLATE_NOOP("Takes", "Made together"),
    "loras": QT_TRANSLATE_NOOP("Takes", "LoRAs"),
    "first_frame": QT_TRANSLATE_NOOP("Takes", "First frame"),
    "step_cache": QT_TRANSLATE_NOOP("Takes", "Step cache"),
}


def say(text: str) -> str:
    """Translate in this room's context."""
    return QCoreApplication.translate("Takes", text)


def facts(take: TakeView) -> Iterator[tuple[str, str]]:
    """Name and value of all that made a take, prompt and seed apart."""
    seconds = take.frames / take.fps if take.fps else 0.0
    yield say("Length"), say("{frames} frames, {seconds} s").format(frames=take.frames, seconds=_number(seconds, 2))
    yield say("Size"), f"{take.size[0]} × {take.size[1]}"
    for key in [*SETTINGS, *(key for key in take.settings if key not in SETTINGS)]:
        value = take.settings.get(key)
        if value is not None and not (key in ("two_sided", "joint") and value is False):
            yield say(str(SETTINGS.get(key, key))), setting(value)
    yield say("Model"), take.model
    if take.extends:
        yield say("Extends"), say("an earlier take of the shot")


def made(take: TakeView) -> str:
    """When it was made, how long that took, by which engine."""
    when = QLocale().toString(QDateTime.fromSecsSinceEpoch(int(take.created_at)), QLocale.FormatType.ShortFormat)
    return say("{when}, in {seconds} s").format(when=when, seconds=_number(take.seconds, 1))


def saw(item: ContextView) -> str:
    """One line of what a take saw."""
    roles = {"recent": say("continued"), "joint": say("made together")}
    parts = [item.name[:1].upper() + item.name[1:]]
    if item.role in roles:
        parts.append(roles[item.role])
    if item.side == "after":
        parts.append(say("later"))
    if item.noise:
        parts.append(say("noise {level}").format(level=_number(item.noise, 2)))
    return "  ·  ".join(parts)


def setting(value: Any) -> str:
    """A setting's value as people write it."""
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    if isinstance(value, (list, tuple)):
        return "\n".join(map(setting, value))
    if isinstance(value, Mapping):
        return _of_file(value) if "name" in value else ", ".join(f"{key} {value[key]}" for key in value)
    return _number(value, 3) if isinstance(value, float) else str(value)


def _of_file(value: Mapping[str, Any]) -> str:
    """A LoRA or a picture, as the engine wrote it down."""
    experts = {"high": say("high noise"), "low": say("low noise")}
    parts = [str(value["name"])]
    if "strength" in value:
        parts.append(_number(float(value["strength"]), 3))
    if value.get("expert") in experts:
        parts.append(experts[value["expert"]])
    return "  ·  ".join(parts)


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else str(round(value))
