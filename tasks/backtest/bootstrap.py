"""How much of a figure is chance: blocks of days drawn again and again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tasks.backtest.config import MetricsConfig

Reals = NDArray[np.float64]


def draw_figures(days: Reals, figures_of: Callable[[Reals], Reals], config: MetricsConfig) -> Reals:
    """The figures of samples of the days by the stationary bootstrap.

    Blocks of geometric length, the days in a circle. Source: Politis and Romano, The stationary
    bootstrap, JASA 89 (1994); by `arch`.

    Parameters
    ----------
    days : (n,) or (n, m) float64
        At least one row.
    figures_of : callable
        From days to (k,) figures; a NaN says 0 / 0: nothing gained, nothing risked.
    config : MetricsConfig
        Blocks, draws and seed.

    Returns
    -------
    draws : (reps, k) float64
        Without NaN; infinite where a gain stands over nothing.
    """
    from arch.bootstrap import StationaryBootstrap

    sampler = StationaryBootstrap(config.bootstrap_days, days, seed=config.bootstrap_seed)
    draws = sampler.apply(figures_of, config.bootstrap_reps)
    return np.where(np.isnan(draws), 0.0, draws)


def percentiles(draws: Reals, confidence: float) -> tuple[Reals, Reals]:
    """Lower and upper (k,) bounds that leave out the same number of draws on either side.

    They are draws themselves, never between two: an infinite bound says that so many draws are.
    """
    ordered = np.sort(draws, axis=0)
    outside = int(np.floor((1 - confidence) / 2 * len(draws) + 1e-9))
    return ordered[outside], ordered[-1 - outside]
