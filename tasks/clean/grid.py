"""Bars on a regular grid, where a missing bar stays a gap."""

from __future__ import annotations

import numpy as np
import polars as pl

from lake.errors import InputError
from lake.schema import BARS
from lake.time import duration_ms, timeframe_of
from tasks.clean.config import CleanConfig

NUMBERS = tuple(name for name in BARS.columns if name not in ("time", "is_gap"))


def lay_on_grid(
    raw: pl.DataFrame,
    rejected: pl.DataFrame,
    market: str,
    config: CleanConfig,
    timeframe: str | None = None,
) -> pl.DataFrame:
    """Return one row per slot from the first to the last bar of `raw` that was not rejected.

    Parameters
    ----------
    raw : pl.DataFrame
        RAW_BARS in any order.
    rejected : pl.DataFrame
        Its QUARANTINE: what is left has one row per time, on the grid.
    market : str
        ``BTCUSDT-5m``.
    timeframe : str, optional
        Of the bars, where they lie beside those of the market; the market's by default.

    Returns
    -------
    pl.DataFrame
        BARS; where no bar came every number is NaN and `is_gap` is true.

    Raises
    ------
    InputError
        When the grid would be absurdly long or mostly empty.
    """
    step_ms = duration_ms(timeframe or timeframe_of(market))
    is_bar = np.ones(raw.height, dtype=bool)
    is_bar[rejected["row"].to_numpy()] = False
    bars = raw.filter(pl.Series(is_bar)).sort("time")
    times = bars["time"].cast(pl.Int64).to_numpy()
    slots = (times - times[0]) // step_ms
    n_slots = int(slots[-1]) + 1
    _refuse_absurd(times, n_slots, market, config)
    is_gap = np.ones(n_slots, dtype=bool)
    is_gap[slots] = False
    grid = {"time": pl.Series(times[0] + step_ms * np.arange(n_slots)).cast(BARS.columns["time"])}
    for name in NUMBERS:
        column = np.full(n_slots, np.nan)
        column[slots] = bars[name].to_numpy()
        grid[name] = pl.Series(column)
    return BARS.conform(pl.DataFrame(grid | {"is_gap": pl.Series(is_gap)}))


def _refuse_absurd(times: np.ndarray, n_slots: int, market: str, config: CleanConfig) -> None:
    gap_share = 1 - times.size / n_slots
    if n_slots <= config.max_slots and gap_share <= config.max_gap_share:
        return
    first, last = (str(np.datetime64(int(stamp), "ms")) for stamp in times[[0, -1]])
    step = f"{np.median(np.diff(times)) / 60_000:g} minutes"
    raise InputError(
        f"{times.size} bars of {market} for {n_slots} slots from {first} to {last} "
        f"({gap_share:.0%} gaps); most bars are {step} apart",
        f"at most {config.max_gap_share:.0%} gaps and {config.max_slots} slots",
        "the timeframe or a time stamp is likely wrong: check --timeframe and the file's name",
    )
