"""How long a shot may be: 4n+1 frames after a cut, 4n for a continuation, because four frames share one latent."""

from __future__ import annotations

from .errors import InvalidValue

SHORTEST = 5
LONGEST = 401
DEFAULT_CUT = 17


def normal_frames(frames: int, continues: bool) -> int:
    """Return the allowed length next to `frames`, the longer one of two. Raises InvalidValue outside 5..401."""
    if not SHORTEST <= frames <= LONGEST:
        raise InvalidValue(
            f"A shot cannot have {frames} frames.", f"Choose a length from {SHORTEST} to {LONGEST} frames."
        )
    extra = 0 if continues else 1
    length = (frames - extra + 2) // 4 * 4 + extra
    return min(max(length, 8 if continues else SHORTEST), LONGEST - (1 - extra))


def default_frames(continues: bool) -> int:
    """Return the length of a shot nobody has chosen one for: two seconds at eight frames a second."""
    return DEFAULT_CUT - 1 if continues else DEFAULT_CUT


def frames_when_switched(frames: int, continues: bool) -> int:
    """Return the length that a shot keeps when it becomes a cut or a continuation: 17 <-> 16."""
    return normal_frames(max(frames - 1, SHORTEST) if continues else frames + 1, continues)


def normal_extension(add_frames: int) -> int:
    """Return `add_frames` rounded up to whole latents (4 frames each). Raises InvalidValue below 1."""
    if not 1 <= add_frames <= LONGEST:
        raise InvalidValue(
            f"A shot cannot be made {add_frames} frames longer.", f"Add 4 to {LONGEST - SHORTEST} frames."
        )
    return (add_frames + 3) // 4 * 4
