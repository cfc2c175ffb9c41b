"""Closes beyond the range of the bars before, and closes that come back inside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.events.bars import Bars
from tasks.events.measures import past_high, past_low, past_width, ratio
from tasks.kernels.onset import Indices, first_below, onset
from tasks.kernels.rolling import Reals


@dataclass(frozen=True, eq=False)
class Breaks:
    """Per bar, each of shape (n,).

    Attributes
    ----------
    side : array of int8
        +1 where the bar closes above the past range, -1 where below, 0 elsewhere.
    distance : array of float64
        Log distance of the close from the edge concerned; 0 where there is no break.
    width : array of float64
        Log width of the past range.
    anchor : array of int64
        Bar of the break.
    """

    side: NDArray[np.int8]
    distance: Reals
    width: Reals
    anchor: Indices

    @property
    def strength(self) -> Reals:
        """One plus the distance in units of the range."""
        return 1.0 + ratio(self.distance, self.width)


def closes_beyond(bars: Bars, window: int) -> Breaks:
    """Closes beyond the range of the `window` bars before."""
    high, low = past_high(bars, window), past_low(bars, window)
    side = (bars.close > high).astype(np.int8) - (bars.close < low)
    at, distance = np.flatnonzero(side != 0), np.zeros(len(bars))
    edge = np.where(side[at] > 0, high[at], low[at])
    distance[at] = np.abs(np.log(ratio(bars.close[at], edge)))
    return Breaks(side, distance, past_width(bars, window), np.arange(len(bars)))


def closes_back_inside(bars: Bars, window: int, within: int, margin: Reals) -> Breaks:
    """First closes back inside a broken range, at most `within` bars after the break.

    A break is the first close beyond in its direction for `within` bars. A close is inside when
    it is more than `margin` (log distance, shape (n,)) within the broken edge; side is against
    the break, distance is from the broken edge, anchor is the break. Distance and width are 0
    where there is none.
    """
    high, low = np.log(past_high(bars, window)), np.log(past_low(bars, window))
    close = bars.log_close
    failed_up = first_below(onset(close > high, within), high, close + margin, within)
    failed_down = first_below(onset(close < low, within), -low, margin - close, within)
    side = (failed_down >= 0).astype(np.int8) - (failed_up >= 0)
    anchor = np.maximum(failed_up, failed_down)
    at, distance, width = np.flatnonzero(side != 0), np.zeros(len(bars)), np.zeros(len(bars))
    began = anchor[at]
    edge = np.where(side[at] < 0, high[began], low[began])
    distance[at], width[at] = np.abs(close[at] - edge), (high - low)[began]
    return Breaks(side, distance, width, anchor)
