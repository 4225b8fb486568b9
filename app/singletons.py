"""A guard against an abort: PySide6 6.12 on Python 3.11.

Its calls hand out None, True and False without counting the reference, which is right from Python 3.12 on, where these
objects are immortal. Before, every such call takes one reference away, and after some thousand calls the process aborts
("none_dealloc: deallocating None"). PySide6 6.11 counts correctly. Remove this when Python 3.11 is no longer supported.
"""

from __future__ import annotations

import ctypes
import sys

_PLENTY = 1 << 40  # references that no session uses up; far from overflowing a 64-bit count
_kept = False


def keep_singletons() -> None:
    """Give the singletons references in plenty. Safe to call twice; does nothing where they are immortal."""
    global _kept
    if _kept or sys.version_info >= (3, 12) or sys.implementation.name != "cpython":
        return
    _kept = True
    for single in (None, True, False, NotImplemented):
        ctypes.c_ssize_t.from_address(id(single)).value += _PLENTY
