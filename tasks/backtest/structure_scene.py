"""What a picture of a market's structure is drawn from.

Along the picture bars are counted from its first; what began before it begins at -1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Whole = NDArray[np.int64]


class Box(NamedTuple):
    """A zone from its birth to its death, or to the end."""

    kind: str
    side: int
    start: float
    end: float
    bottom: float
    top: float
    value: float
    lives: bool


class Mark(NamedTuple):
    """Something at a bar: a swing with its name, or a decision with its word and fate."""

    at: int
    price: float
    side: int
    word: str
    fate: str = ""


class Link(NamedTuple):
    """From one bar and price to another: a trade, or a swing and what broke it."""

    start: float
    end: float
    first: float
    last: float
    side: int
    word: str


class Phase(NamedTuple):
    """A stretch of one of Wyckoff's phases, with the structure's edges."""

    start: float
    end: float
    side: int
    letter: str
    bottom: float
    top: float


@dataclass(frozen=True, eq=False)
class Scene:
    """A span of a market, n bars, with all that is drawn of it.

    Attributes
    ----------
    market, engine : str
    times : (n,) int64
        Opens, ms since 1970.
    bars : (5, n) float64
        Open, high, low, close, volume; NaN in a gap.
    score, stance : (n,) float64, (n,) int64
    contributions : (5, n) float64
    enter, leave : float
        Scores at which is entered and left.
    boxes, swings, breaks, phases, decisions, trades
        What is drawn among the bars; phases by what is read.
    """

    market: str
    engine: str
    times: Whole
    bars: Reals
    score: Reals
    stance: Whole
    contributions: Reals
    enter: float
    leave: float
    boxes: Sequence[Box]
    swings: Sequence[Mark]
    breaks: Sequence[Link]
    phases: Mapping[str, Sequence[Phase]]
    decisions: Sequence[Mark]
    trades: Sequence[Link]
