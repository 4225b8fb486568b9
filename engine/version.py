"""Which Matchcut this is. Imports nothing heavy: a worker says it before it has loaded anything."""

from __future__ import annotations

from importlib import metadata


def engine_version() -> str:
    """The installed version of Matchcut."""
    try:
        return metadata.version("matchcut")
    except metadata.PackageNotFoundError:
        return "0+source"
