"""Records as lines of JSON, and back, with every field checked."""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

from engine.contract.events import Cancel, Event, Notice
from engine.contract.requests import Request, SamplingSettings

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
