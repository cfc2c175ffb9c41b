"""The equity curve as it is drawn: with its drawdown, thinned so that no extreme is lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.backtest.drawdown import depths

Reals = NDArray[np.float64]
Whole = NDArray[np.int64]
N_BUCKETS = 1200
VISIBLE_SHARE = 0.005


@dataclass(frozen=True, eq=False)
class Curve:
    """An account by the closes of its bars.

    Attributes
    ----------
    time : (n,) int64
        Close of the bar, ms since 1970.
    equity : (n,) float64
        In the account's currency.
    depth : (n,) float64
        Share of the peak so far that is lost.
    exposure : (n,) float64
        Value of the positions as a share of the equity; NaN where that is not above 0.
    """

    time: Whole
    equity: Reals
    depth: Reals
    exposure: Reals

    def at(self, rows: Whole) -> Curve:
        """The same at some of its bars."""
        return Curve(self.time[rows], self.equity[rows], self.depth[rows], self.exposure[rows])


def curve_of(equity: pl.DataFrame, capital: float) -> Curve:
    """Return the curve of EQUITY that started from `capital`; bars without a number are left out.

    Parameters
    ----------
    equity : pl.DataFrame
        EQUITY.
    capital : float
        The first peak.
    """
    known = equity.filter(pl.all_horizontal(pl.col("equity", "gross").is_finite())).sort("time")
    level, gross = (known[name].to_numpy() for name in ("equity", "gross"))
    alive = level > 0
    return Curve(
        time=known["time"].to_physical().to_numpy(),
        equity=level,
        depth=depths(np.append(capital, level))[1:],
        exposure=np.where(alive, gross / np.where(alive, level, 1.0), np.nan),
    )


def thin(curve: Curve, n_buckets: int = N_BUCKETS) -> Curve:
    """Keep the first and last bar and the extremes of each run of bars; a short curve stays whole.

    What is drawn through these is what would be drawn through all, as far as an eye can see: no
    peak, no trough and no depth is lost.
    """
    n = len(curve.time)
    if n <= 4 * n_buckets:
        return curve
    width = -(-n // n_buckets)
    starts = np.arange(0, n, width)
    kept = [starts, np.minimum(starts + width, n) - 1]
    for values in (curve.equity, curve.depth, curve.exposure):
        kept += _extremes(values, starts, width)
    return curve.at(np.unique(np.concatenate(kept)))


def _extremes(values: Reals, starts: Whole, width: int) -> list[Whole]:
    """Where the least and the largest value of each run stand; the last run may be short."""
    known = np.nan_to_num(values)
    rows = np.pad(known, (0, len(starts) * width - len(known)), mode="edge").reshape(-1, width)
    last = len(values) - 1
    return [np.minimum(starts + pick(rows, axis=1), last) for pick in (np.argmin, np.argmax)]


def holes(time: Whole, step: int) -> Whole:
    """Places after which so long nothing comes that a line must not be drawn across.

    Neighbours of a thinned curve lie closer together than what counts as visible.

    Parameters
    ----------
    time : (n,) int64
        Closes of bars that all are there, ms.
    step : int
        The usual distance of two, ms.
    """
    if len(time) < 2:
        return np.zeros(0, np.int64)
    least = max(1.5 * step, VISIBLE_SHARE * float(time[-1] - time[0]))
    return np.flatnonzero(np.diff(time) > least)
