"""Events of friction: trading becomes dearer."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.marks import Marks, marks
from tasks.events.measures import quantile, ratio, reaches
from tasks.events.registry import event
from tasks.events.spreads import edge_spread, kyle_lambda
from tasks.kernels.onset import last_true
from tasks.kernels.rolling import third, window_mean


@event(lookback=("history", "mean", "window", 4), needs="O", mirrored=True)
def spread_regime_widening(
    bars: Bars,
    *,
    probability: float = 0.8,
    window: str = "1d",
    mean: str = "1d",
    history: str = "60d",
) -> Marks:
    """The day's mean spread crosses up into its past upper fifth (EDGE, 2024; catalogue).

    Estimates below zero count in the mean with their sign: left out, calm days would look dear
    (Ardia, Guidotti and Kroencke 2024). Side: none. Strength: the mean over its quantile.
    """
    n = bars.n(mean)
    level = window_mean(edge_spread(bars, bars.n(window)), n, third(n))
    level = np.where(bars.is_gap, np.nan, level)
    threshold = quantile(level, probability, bars.n(history))
    return marks(reaches(level, threshold), 0, ratio(level, threshold))


@event(lookback=("history", "window", "fewest", "impact_window", 3), needs="OV", mirrored=True)
def slippage_spike(
    bars: Bars,
    *,
    notional_quote: float = 100_000.0,
    probability: float = 0.99,
    window: str = "1d",
    impact_window: str = "8h",
    fewest: int = 8,
    history: str = "10d",
) -> Marks:
    """Taking a fixed amount costs more than it usually did (Kyle 1985; catalogue).

    The cost is half the spread and Kyle's lambda times the amount; neither is below zero. See
    `tasks.events.spreads` for both. Side: none. Strength: the cost over its quantile.
    """
    half_spread = 0.5 * np.maximum(edge_spread(bars, bars.n(window)), 0.0)
    impact = np.maximum(kyle_lambda(bars, max(fewest, bars.n(impact_window))), 0.0)
    cost = half_spread + impact * notional_quote
    threshold = quantile(cost, probability, bars.n(history))
    return marks(reaches(cost, threshold), 0, ratio(cost, threshold))


@event(lookback=("longest_gap", 1), needs="X", mirrored=True)
def fee_regime_change(bars: Bars, *, longest_gap: str = "1d") -> Marks:
    """The venue's fee, by the user's dated table, is another than at the bar before (catalogue).

    A step within a gap stands at the first bar after it, if the gap is no longer than
    `longest_gap`. Side: none. Strength: the step relative to the former fee, or to the new one
    where the former was zero.
    """
    last = last_true(~bars.is_gap)
    changed, strength = (np.abs(bars.fee - bars.fee[last]) > 0.0) & (last >= 0), np.zeros(len(bars))
    at = np.flatnonzero(changed)
    new, former = bars.fee[at], bars.fee[last[at]]
    changed[at] = (at - last[at] <= bars.n(longest_gap)) & ~bars.is_gap[at]
    strength[at] = ratio(np.abs(new - former), np.abs(np.where(former == 0.0, new, former)))
    return marks(changed, 0, strength)
