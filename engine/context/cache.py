"""The content-addressed cache of context keys and values: device tier, host tier, byte budgets, LRU, pinning.

K/V is disposable: latents on disk are the truth, and anything dropped is rebuilt by one forward. What does not fit on
the device goes to pinned host memory and is read from there a layer at a time, the next layer on its way while one is
used; what does not fit there either is dropped. Entries in use are pinned and never dropped; when a budget cannot be
met because of pins, the cache grows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import overload

import torch
from torch import Tensor

from engine.context.packing import LayerKV, PackedKV, Packing, pack, unpack

__all__ = ["CacheStatistics", "ContextCache", "HeldLayers", "LayerKV"]

Stored = LayerKV | PackedKV


@dataclass(slots=True)
class CacheStatistics:
    """Counted since the cache was made."""

    hits: int = 0
    misses: int = 0
    moved_to_host: int = 0
    moved_to_device: int = 0
    dropped: int = 0
    layers_streamed: int = 0  # read from the host a layer at a time


@dataclass(slots=True)
class _Entry:
    layers: list[Stored]
    bytes: int
    on_device: bool
    pins: int = 0


class LayerSequence(Sequence[LayerKV]):
    """Keys and values by layer, each made when it is read."""

    def layer(self, number: int) -> LayerKV:
        """Those of one layer."""
        raise NotImplementedError

    @overload
    def __getitem__(self, index: int) -> LayerKV: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[LayerKV]: ...
    def __getitem__(self, index: int | slice) -> LayerKV | Sequence[LayerKV]:
        if isinstance(index, slice):
            return [self.layer(n) for n in range(*index.indices(len(self)))]
        if index >= len(self):
            raise IndexError(index)
        return self.layer(index)


class HeldLayers(LayerSequence):
    """Keys and values of one entry by layer, on the device when read, wherever they are kept."""

    def __init__(self, entry: _Entry, device: torch.device, statistics: CacheStatistics) -> None:
        self._entry, self._device, self._statistics = entry, device, statistics
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        self._coming: tuple[int, Stored, torch.cuda.Event | None] | None = None

    def __len__(self) -> int:
        return len(self._entry.layers)

    def layer(self, number: int) -> LayerKV:
        """On the device, whole; of an entry on the host the next layer is sent for as well."""
        stored = self._entry.layers[number]
        if not self._entry.on_device:
            self._statistics.layers_streamed += 1
            stored = self._arrived(number)
            if number + 1 < len(self):
                self._send(number + 1)
        return unpack(stored) if isinstance(stored, PackedKV) else stored

    def _arrived(self, index: int) -> Stored:
        if self._coming is None or self._coming[0] != index:
            self._send(index)
        assert self._coming is not None
        _, stored, event = self._coming
        self._coming = None
        if event is not None:
            current = torch.cuda.current_stream(self._device)
            current.wait_event(event)
            for tensor in _tensors(stored):
                tensor.record_stream(current)
        return stored

    def _send(self, index: int) -> None:
        """Start copying a layer to the device, beside what is being computed where there are streams."""
        stored = self._entry.layers[index]
        if self._stream is None:
            self._coming = index, _moved(stored, lambda t: t.to(self._device)), None
            return
        with torch.cuda.stream(self._stream):
            sent = _moved(stored, lambda t: t.to(self._device, non_blocking=True))
            event = torch.cuda.Event()
            event.record(self._stream)
        self._coming = index, sent, event


@dataclass(slots=True)
class ContextCache:
    """`device_bytes`, `host_bytes`: budgets. Without an accelerator there is one tier, unless `host_tier` says so.

    `packing` keeps everything in eight bits from the start: what a shot sees never depends on what was evicted when.
    `by_layer`: contexts are joined a layer at a time while they are read, and not copied as a whole.
    """

    device: torch.device
    device_bytes: int = 2 << 30
    host_bytes: int = 4 << 30
    packing: Packing | None = None
    by_layer: bool = False
    host_tier: bool | None = None
    statistics: CacheStatistics = field(default_factory=CacheStatistics)
    _entries: OrderedDict[str, _Entry] = field(default_factory=OrderedDict)

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def used(self, on_device: bool) -> int:
        """Bytes in a tier."""
        return sum(e.bytes for e in self._entries.values() if e.on_device == on_device)

    def get(self, key: str, build: Callable[[], Sequence[LayerKV]]) -> HeldLayers:
        """The K/V of `key`; `build` is called (one forward) when it is in no tier."""
        entry = self._entries.get(key)
        if entry is None:
            self.statistics.misses += 1
            layers: list[Stored] = [pack(layer, self.packing) if self.packing else layer for layer in build()]
            entry = _Entry(layers, sum(t.nbytes for stored in layers for t in _tensors(stored)), on_device=True)
            self._entries[key] = entry
        else:
            self.statistics.hits += 1
            self._to_device(entry)
        self._entries.move_to_end(key)
        entry.pins += 1  # what was asked for now must not be what makes room
        try:
            self._make_room()
        finally:
            entry.pins -= 1
        return HeldLayers(entry, self.device, self.statistics)

    @contextmanager
    def pinned(self, keys: Sequence[str]) -> Iterator[None]:
        """While open, these keys (present or not yet) are not dropped once they are here."""
        held: list[_Entry] = []
        for key in keys:
            if key in self._entries:
                self._entries[key].pins += 1
                held.append(self._entries[key])
        try:
            yield
        finally:
            for entry in held:
                entry.pins -= 1
            self._make_room()

    def clear(self) -> None:
        """Drop everything that is not pinned (after out-of-memory, or when another model is loaded)."""
        for key in [k for k, e in self._entries.items() if not e.pins]:
            self._drop(key)

    def set_budgets(self, device_bytes: int, by_layer: bool) -> None:
        """Change how much stays on the device; what is over goes to the host now."""
        self.device_bytes, self.by_layer = device_bytes, by_layer
        self._make_room()

    @property
    def _has_host_tier(self) -> bool:
        wanted = self.device.type != "cpu" if self.host_tier is None else self.host_tier
        return wanted and self.host_bytes > 0

    def _to_device(self, entry: _Entry) -> None:
        if not entry.on_device and entry.bytes <= self.device_bytes:
            entry.layers = [_moved(stored, lambda t: t.to(self.device)) for stored in entry.layers]
            entry.on_device = True
            self.statistics.moved_to_device += 1

    def _make_room(self) -> None:
        if self._has_host_tier:
            # Pins keep an entry from being dropped, not from being read from the host.
            for pinned in (False, True):
                for key in self._oldest(on_device=True, over=self.device_bytes, pinned=pinned):
                    self._move_to_host(self._entries[key])
            for key in self._oldest(on_device=False, over=self.host_bytes, pinned=False):
                self._drop(key)
        else:
            for key in self._oldest(on_device=True, over=self.device_bytes, pinned=False):
                self._drop(key)

    def _move_to_host(self, entry: _Entry) -> None:
        entry.layers = [_moved(stored, _to_host) for stored in entry.layers]
        entry.on_device = False
        self.statistics.moved_to_host += 1

    def _oldest(self, on_device: bool, over: int, pinned: bool) -> list[str]:
        """Keys to evict from a tier, least recently used first, until it fits."""
        excess = self.used(on_device) - over
        keys: list[str] = []
        for key, entry in self._entries.items():
            if excess <= 0:
                break
            if entry.on_device == on_device and bool(entry.pins) == pinned:
                keys.append(key)
                excess -= entry.bytes
        return keys

    def _drop(self, key: str) -> None:
        del self._entries[key]
        self.statistics.dropped += 1


def _tensors(stored: Stored) -> tuple[Tensor, ...]:
    return stored.tensors if isinstance(stored, PackedKV) else stored


def _moved(stored: Stored, move: Callable[[Tensor], Tensor]) -> Stored:
    if isinstance(stored, PackedKV):
        return stored.with_tensors(tuple(move(t) for t in stored.tensors))
    return move(stored[0]), move(stored[1])


def _to_host(x: Tensor) -> Tensor:
    host = torch.empty(x.shape, dtype=x.dtype, pin_memory=torch.cuda.is_available())
    return host.copy_(x)
