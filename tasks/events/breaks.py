"""Breaks of a past range, and closes that come back inside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.events.bars import Bars
from tasks.events.measures import past_high, past_low, ratio
from tasks.kernels.onset import Flags, Indices, first_below, onset
from tasks.kernels.rolling import Reals


@dataclass(frozen=True, eq=False)
class Breaks:
    """Closes beyond the range of the bars before.

    Attributes
    ----------
    high, low : array of float64, shape (n,)
        The range's edges, prices.
    up, down : array of bool, shape (n,)
        Whether the bar closes beyond the edge.
    reach : array of float64, shape (n,)
        Log distance beyond the edge over the log width of the range; NaN where inside.
    """

    high: Reals
    low: Reals
    up: Flags
    down: Flags

    @property
    def side(self) -> NDArray[np.int8]:
        return self.up.astype(np.int8) - self.down.astype(np.int8)

    @property
    def width(self) -> Reals:
        return np.log(ratio(self.high, self.low))


@dataclass(frozen=True, eq=False)
class Returns:
    """Closes back inside a range after a break of it.

    Attributes
    ----------
    side : array of int8, shape (n,)
        Against the break where a return stands, 0 elsewhere.
    depth : array of float64, shape (n,)
        Log distance of the close inside the broken edge; NaN elsewhere.
    width : array of float64, shape (n,)
        Log width of the broken range; NaN elsewhere.
    anchor : array of int64, shape (n,)
        The bar of the break; -1 elsewhere.
    """

    side: NDArray[np.int8]
    depth: Reals
    width: Reals
    anchor: Indices
