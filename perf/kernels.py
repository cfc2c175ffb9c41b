"""Kernels against what a user would reach for: the same by polars or plain Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl

from perf.harness import Bench, Work
from tasks.kernels.ewm import half_life_decay, weighted_mean
from tasks.kernels.forward import forward_outcomes
from tasks.kernels.quantiles import past_quantile, past_robust_z
from tasks.kernels.regression import window_line, window_pair
from tasks.kernels.rolling import Reals, window_max, window_mean, window_std
from tasks.kernels.shrinkage import paule_mandel

N_LONG, N_BARS = 631_000, 100_000
SIXTY_DAYS, TEN_DAYS, ONE_DAY, ONE_HOUR = 17_280, 2_880, 288, 12
N_CELLS = 10_000
SEED = 11

Sides = dict[str, tuple[str, Work, Work]]


def benches(wanted: Callable[[str], bool]) -> Iterator[Bench]:
    """One per kind of kernel; those over windows for a day, ten days and sixty of 5m."""
    rng = np.random.default_rng(SEED)
    x = rng.standard_t(4, N_LONG)
    sides: Sides = {}
    for window in (ONE_DAY, TEN_DAYS, SIXTY_DAYS):
        of = _order_sides(x, window) | _moment_sides(x, window) | _regression_sides(x, window)
        sides |= {f"{name}, {window} bars": side for name, side in of.items()}
    sides |= _market_sides(rng)
    sides |= _cell_sides(rng)
    for name, (peer, ours, theirs) in sides.items():
        if wanted(name):
            yield Bench(name, peer, ours, theirs)


def _order_sides(x: Reals, window: int) -> Sides:
    column = pl.Series(x)  # not shifted: a first null would cost polars tenfold
    return {
        "past quantile": (
            "polars rolling_quantile",
            lambda: past_quantile(x, window, 0.99, 1),
            lambda: column.rolling_quantile(0.99, "linear", window),
        ),
        "past robust z": (
            "polars rolling_median alone",
            lambda: past_robust_z(x, window, 1),
            lambda: column.rolling_median(window),
        ),
    }


def _moment_sides(x: Reals, window: int) -> Sides:
    column = pl.Series(x)
    return {
        "window mean": (
            "polars rolling_mean",
            lambda: window_mean(x, window, 1),
            lambda: column.rolling_mean(window),
        ),
        "window std": (
            "polars rolling_std",
            lambda: window_std(x, window, 1),
            lambda: column.rolling_std(window),
        ),
        "window max": (
            "polars rolling_max",
            lambda: window_max(x, window, 1),
            lambda: column.rolling_max(window),
        ),
        "decayed mean": (
            "polars ewm_mean",
            lambda: weighted_mean(x, half_life_decay(window // 8), window, 1),
            lambda: column.ewm_mean(half_life=window // 8),
        ),
    }


def _regression_sides(x: Reals, window: int) -> Sides:
    y = x[::-1].copy()
    frame = pl.DataFrame({"x": x, "y": y}).with_row_index("t")
    return {
        "window pair": (
            "polars rolling means of products",
            lambda: window_pair(x, y, window, 3),
            lambda: frame.select(_polars_slope(pl.col("x"), window)),
        ),
        "window line": (
            "polars rolling means of products",
            lambda: window_line(y, window, 2),
            lambda: frame.select(_polars_slope(pl.col("t").cast(pl.Float64), window)),
        ),
    }


def _polars_slope(x: pl.Expr, window: int) -> pl.Expr:
    y = pl.col("y")
    mean_x, mean_y = x.rolling_mean(window), y.rolling_mean(window)
    covariance = (x * y).rolling_mean(window) - mean_x * mean_y
    return covariance / ((x * x).rolling_mean(window) - mean_x * mean_x)


def _market_sides(rng: np.random.Generator) -> Sides:
    close = 100 * np.exp(np.cumsum(rng.normal(0, 1e-3, N_BARS)))
    open_ = np.concatenate([close[:1], close[:-1]])
    high, low = np.maximum(open_, close) * 1.001, np.minimum(open_, close) * 0.999
    prices = pl.DataFrame({"open": open_, "high": high, "low": low, "close": close})
    return {
        "forward outcomes": (
            "polars shift and rolling_max, 1 hour",
            lambda: forward_outcomes(open_, high, low, close, ONE_HOUR),
            lambda: _polars_outcomes(prices),
        ),
    }


def _polars_outcomes(prices: pl.DataFrame) -> pl.DataFrame:
    entry = pl.col("open").shift(-1)
    return prices.select(
        pl.col("close").shift(-ONE_HOUR) / entry - 1,
        pl.col("high").rolling_max(ONE_HOUR).shift(-ONE_HOUR) / entry - 1,
        pl.col("low").rolling_min(ONE_HOUR).shift(-ONE_HOUR) / entry - 1,
    )


def _cell_sides(rng: np.random.Generator) -> Sides:
    variances = rng.uniform(0.5, 4.0, N_CELLS)
    effects = rng.normal(0.0, np.sqrt(variances + 1.0))
    independent, one_parent = np.zeros((N_CELLS, 0)), np.zeros(N_CELLS, np.int64)

    def statsmodels_tau2() -> object:
        from statsmodels.stats.meta_analysis import combine_effects

        return combine_effects(effects, variances, method_re="iterated")

    return {
        "between-variance": (
            f"statsmodels combine_effects, {N_CELLS:,} cells",
            lambda: paule_mandel(effects, variances, independent, one_parent, 1, False),
            statsmodels_tau2,
        ),
    }
