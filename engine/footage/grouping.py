"""Which shots of a clip belong to one scene, by what they look like and how closely they follow.

The rule (overlapping links): two shots at most three places apart are linked when they look alike; a scene ends where
no link reaches across, where more than two seconds lie between two shots, or after nine shots (the window that Long
Context Tuning was trained with). So a scene that is cut A B A B stays whole. "Looks alike" is the overlap of colour
histograms: light and place count, not who is in the picture. A sidecar that names scenes is believed instead.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.footage.shots import Numbers, Span

ALIKE = 0.6  # overlap of histograms, 0 to 1
GAP_SECONDS = 2.0
WINDOW = 9
REACH = 3  # places that a link may span


def overlap(one: Numbers, other: Numbers) -> float:
    """The largest overlap of any of one shot's pictures (n, bins) with any of the other's."""
    return float(np.minimum(one[:, None], other[None]).sum(-1).max())


def group(spans: Sequence[Span], fps: float) -> list[list[Span]]:
    """Shots in order -> scenes in order."""
    scenes: list[list[Span]] = []
    reached = -1  # the last shot that a link from this scene reaches
    for number, span in enumerate(spans):
        far = number > 0 and (span.start - spans[number - 1].stop) / fps > GAP_SECONDS
        if number > reached or far or len(scenes[-1]) >= WINDOW:
            scenes.append([])
            reached = number
        scenes[-1].append(span)
        near = range(number + 1, min(number + REACH, len(spans) - 1) + 1)
        reached = max([reached, *(n for n in near if overlap(span.look, spans[n].look) >= ALIKE)])
    return scenes
