"""From plain values, as JSON gives them, to frozen dataclasses, with every field checked. Standard library only."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from typing import Any, Literal


class RecordError(ValueError):
    """Values that do not make a record; says which field does not fit."""


def build(cls: type, data: Any, where: str) -> Any:
    """The record of a JSON object, nested ones included. `where` names it in errors. Raises RecordError."""
    if not isinstance(data, dict):
        raise RecordError(f"{where} should be an object")
    hints = _hints(cls)
    unknown = set(data) - set(hints)
    if unknown:
        raise RecordError(f"{where} has fields this version does not know: {', '.join(sorted(unknown))}")
    values = {key: _convert(hints[key], value, f"{where}.{key}") for key, value in data.items()}
    try:
        return cls(**values)
    except TypeError as error:
        raise RecordError(f"{where}: {error}") from error


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    """Types of a record's fields. Working them out takes longer than reading a line."""
    return typing.get_type_hints(cls)


def _convert(hint: Any, value: Any, where: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return build(typing.cast(type, hint), value, where)
    if origin is types.UnionType or origin is typing.Union:
        if value is None and type(None) in args:
            return None
        return _convert(next(arg for arg in args if arg is not type(None)), value, where)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise RecordError(f"{where} should be a list")
        item_hints = [args[0]] * len(value) if args[-1] is Ellipsis else list(args)
        if len(item_hints) != len(value):
            raise RecordError(f"{where} should be a list of {len(item_hints)}")
        return tuple(_convert(h, v, f"{where}[{i}]") for i, (h, v) in enumerate(zip(item_hints, value, strict=True)))
    if origin is Literal:
        if value not in args:
            raise RecordError(f"{where} is {value!r}, and should be one of {', '.join(map(str, args))}")
        return value
    if origin is dict:
        if not isinstance(value, dict):
            raise RecordError(f"{where} should be an object")
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint in (str, int, float, bool) and type(value) is not hint:
        raise RecordError(f"{where} should be {hint.__name__}, not {type(value).__name__}")
    return value
