"""The icons, as the inside of a 24 x 24 SVG. `{c}` is the colour; lines are 1.75 wide with round ends.

Drawn for Matchcut, one visual weight for all: a line unless the sign is solid everywhere else too (play, stop).
"""

from __future__ import annotations

FRAME = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="{c}" stroke-width="1.75" '
    'stroke-linecap="round" stroke-linejoin="round">%s</svg>'
)
_SOLID = 'fill="{c}"'
_STAR = "M12 3.6l2.6 5.3 5.8.8-4.2 4.1 1 5.8-5.2-2.7-5.2 2.7 1-5.8-4.2-4.1 5.8-.8z"


_FIVE = ((9, 9), (15, 9), (12, 12), (9, 15), (15, 15))


def _path(*lines: str, extra: str = "") -> str:
    return "".join(f'<path d="{line}" {extra}/>' for line in lines)


DRAWINGS: dict[str, str] = {
    "plus": _path("M12 5v14M5 12h14"),
    "minus": _path("M5 12h14"),
    "play": _path("M8 5.2v13.6l10.6-6.8z", extra=_SOLID),
    "pause": _path("M8.5 6v12M15.5 6v12", extra='stroke-width="3"'),
    "stop": f'<rect x="6.5" y="6.5" width="11" height="11" rx="1" {_SOLID}/>',
    "step-back": _path("M17 6v12l-8-6z", extra=_SOLID) + _path("M6.5 6v12"),
    "step-forward": _path("M7 6v12l8-6z", extra=_SOLID) + _path("M17.5 6v12"),
    "loop": _path("M17 3l3 3-3 3", "M4 11.5V10a4 4 0 0 1 4-4h12", "M7 21l-3-3 3-3", "M20 12.5V14a4 4 0 0 1-4 4H4"),
    "fullscreen": _path("M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"),
    "queue": _path("M4 6h16M4 12h10M4 18h10", "M17.5 13v6l4.5-3z"),
    "regenerate": _path("M19.5 12a7.5 7.5 0 1 1-2.4-5.5L19.5 9", "M19.5 4v5h-5"),
    "refresh": _path(
        "M4.5 11a7.5 7.5 0 0 1 13-4l2 2.2", "M19.5 4.5v4.7h-4.7",
        "M19.5 13a7.5 7.5 0 0 1-13 4l-2-2.2", "M4.5 19.5v-4.7h4.7",
    ),
    "extend": '<rect x="3" y="7" width="9" height="10" rx="1.5"/>'
    + _path("M15 12h6M18.5 9.5L21 12l-2.5 2.5"),
    "lock": '<rect x="5" y="11" width="14" height="9" rx="1.5"/>' + _path("M8 11V8a4 4 0 0 1 8 0v3"),
    "unlock": '<rect x="5" y="11" width="14" height="9" rx="1.5"/>'
    + _path("M8 11V8a4 4 0 0 1 7.7-1.5"),
    "star": _path(_STAR),
    "star-filled": _path(_STAR, extra=_SOLID),
    "check": _path("M5 12.5l4.5 4.5L19 7.5"),
    "cross": _path("M6 6l12 12M18 6L6 18"),
    "warning": _path("M12 4.5L21 19.5H3z", "M12 10v4.5M12 17v.1"),
    "info": '<circle cx="12" cy="12" r="8.5"/>' + _path("M12 11v5.5M12 7.8v.1"),
    "link": _path(
        "M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1",
        "M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1",
    ),
    "cut": '<circle cx="6" cy="7" r="2.5"/><circle cx="6" cy="17" r="2.5"/>'
    + _path("M8 8.5L20 17M8 15.5L20 7"),
    "trash": _path("M4.5 7h15M9 7V4.5h6V7M6.5 7l.8 12.5h9.4L17.5 7M10 11v5M14 11v5"),
    "duplicate": '<rect x="8.5" y="8.5" width="11" height="11" rx="1.5"/>'
    + _path("M15.5 5.5v-1H4.5v11h1"),
    "search": '<circle cx="10.5" cy="10.5" r="6"/>' + _path("M15 15l5 5"),
    "gear": '<circle cx="12" cy="12" r="3"/>'
    + _path(
        "M12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.2 2.2",
        "M16.2 16.2l2.2 2.2M18.4 5.6l-2.2 2.2M7.8 16.2l-2.2 2.2"
    ),
    "image": '<rect x="3.5" y="5" width="17" height="14" rx="1.5"/><circle cx="9" cy="10" r="1.5"/>'
    + _path("M4 17l5-4 3.5 2.5L16.5 11l4 4"),
    "person": '<circle cx="12" cy="8" r="3.7"/>' + _path("M5 20c.6-4 3.4-6 7-6s6.4 2 7 6"),
    "place": _path("M12 21c4.5-5 6.5-8.3 6.5-11.3a6.5 6.5 0 0 0-13 0C5.5 12.7 7.5 16 12 21z")
    + '<circle cx="12" cy="9.8" r="2.3"/>',
    "prop": _path("M12 3.5l7.5 4v9l-7.5 4-7.5-4v-9z", "M4.5 7.5l7.5 4 7.5-4M12 11.5v9"),
    "up": _path("M6 14.5l6-6 6 6"),
    "down": _path("M6 9.5l6 6 6-6"),
    "left": _path("M14.5 6l-6 6 6 6"),
    "right": _path("M9.5 6l6 6-6 6"),
    "more": "".join(f'<circle cx="{x}" cy="12" r="1" {_SOLID}/>' for x in (6, 12, 18)),
    "export": _path("M12 15V4M8 8l4-4 4 4M5 13v6.5h14V13"),
    "import": _path("M12 4v11M8 11l4 4 4-4M5 13v6.5h14V13"),
    "seed": '<rect x="4.5" y="4.5" width="15" height="15" rx="2.5"/>'
    + "".join(f'<circle cx="{x}" cy="{y}" r=".7" {_SOLID}/>' for x, y in _FIVE),
    "eye": _path("M2.5 12C5 7.5 8.2 5.5 12 5.5s7 2 9.5 6.5", "M2.5 12c2.5 4.5 5.7 6.5 9.5 6.5s7-2 9.5-6.5")
    + '<circle cx="12" cy="12" r="2.7"/>',
    "pin": _path("M9 4h6l-.5 6 3 3.5h-11l3-3.5zM12 13.5V20"),
    "ban": '<circle cx="12" cy="12" r="8"/>' + _path("M6.5 6.5l11 11"),
    "clock": '<circle cx="12" cy="12" r="8"/>' + _path("M12 7.5V12l3 2"),
    "edit": _path("M4.5 19.5l1-4L16 5l3 3L8.5 18.5z", "M14 7l3 3"),
    "grid": "".join(
        f'<rect x="{x}" y="{y}" width="6.5" height="6.5" rx="1"/>' for x in (4.5, 13) for y in (4.5, 13)
    ),
    "list": _path("M9 6.5h11M9 12h11M9 17.5h11M4.5 6.5h.5M4.5 12h.5M4.5 17.5h.5"),
    "folder": _path("M3.5 18.5v-12h6l2 2.5h9v9.5z"),
    "film": '<rect x="4" y="4.5" width="16" height="15" rx="1.5"/>'
    + _path("M8 4.5v15M16 4.5v15", "M4 9.5h4M4 14.5h4M16 9.5h4M16 14.5h4"),
    "thumb-down": _path("M7 4h9l3 9h-5.5l1 5.5a1.5 1.5 0 0 1-2.7 1L7 13.5zM7 4H4v9.5h3"),
}  # fmt: skip
