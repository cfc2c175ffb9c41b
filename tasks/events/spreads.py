"""What a trade costs: the spread and the impact that bars betray, and prints across a gap."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.marks import Marks, marks
from tasks.events.measures import median, quantile, ratio, reaches
from tasks.kernels.regression import window_pair
from tasks.kernels.rolling import Reals, before, third
from tasks.kernels.spread import squared_edge


def edge_spread(bars: Bars, window: int) -> Reals:
    """``spread``: relative bid-ask spread, 0.01 for 1 %, estimated over `window` bars, shape (n,).

    Source: the EDGE estimator of Ardia, Guidotti and Kroencke (2024). What it estimates is the
    squared spread. Where that comes out below zero the bars show no spread, and the root of its
    size is given with a minus (the authors' `sign=True`): means over days keep what both signs
    say, and a trend does not pass for a wide spread. NaN in a gap, and where fewer than a third
    of the window's bars are there.
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
    64. A bar's quote volume is signed by its taker flow; a bar without flow by the sign of its
    return, by which the slope measures illiquidity rather than the flow's impact: it is several
    times smaller, so a source whose flow begins midway shows a step there.
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

    The spread is that before the bar, since the gap itself enters an estimate that holds it.
    Side: the gap's. Strength: the gap over the higher of the two thresholds.
    """

    def find() -> Marks:
        size = np.abs(gap(bars))
        usual = quantile(size, probability, history)
        threshold = np.fmax(usual, multiple * known_spread(bars, spread_window, history))
        return marks(reaches(size, threshold), gap(bars), ratio(size, threshold))

    return bars.once(("gap_prints", probability, multiple, spread_window, history), find)


def known_spread(bars: Bars, window: int, history: int) -> Reals:
    """The spread before each bar; where the bars showed none, the usual one, shape (n,).

    The usual one is the median of the estimates above zero among the `history` bars before; on
    liquid markets half of all estimates are not. NaN where fewer than a third of them are.
    """

    def measure() -> Reals:
        spread = before(edge_spread(bars, window))
        shown = np.where(spread > 0.0, spread, np.nan)
        return np.where(spread > 0.0, spread, median(shown, history))

    return bars.once(("known_spread", window, history), measure)
