"""Plane maps as six numbers: (a, b, c, d, e, f) takes (x, y) to (a x + b y + c, d x + e y + f). y points down."""

from __future__ import annotations

from math import cos, radians, sin

Affine = tuple[float, float, float, float, float, float]

IDENTITY: Affine = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def translation(x: float, y: float) -> Affine:
    """Return the shift by (x, y)."""
    return (1.0, 0.0, x, 0.0, 1.0, y)


def scaling(sx: float, sy: float) -> Affine:
    """Return the scaling about the origin."""
    return (sx, 0.0, 0.0, 0.0, sy, 0.0)


def rotation(degrees: float) -> Affine:
    """Return the rotation about the origin, clockwise on the screen."""
    c, s = cos(radians(degrees)), sin(radians(degrees))
    return (c, -s, 0.0, s, c, 0.0)


def compose(*maps: Affine) -> Affine:
    """Return the map that applies the last one first."""
    a, b, c, d, e, f = maps[0]
    for g, h, i, j, k, m in maps[1:]:
        a, b, c, d, e, f = (
            a * g + b * j, a * h + b * k, a * i + b * m + c,
            d * g + e * j, d * h + e * k, d * i + e * m + f,
        )  # fmt: skip
    return (a, b, c, d, e, f)


def inverse(m: Affine) -> Affine:
    """Return the inverse map."""
    a, b, c, d, e, f = m
    n = a * e - b * d
    return (e / n, -b / n, (b * f - c * e) / n, -d / n, a / n, (c * d - a * f) / n)


def apply(m: Affine, x: float, y: float) -> tuple[float, float]:
    """Return the image of the point (x, y)."""
    return m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]
