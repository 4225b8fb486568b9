"""Where things stand on a card and on a row: rectangles that painting, hovering and clicking share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from PySide6.QtCore import QRect, QSize

from app.theme.tokens import SPACE

GAP = 3 * SPACE  # between cards; the cut or continuation mark and the + stand in it
NARROWEST = 208  # of a card
WIDEST = 360
ROW = 64
NARROW_ROW = 720  # of a list: below this width a row has no column of its own for the state
FACTS = 14 * SPACE
MARK = 16  # side of the cut or continuation mark
BADGE = 20  # height of what lies on a poster
PROMPT = 36  # two lines of body text
LINE = 18  # one line of small text
ASPECT = 16 / 9  # until a poster says otherwise


@dataclass(frozen=True, slots=True)
class Shape:
    """The parts of one card or row, relative to the corner of its cell."""

    frame: QRect
    poster: QRect
    number: QRect
    mark: QRect
    prompt: QRect
    facts: QRect
    state: QRect


def columns(width: int) -> int:
    """How many cards stand beside each other."""
    return max(1, width // (NARROWEST + GAP))


def card_cell(width: int, aspect: float) -> QSize:
    """The cell of one card, its share of the gaps included, for a board of this width."""
    cell = min(width // columns(width), WIDEST + GAP)
    poster = round((cell - GAP) / aspect)
    return QSize(cell, poster + SPACE + PROMPT + SPACE // 2 + 2 * LINE + SPACE + 2 * SPACE)


@lru_cache(maxsize=64)
def card_shape(cell: QSize, aspect: float) -> Shape:
    """Lay out a card: poster, two lines of prompt, a line of facts, a line of state."""
    frame = QRect(GAP // 2, SPACE, cell.width() - GAP, cell.height() - 2 * SPACE)
    poster = QRect(frame.x(), frame.y(), frame.width(), round(frame.width() / aspect))
    left, width = frame.x() + SPACE, frame.width() - 2 * SPACE
    prompt = QRect(left, poster.bottom() + 1 + SPACE, width, PROMPT)
    facts = QRect(left, prompt.bottom() + 1 + SPACE // 2, width, LINE)
    state = QRect(left, facts.bottom() + 1, width, LINE)
    number = QRect(poster.x() + SPACE // 2 + 2, poster.y() + SPACE // 2 + 2, 0, BADGE)  # as wide as its digits
    mark = QRect(-MARK // 2, poster.center().y() - MARK // 2, MARK, MARK)
    return Shape(frame, poster, number, mark, prompt, facts, state)


@lru_cache(maxsize=64)
def row_shape(cell: QSize, aspect: float) -> Shape:
    """Lay out a row: number, mark, poster, prompt, state, facts."""
    frame = QRect(SPACE, 2, cell.width() - 2 * SPACE, cell.height() - 4)
    height = frame.height() - SPACE
    top = frame.y() + SPACE // 2
    number = QRect(frame.x(), top, 5 * SPACE, height)
    mark = QRect(number.right() + 1, frame.center().y() - MARK // 2, MARK, MARK)
    poster = QRect(mark.right() + 1 + SPACE, top, min(round(height * aspect), 16 * SPACE), height)
    facts = QRect(frame.right() - SPACE - FACTS, top, FACTS, height)
    left, right = poster.right() + 1 + 2 * SPACE, facts.left() - 2 * SPACE
    if cell.width() < NARROW_ROW:  # the state goes below one line of prompt
        prompt = QRect(left, frame.center().y() - LINE, right - left, LINE)
        state = QRect(left, frame.center().y() + 2, right - left, LINE)
    else:
        middle = left + round((right - left) * 0.6)
        prompt = QRect(left, top, middle - left, height)
        state = QRect(middle + 2 * SPACE, top, right - middle - 2 * SPACE, height)
    return Shape(frame, poster, number, mark, prompt, facts, state)
