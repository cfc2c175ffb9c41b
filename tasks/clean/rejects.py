"""Why a raw row does not become a bar."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.errors import InputError
from lake.schema import QUARANTINE
from lake.time import duration_ms, timeframe_of
from tasks.clean.config import CleanConfig
from tasks.kernels.spikes import find_spikes

PRICES = ("open", "high", "low", "close")
NUMBERS = (
    *PRICES,
    "volume",
    "quote_volume",
    "trades",
    "taker_buy_volume",
    "taker_buy_quote_volume",
)
REASONS = (
    "no_time",
    "off_grid",
    "not_a_number",
    "not_positive",
    "bad_ohlc",
    "duplicate",
    "conflict",
    "spike",
)
GOOD = -1
Codes = NDArray[np.int8]
Rows = NDArray[np.intp]


def find_rejects(
    raw: pl.DataFrame, market: str, config: CleanConfig, timeframe: str | None = None
) -> pl.DataFrame:
    """Return the rows of `raw` that do not become bars, each with one reason.

    The reasons are tried in this order, and a row that has one is not looked at further:

    * `no_time`: the open time is missing;
    * `off_grid`: the open time is no multiple of the timeframe since 1970;
    * `not_a_number`: a price is missing or infinite, or the volume infinite;
    * `not_positive`: a price is zero or less, or the volume negative;
    * `bad_ohlc`: the high is below, or the low above, another price of the bar;
    * `duplicate`: a later row has the same time and the same numbers;
    * `conflict`: a later row has the same time and other numbers. Later parts come after earlier
      ones, and within a part later rows; a number that only one of the two has is no difference;
    * `spike`: see `tasks.kernels.spikes.find_spikes`.

    Parameters
    ----------
    raw : pl.DataFrame
        RAW_BARS in any order.
    market : str
        ``BTCUSDT-5m``.
    timeframe : str, optional
        Of the bars, where they lie beside those of the market; the market's by default.

    Returns
    -------
    pl.DataFrame
        QUARANTINE, sorted by row.

    Raises
    ------
    InputError
        When there are no rows, none is left, or so many are off the grid that the timeframe
        must be wrong.
    """
    if not raw.height:
        raise InputError(
            f"{market} has no bars", "at least one final bar", "check the data and the days asked"
        )
    step = timeframe or timeframe_of(market)
    codes = _judge_alone(raw, duration_ms(step))
    codes = _judge_repeats(raw, codes)
    codes = _judge_spikes(raw, codes, config)
    _refuse_hopeless(codes, market, step, config)
    rows = np.flatnonzero(codes != GOOD)
    rejects = raw[rows].with_columns(
        row=pl.Series(rows, dtype=pl.UInt32),
        reason=pl.Series([REASONS[code] for code in codes[rows]], dtype=pl.String),
    )
    return QUARANTINE.conform(rejects.select(list(QUARANTINE.columns)))


def _judge_alone(raw: pl.DataFrame, step_ms: int) -> Codes:
    high, low, volume = pl.col("high"), pl.col("low"), pl.col("volume")
    prices = pl.col(PRICES)
    tests = {
        "no_time": pl.col("time").is_null(),
        "off_grid": pl.col("time").cast(pl.Int64) % step_ms != 0,
        "not_a_number": ~pl.all_horizontal(prices.is_finite()) | volume.is_infinite(),
        "not_positive": pl.any_horizontal(prices <= 0) | (volume < 0),
        "bad_ohlc": (high < pl.max_horizontal(prices)) | (low > pl.min_horizontal(prices)),
    }
    hits = [
        pl.when(test).then(pl.lit(REASONS.index(reason), pl.Int8)) for reason, test in tests.items()
    ]
    return raw.select(pl.coalesce(*hits, pl.lit(GOOD, pl.Int8))).to_series().to_numpy(writable=True)


def _judge_repeats(raw: pl.DataFrame, codes: Codes) -> Codes:
    rows, times = _good_in_order(raw, codes)
    winners = rows[np.searchsorted(times, times, side="right") - 1]
    loses = rows != winners
    losers, winners = rows[loses], winners[loses]
    differs = np.zeros(losers.size, dtype=bool)
    for name in NUMBERS:
        values = raw[name].to_numpy()
        mine, other = values[losers], values[winners]
        differs |= (mine != other) & ~np.isnan(mine) & ~np.isnan(other)
    judged = codes.copy()
    judged[losers] = np.where(differs, REASONS.index("conflict"), REASONS.index("duplicate"))
    return judged


def _judge_spikes(raw: pl.DataFrame, codes: Codes, config: CleanConfig) -> Codes:
    rows, _ = _good_in_order(raw, codes)
    prices = [raw[name].to_numpy()[rows] for name in PRICES]
    is_spike = find_spikes(
        *prices, config.max_log_jump, config.max_log_reach, config.level_patience_bars
    )
    judged = codes.copy()
    judged[rows[is_spike]] = REASONS.index("spike")
    return judged


def _good_in_order(raw: pl.DataFrame, codes: Codes) -> tuple[Rows, NDArray[np.int64]]:
    """Rows that have no reason yet by time, part and row, and their times in milliseconds."""
    rows = np.flatnonzero(codes == GOOD)
    times = raw["time"].cast(pl.Int64).fill_null(0).to_numpy()[rows]
    order = np.lexsort((rows, raw["part"].to_numpy()[rows], times))
    return rows[order], times[order]


def _refuse_hopeless(codes: Codes, market: str, timeframe: str, config: CleanConfig) -> None:
    counts = {reason: int((codes == code).sum()) for code, reason in enumerate(REASONS)}
    n_off_grid = counts["off_grid"]
    if n_off_grid > config.max_off_grid_share * codes.size:
        raise InputError(
            f"{n_off_grid} of {codes.size} bars of {market} open off the timeframe's grid",
            f"bars that open every {timeframe}, counted from 1970-01-01 00:00 UTC",
            "the timeframe is likely wrong: check the file's name and --timeframe",
        )
    if not (codes == GOOD).any():
        found = ", ".join(f"{n} {reason}" for reason, n in counts.items() if n)
        raise InputError(
            f"no row of {market} is a bar: {found}",
            "rows with positive prices, low <= open, close <= high",
            "check the columns of the data",
        )
