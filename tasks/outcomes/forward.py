"""What followed each bar. The only room that may look forward."""

from __future__ import annotations

import polars as pl

from lake.errors import ConfigError
from lake.schema import TIME
from lake.time import duration_ms, n_bars
from tasks.kernels.forward import forward_outcomes


def measure(bars: pl.DataFrame, timeframe: str, horizon: str) -> pl.DataFrame:
    """Measure the forward return and the excursions of every bar over one horizon.

    Parameters
    ----------
    bars : DataFrame of BARS
        A complete grid, gaps NaN.
    timeframe, horizon : str
        Durations; a horizon that is no whole number of bars is rounded up.

    Returns
    -------
    DataFrame of OUTCOMES
        One row per bar: simple returns of a long position from the next open. NaN where a bar
        from the event's to the exit's is a gap or has not come yet; `exit_time` is the grid's
        in every row.

    Raises
    ------
    ConfigError
        When the horizon is shorter than a bar.
    """
    if duration_ms(horizon) < duration_ms(timeframe):
        raise ConfigError(
            f"a horizon of {horizon} on bars of {timeframe}",
            "horizons of at least one bar",
            "leave that horizon out of outcomes.horizons, or use a shorter timeframe",
        )
    held = n_bars(horizon, timeframe)
    prices = [bars[name].to_numpy() for name in ("open", "high", "low", "close")]
    forward_return, highest, lowest = forward_outcomes(*prices, held)
    return bars.select(
        "time",
        exit_time=pl.col("time") + pl.duration(milliseconds=held * duration_ms(timeframe)),
        forward_return=pl.Series(forward_return),
        highest=pl.Series(highest),
        lowest=pl.Series(lowest),
    ).cast({"exit_time": TIME})
