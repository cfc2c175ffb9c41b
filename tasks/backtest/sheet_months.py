"""Returns by month and year."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

Reals = NDArray[np.float64]
_ENDED = pl.col("time") - pl.duration(milliseconds=1)


def monthly_returns(equity: pl.DataFrame, capital: float) -> pl.DataFrame:
    """Simple returns of the months in which there are bars, the first from the capital.

    Parameters
    ----------
    equity : pl.DataFrame
        EQUITY; a bar that closes at midnight belongs to the day that ends.
    capital : float
        Equity before the first bar.

    Returns
    -------
    pl.DataFrame
        `year`, `month`, `share`: -1 in the month of ruin, NaN after it.
    """
    return _returns(equity, capital, {"year": _ENDED.dt.year(), "month": _ENDED.dt.month()})


def yearly_returns(equity: pl.DataFrame, capital: float) -> pl.DataFrame:
    """The same by `year`: its months compounded."""
    return _returns(equity, capital, {"year": _ENDED.dt.year()})


def _returns(equity: pl.DataFrame, capital: float, keys: dict[str, pl.Expr]) -> pl.DataFrame:
    known = equity.filter(pl.col("equity").is_finite()).sort("time")
    alive = (pl.col("equity") > 0).cum_min()
    level = pl.when(alive).then("equity").otherwise(0.0)
    ends = known.with_columns(level=level, **keys).group_by(*keys, maintain_order=True)
    last = ends.agg(pl.col("level").last())
    return last.select(*keys, share=pl.Series(_growth(last["level"].to_numpy(), capital)))


def _growth(levels: Reals, capital: float) -> Reals:
    before = np.append(capital, levels)[:-1]
    return np.where(before > 0, levels / np.where(before > 0, before, 1.0) - 1, np.nan)
