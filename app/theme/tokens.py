"""Everything the eye meets again and again: one spacing unit, one type scale, two sets of colours.

Posters are the colour of this program, so its own colours are grey; the accent marks selection and focus alone, and
the three signal colours appear only as small marks beside a word that says the same.
"""

from __future__ import annotations

from dataclasses import dataclass

SPACE = 8  # distances are SPACE // 2, SPACE, 2 * SPACE, 3 * SPACE
RADIUS = 6  # of cards, buttons and fields
TARGET = 28  # least height in pixels of what is clicked

# The type scale, in pixels.
TYPE_SMALL = 11  # captions, badges, units
TYPE_BODY = 13  # everything else
TYPE_HEADING = 15  # the head of a panel or group
TYPE_TITLE = 20  # empty states, dialogs


@dataclass(frozen=True, slots=True)
class Colours:
    """One theme, each colour as `#rrggbb`."""

    window: str  # behind everything
    surface: str  # panels, cards, menus
    raised: str  # buttons, hovered cards
    field: str  # text fields, lists
    well: str  # behind pictures and video
    line: str  # separators, frames of fields
    text: str
    muted: str  # second in rank; still readable (4.5:1 on `surface`)
    faint: str  # disabled and placeholder text
    accent: str  # selection frames, focus rings, the primary button
    on_accent: str
    selected: str  # background of selected rows and cards
    good: str  # done, saved
    attention: str  # stale, waiting for the user
    bad: str  # failed


DARK = Colours(
    window="#17181a",
    surface="#1f2023",
    raised="#2a2c30",
    field="#191a1c",
    well="#0f1011",
    line="#36383d",
    text="#e4e4e2",
    muted="#a3a5a8",
    faint="#74777c",
    accent="#8fb0d9",
    on_accent="#10151c",
    selected="#2b3440",
    good="#86b894",
    attention="#d8ae6c",
    bad="#e08a80",
)

LIGHT = Colours(
    window="#ededeb",
    surface="#f8f8f6",
    raised="#ffffff",
    field="#ffffff",
    well="#dcdcd9",
    line="#d0d0cc",
    text="#222426",
    muted="#5d6064",
    faint="#8c8f93",
    accent="#356196",
    on_accent="#ffffff",
    selected="#dde6f1",
    good="#2f7045",
    attention="#87590b",
    bad="#ae382c",
)
