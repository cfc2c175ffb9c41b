"""Event-study curves: how price came to an event, and what it did next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.schema import EVENT_PATHS
from lake.time import duration_ms, timeframe_of
from tasks.discovery.blocks import number_blocks
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.marks import locate
from tasks.kernels.clusters import sum_paths
from tasks.kernels.influence import estimate_rows

Reals = NDArray[np.float64]
Codes = NDArray[np.int64]
BPS = 1e4


def trace(
    market: str, bars: pl.DataFrame, events: pl.DataFrame, config: DiscoveryConfig
) -> pl.DataFrame:
    """Trace the mean path of price around each event in the discovery era.

    At offset k the mean of ``side * (C[t+k] / O[t+1] - 1)`` over the event's occurrences; for
    k >= 1 less the sides' mean times the same over every bar, so that drift is no effect. The
    band is clustered by calendar block, with the baseline's own error in it, t(G - 1).

    Parameters
    ----------
    market : str
    bars : DataFrame of BARS
    events : DataFrame of EVENTS
        All families', of this market; both of the discovery era.
    config : DiscoveryConfig

    Returns
    -------
    DataFrame of EVENT_PATHS
        Only occurrences whose whole path is in the era and without a gap count, so that n is the
        same at all offsets. The band is NaN for occurrences in fewer than two blocks.
    """
    times = bars["time"].dt.epoch("ms").to_numpy()
    held_ms = config.path_bars_after * duration_ms(timeframe_of(market))
    blocks = number_blocks(times, held_ms, config)
    prices = _Prices(
        bars["open"].to_numpy(), bars["close"].to_numpy(), blocks - blocks.min(initial=0)
    )
    whole = _find_whole(prices, config)
    everywhere = np.flatnonzero(whole)
    baseline = _tally(prices, everywhere, np.ones_like(everywhere), config)
    marks = locate(events, times)
    curves = [EVENT_PATHS.empty()]
    for code, name in enumerate(marks.names):
        chosen = (marks.codes == code) & whole[marks.rows]
        if chosen.any():
            event = _tally(prices, marks.rows[chosen], marks.sides[chosen], config)
            curve = _draw(event, baseline, config)
            curves.append(curve.with_columns(market=pl.lit(market), event=pl.lit(name)))
    drawn = [EVENT_PATHS.conform(curve) for curve in curves]
    return pl.concat(drawn).sort("event", "offset")


@dataclass(frozen=True)
class _Prices:
    """Opens, closes and calendar blocks (from 0) of the era's bars, each of shape (n,)."""

    open: Reals
    close: Reals
    blocks: Codes


@dataclass(frozen=True)
class _Tally:
    """Occurrences and sum of sides by block (G,), sum of signed returns by offset (K, G)."""

    n: Reals
    sides: Reals
    returns: Reals


def _find_whole(prices: _Prices, config: DiscoveryConfig) -> NDArray[np.bool_]:
    """Bars whose path lies inside the data and meets no gap."""
    before, after = config.path_bars_before, config.path_bars_after
    gaps = np.isnan(prices.open) | np.isnan(prices.close)
    seen = np.concatenate([[0], np.cumsum(gaps)])
    bar = np.arange(gaps.size)
    inside = (bar >= before) & (bar < gaps.size - after)
    first, last = np.maximum(bar - before, 0), np.minimum(bar + after + 1, gaps.size)
    return inside & (seen[last] == seen[first])


def _tally(prices: _Prices, rows: Codes, sides: Codes, config: DiscoveryConfig) -> _Tally:
    blocks = prices.blocks[rows]
    n_blocks = int(prices.blocks.max(initial=-1)) + 1
    path = (config.path_bars_before, config.path_bars_after)
    returns = sum_paths(prices.open, prices.close, rows, sides, blocks, n_blocks, *path)
    return _Tally(
        np.bincount(blocks, minlength=n_blocks).astype(np.float64),
        np.bincount(blocks, weights=sides, minlength=n_blocks).astype(np.float64),
        np.ascontiguousarray(returns.T),
    )


def _draw(event: _Tally, baseline: _Tally, config: DiscoveryConfig) -> pl.DataFrame:
    from scipy.stats import t

    offset = np.arange(-config.path_bars_before, config.path_bars_after + 1)
    held = np.broadcast_to(event.n, event.returns.shape).copy()
    mean, se, _ = estimate_rows(_subtract(event, baseline, offset > 0), held)
    freedom = max(int((event.n > 0).sum()) - 1, 1)
    width = t.isf((1.0 - config.path_band) / 2.0, freedom) * se
    return pl.DataFrame(
        {
            "offset": offset,
            "n": np.full(offset.size, int(event.n.sum())),
            "mean_bps": BPS * mean,
            "lower_bps": BPS * (mean - width),
            "upper_bps": BPS * (mean + width),
        }
    )


def _subtract(event: _Tally, baseline: _Tally, ahead: NDArray[np.bool_]) -> Reals:
    """The event's sums less the baseline's drift at the offsets that are `ahead` of it."""
    shown = ahead[:, None]
    count = baseline.n.sum()
    mu = np.where(shown, baseline.returns.sum(axis=1, keepdims=True) / count, 0.0)
    errors = np.where(shown, (baseline.returns - baseline.n * mu) / count, 0.0)
    return event.returns - event.sides * mu - event.sides.sum() * errors
