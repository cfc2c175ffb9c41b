"""The equity curve as days (UTC): what the account was worth at the end of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.time import duration_ms

DAY_MS = duration_ms("1d")
YEAR_MS = 365 * DAY_MS


@dataclass(frozen=True)
class Days:
    """An account, day by day.

    Attributes
    ----------
    numbers : (n,) int64
        Days since 1970 that have bars, whether or not anything was held.
    levels : (n + 1,) float64
        Equity at the end of each, the capital first; 0 from the day of ruin on.
    years : float
        From the open of the first bar to the close of the last, in years of 365 days.
    ruin : str
        When the account was ruined, in words; empty where it was not.
    """

    numbers: NDArray[np.int64]
    levels: NDArray[np.float64]
    years: float
    ruin: str

    @property
    def returns(self) -> NDArray[np.float64]:
        """(n,) simple returns; -1 on the day of ruin and 0 after it, when nothing is left."""
        before, after = self.levels[:-1], self.levels[1:]
        return np.where(before > 0, after / np.where(before > 0, before, 1.0) - 1, 0.0)


def days_of(equity: pl.DataFrame, capital: float, timeframe: str) -> Days:
    """Cut an equity curve into days.

    A bar belongs to the day of its open: the one that closes at midnight ends the day before. A
    first or last day that is not whole counts as a day; a day without bars is none.

    Ruin is the first bar at whose close the equity is not above 0. Its day ends at 0, whatever
    the account owes or wins back, and so do all later ones.

    Parameters
    ----------
    equity : pl.DataFrame
        EQUITY by time, with at least one row and finite.
    capital : float
        Equity before the first bar.
    timeframe : str
        Of the bars, at most a day.
    """
    close = equity["time"].to_physical().to_numpy()
    opens = close - duration_ms(timeframe)
    numbers = opens // DAY_MS
    is_last = np.append(numbers[1:] != numbers[:-1], True)
    levels = np.append(capital, equity["equity"].to_numpy()[is_last])
    broken = np.flatnonzero(equity["equity"].to_numpy() <= 0)
    ruin = ""
    if len(broken):
        levels[1:][numbers[is_last] >= numbers[broken[0]]] = 0.0
        ruin = f"ruined at {equity['time'][int(broken[0])]:%Y-%m-%d %H:%M}"
    years = float(close[-1] - opens[0]) / YEAR_MS
    return Days(numbers[is_last], levels, years, ruin)
