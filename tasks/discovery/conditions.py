"""Conditions: regimes that are known at the event's close."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

EVERYTHING = "all"
REGIMES = {
    "vol_regime": (0, 1, 2),
    "trend_regime": (-1, 0, 1),
    "session": (0, 1, 2),
    "funding_regime": (-1, 0, 1),
}


def name_conditions(names: Sequence[str]) -> list[str]:
    """Every condition of the regimes `names`, whether or not the data show it.

    Examples
    --------
    >>> name_conditions(["all", "vol_regime"])
    ['all', 'vol_regime=0', 'vol_regime=1', 'vol_regime=2']
    """
    named = []
    for name in names:
        if name == EVERYTHING:
            named.append(name)
        else:
            named += [f"{name}={value}" for value in REGIMES[name]]
    return named


def code_conditions(features: pl.DataFrame, names: Sequence[str]) -> NDArray[np.int64]:
    """Say which conditions hold at each bar.

    Parameters
    ----------
    features : DataFrame of FEATURES
        One row per bar.
    names : sequence of str
        ``all`` or columns of regimes.

    Returns
    -------
    (n, len(names)) int64
        Positions in `name_conditions`, -1 where the regime is unknown.
    """
    codes = np.full((features.height, len(names)), -1, np.int64)
    first = 0
    for j, name in enumerate(names):
        values = REGIMES.get(name, (0,))
        known = np.zeros(features.height) if name == EVERYTHING else _numbers(features[name])
        for offset, value in enumerate(values):
            codes[known == value, j] = first + offset
        first += len(values)
    return codes


def _numbers(regime: pl.Series) -> NDArray[np.float64]:
    return regime.cast(pl.Float64).fill_null(np.nan).to_numpy()
