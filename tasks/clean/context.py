"""What was known beside each bar at its close: an as-of join that never sees a later value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.schema import CONTEXT, TIME
from lake.time import duration_ms, timeframe_of
from tasks.clean.config import CleanConfig

MS_PER_S = 1000.0
FOR_EVER = "999999d"
Reals = NDArray[np.float64]
Stamps = NDArray[np.int64]
Columns = dict[str, pl.Series]


@dataclass(frozen=True)
class Companions:
    """What there is beside a market's bars; None where there is nothing.

    Attributes
    ----------
    funding, interest : pl.DataFrame, optional
        FUNDING and INTEREST.
    spot, leader, mark : pl.DataFrame, optional
        BARS of any timeframe.
    timeframes : dict of str to str
        Length of the bars of `spot`, `leader` and `mark`, where it is not the market's.
    fees : list of (int, float)
        From when, milliseconds since 1970, which fee per side in bps is in force; oldest first.
    releases : list of int
        Moments of the user's calendar, milliseconds since 1970, oldest first.
    """

    funding: pl.DataFrame | None = None
    interest: pl.DataFrame | None = None
    spot: pl.DataFrame | None = None
    leader: pl.DataFrame | None = None
    mark: pl.DataFrame | None = None
    timeframes: dict[str, str] = field(default_factory=dict)
    fees: Sequence[tuple[int, float]] = ()
    releases: Sequence[int] = ()


@dataclass(frozen=True)
class Found:
    """Which known value stands at each bar, and its age in seconds.

    Attributes
    ----------
    row : array of int64, shape (n,)
        Of what was looked up; -1 where nothing young enough was known.
    age_s : array of float64, shape (n,)
        NaN where nothing was.
    """

    row: NDArray[np.intp]
    age_s: Reals

    def pick(self, values: Reals) -> Reals:
        """The values that stand at the bars, NaN where there is none."""
        return np.append(values, np.nan)[self.row]


def lay_beside(
    bars: pl.DataFrame, market: str, beside: Companions, config: CleanConfig
) -> pl.DataFrame:
    """Return what was known beside each bar when it closed.

    Of every companion the last value with ``known_at <= close`` stands, unless its age, from
    there to the close, is beyond the companion's tolerance: then the value is missing, and it is
    never taken from further back. A companion's bar is known at its own close, so one of a longer
    timeframe is not seen before it ends; a gap in it is no value.

    Parameters
    ----------
    bars : pl.DataFrame
        BARS of the market.
    market : str
        ``BTCUSDT-5m``.

    Returns
    -------
    pl.DataFrame
        CONTEXT, a row per bar, gaps included. Open interest is in quote units: where the source
        gives base units only, times the mark price, or the bar's close where there is none.
    """
    step = timeframe_of(market)
    close_ms = bars["time"].cast(pl.Int64).to_numpy() + duration_ms(step)
    tolerances = {
        "spot": config.spot_tolerance,
        "leader": config.leader_tolerance,
        "mark": config.mark_tolerance,
    }
    columns: Columns = {"time": bars["time"]}
    for name, tolerance in tolerances.items():
        frame = getattr(beside, name)
        its_step = beside.timeframes.get(name, step)
        columns |= _prices(name, frame, its_step, close_ms, tolerance)
    columns |= _settlements(beside.funding, close_ms, config.funding_tolerance)
    mark = columns.get("mark", bars["close"]).to_numpy()
    price = np.where(np.isnan(mark), bars["close"].to_numpy(), mark)
    columns |= _interest(beside.interest, close_ms, price, config.interest_tolerance)
    columns |= _fees(beside.fees, close_ms) | _releases(
        beside.releases, close_ms, duration_ms(step)
    )
    return _whole(columns)


def find_known(known_ms: Stamps, close_ms: Stamps, tolerance: str) -> Found:
    """Find the last of the sorted stamps `known_ms` at or before each close."""
    row = np.searchsorted(known_ms, close_ms, side="right") - 1
    age_ms = close_ms - np.append(known_ms, 0)[row]
    stands = (row >= 0) & (age_ms <= duration_ms(tolerance))
    return Found(np.where(stands, row, -1), np.where(stands, age_ms / MS_PER_S, np.nan))


def _prices(
    name: str, bars: pl.DataFrame | None, timeframe: str, close_ms: Stamps, tolerance: str
) -> Columns:
    if bars is None:
        return {}
    real = bars.filter(~pl.col("is_gap"))
    known_ms = real["time"].cast(pl.Int64).to_numpy() + duration_ms(timeframe)
    found = find_known(known_ms, close_ms, tolerance)
    closes = real["close"].to_numpy()
    return {name: pl.Series(found.pick(closes)), f"{name}_age_s": pl.Series(found.age_s)}


def _settlements(funding: pl.DataFrame | None, close_ms: Stamps, tolerance: str) -> Columns:
    if funding is None:
        return {}
    found = find_known(_stamps(funding), close_ms, tolerance)
    due_ms = found.pick(funding["time"].cast(pl.Int64).cast(pl.Float64).to_numpy())
    return {
        "funding": pl.Series(found.pick(funding["rate_8h"].to_numpy())),
        "funding_time": pl.Series(due_ms).fill_nan(None).cast(pl.Int64).cast(TIME),
        "funding_hours": pl.Series(found.pick(funding["hours"].to_numpy())),
        "funding_age_s": pl.Series(found.age_s),
    }


def _interest(
    interest: pl.DataFrame | None, close_ms: Stamps, price: Reals, tolerance: str
) -> Columns:
    if interest is None:
        return {}
    found = find_known(_stamps(interest), close_ms, tolerance)
    value = found.pick(interest["value"].to_numpy())
    contracts = found.pick(interest["contracts"].to_numpy())
    worth = np.where(np.isnan(value), contracts * price, value)
    age_s = np.where(np.isnan(worth), np.nan, found.age_s)
    return {"open_interest": pl.Series(worth), "open_interest_age_s": pl.Series(age_s)}


def _fees(fees: Sequence[tuple[int, float]], close_ms: Stamps) -> Columns:
    """The fee in force: a schedule holds until its next entry, however old it is."""
    if not fees:
        return {}
    since = np.array([time for time, _ in fees], dtype=np.int64)
    found = find_known(since, close_ms, FOR_EVER)
    rates = np.array([rate for _, rate in fees], dtype=np.float64)
    return {"fee": pl.Series(found.pick(rates)), "fee_age_s": pl.Series(found.age_s)}


def _releases(releases: Sequence[int], close_ms: Stamps, step_ms: int) -> Columns:
    """1 at the last bar that has closed when something is released, 0 at others."""
    if not releases:
        return {}
    times = np.array(releases, dtype=np.int64)
    due = np.searchsorted(times, close_ms)
    is_next = np.append(times, np.iinfo(np.int64).max)[due] - close_ms < step_ms
    return {"news": pl.Series(is_next.astype(np.float64))}


def _stamps(frame: pl.DataFrame) -> Stamps:
    return frame["known_at"].cast(pl.Int64).to_numpy()


def _whole(columns: Columns) -> pl.DataFrame:
    """CONTEXT, with missing numbers where a companion is not there at all."""
    n = columns["time"].len()
    for name, dtype in CONTEXT.columns.items():
        if name not in columns:
            nothing = None if dtype == TIME else float("nan")
            columns[name] = pl.repeat(nothing, n, dtype=dtype, eager=True)
    return CONTEXT.conform(pl.DataFrame(columns))
