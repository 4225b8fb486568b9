"""Records as lines of JSON, and back, with every field checked."""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Mapping
from typing import Any

from engine.contract.events import Cancel, Event, Notice
from engine.contract.requests import Request, SamplingSettings
from engine.records import RecordError, build

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
    return typing.cast("Record", _made(_RECORDS[name], data, name))


def settings_of(plain: Mapping[str, Any]) -> SamplingSettings:
    """Sampling settings from plain values, as a document keeps them. Raises ContractError."""
    return typing.cast("SamplingSettings", _made(SamplingSettings, dict(plain), "settings"))


def _made(cls: type, data: Any, where: str) -> Any:
    try:
        return build(cls, data, where)
    except RecordError as error:
        raise ContractError(str(error)) from error
