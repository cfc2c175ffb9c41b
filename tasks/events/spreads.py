"""What a trade costs: the spread and the impact that bars betray, and prints across a gap."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.marks import Marks, marks
from tasks.events.measures import quantile, ratio, reaches
from tasks.kernels.regression import window_pair
from tasks.kernels.rolling import Reals, before, third
from tasks.kernels.spread import squared_edge


def edge_spread(bars: Bars, window: int) -> Reals:
    """``spread``: relative bid-ask spread, 0.01 for 1 %, estimated over `window` bars, shape (n,).

    Source: the EDGE estimator of Ardia, Guidotti and Kroencke (2024). What it estimates is the
    squared spread. Where that comes out below zero the bars show no spread and it is 0 here (the
    authors' package takes the root of its size instead, by which a trend has a wide spread).
    NaN in a gap, and where fewer than a third of the window's bars are there.
    """

    def measure() -> Reals:
        prices = (bars.open, bars.high, bars.low, bars.close)
        first = int(bars.time[0]) // bars.step_ms if len(bars) else 0
        squared = squared_edge(*prices, window, third(window), first)
        return np.where(bars.is_gap, np.nan, np.sign(squared) * np.sqrt(np.abs(squared)))

    return bars.once(("edge_spread", window), measure)


def kyle_lambda(bars: Bars, window: int) -> Reals:
    """Log return per unit of signed quote volume: the slope of a window's regression, shape (n,).

    Source: Kyle (1985), Econometrica 53; as a regression of bars Hasbrouck (2009), J. Finance
    64. A bar's quote volume is signed by its taker flow; where the source has none, by the sign
    of its return, by which the slope measures illiquidity rather than the flow's impact.
    """

    def measure() -> Reals:
        r = bars.log_return
        lean = np.where(np.isfinite(bars.flow), bars.flow, np.sign(r))
        slope, _ = window_pair(lean * bars.quote_volume, r, window, third(window))
        return np.where(bars.is_gap, np.nan, slope)

    return bars.once(("kyle_lambda", window), measure)


def illiquidity(bars: Bars) -> Reals:
    """Absolute log return per unit of quote volume, shape (n,); NaN without turnover.

    Source: Amihud (2002), J. Financial Markets 5.
    """
    return ratio(np.abs(bars.log_return), bars.quote_volume)


def gap(bars: Bars) -> Reals:
    """Log of the open over the close before, shape (n,)."""

    def measure() -> Reals:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.log(bars.open / before(bars.close))

    return bars.once(("gap",), measure)


def gap_prints(
    bars: Bars, *, probability: float, multiple: float, spread_window: int, history: int
) -> Marks:
    """Opens far from the close before: beyond a past quantile of gaps and some spreads.

    Side: the gap's. Strength: the gap over the higher of the two thresholds.
    """
    size = np.abs(gap(bars))
    usual = quantile(size, probability, history)
    threshold = np.maximum(usual, multiple * edge_spread(bars, spread_window))
    return marks(reaches(size, threshold), gap(bars), ratio(size, threshold))
