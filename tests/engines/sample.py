"""A hand-drawn sample: a short chart that shows a structure, or just misses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Candle(NamedTuple):
    """One bar as it is drawn by hand."""

    open: float
    high: float
    low: float
    close: float
    volume: float = 100.0


@dataclass(frozen=True)
class Sample:
    """What is drawn, and what must be read in it.

    Attributes
    ----------
    name : str
        Unique; becomes the name of a picture.
    engine, event : str
        Names of the engine and of its event.
    is_positive : bool
        Whether the event stands at `bar`; a near miss shows where it would have stood.
    caption : str
        One sentence: what is seen, or which condition is just missed.
    candles : tuple of Candle
    bar : int
        At whose close the event becomes known.
    side : int
    """

    name: str
    engine: str
    event: str
    is_positive: bool
    caption: str
    candles: tuple[Candle, ...]
    bar: int
    side: int

    @property
    def chart(self) -> NDArray[np.float64]:
        """Open, high, low, close, volume, shape (5, n)."""
        return np.array(self.candles, dtype=np.float64).T.copy()
