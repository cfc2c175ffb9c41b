"""From signals and decisions to orders: size, unit of distance and time, known at their close."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.errors import SchemaError
from lake.time import duration_ms, n_bars
from tasks.kernels.account import ORDER
from tasks.kernels.fills import END, SLOT
from tasks.trading.config import Terms
from tasks.trading.tape import LaidTape

BPS = 1e4
NO_STRUCTURE = -1
DECISION = ("time", "side", "unit", "guard", "fresh_time")
Orders = NDArray[np.void]
Reals = NDArray[np.float64]
Whole = NDArray[np.int64]


def write_orders(
    laid: LaidTape, signals: Mapping[str, pl.DataFrame], horizon: str, terms: Terms, delay: int = 0
) -> Orders:
    """Return the orders of the signals inside the tape's window, by slot and then by market.

    Parameters
    ----------
    laid : LaidTape
    signals : mapping of str to DataFrame
        By market, `time` and `side`; those of markets that are not on the tape are not asked for.
    horizon : str
        How long a position is held, from the signal's close.
    terms : Terms
    delay : int
        Bars by which everything is done later; size and distance stay those of the signal.

    Raises
    ------
    SchemaError
        When a signal stands at no bar of its market.
    """
    parts = [
        _signalled(laid, market, signals[name], horizon, terms, delay)
        for market, name in enumerate(laid.markets)
        if name in signals
    ]
    orders = np.concatenate([np.zeros(0, ORDER), *parts])
    return orders[np.lexsort((orders["market"], _slots_of(laid, orders)))]


def write_decided(
    laid: LaidTape, decisions: Mapping[str, pl.DataFrame], horizon: int, terms: Terms
) -> Orders:
    """Return the orders of decisions: by slot, what leaves before what enters, then by market.

    Parameters
    ----------
    laid : LaidTape
    decisions : mapping of str to DataFrame
        By market, `time` of the bar at whose close it is decided, in ascending order, and `side`:
        +1 or -1 opens, 0 leaves all positions of the market. `unit` is one unit of log distance
        and `guard` the price beyond which a close leaves the position, NaN or null for none;
        `fresh_time` (a time, or ms since 1970) the bar at whose close the latest fresh structure
        was known, null for none. A bar may have several rows.
    horizon : int
        Bars from the decision's to the one at which the position is left, 0 for never.
    terms : Terms
        Its sizes are worked out with each decision's own unit.

    Raises
    ------
    SchemaError
        When a decision stands at no bar of its market, or rests on a later one.
    """
    parts = [
        _decided(laid, market, decisions[name], horizon, terms)
        for market, name in enumerate(laid.markets)
        if name in decisions
    ]
    orders = np.concatenate([np.zeros(0, ORDER), *parts])
    return orders[np.lexsort((orders["market"], orders["side"] != 0, _slots_of(laid, orders)))]


def make_orders(
    rows: Whole,
    sides: NDArray[np.int8],
    unit: Reals,
    n_held: int,
    known: tuple[Reals, Reals],
    terms: Terms,
    timeframe: str,
) -> Orders:
    """Return orders of the first market, without guards, that know of no structure.

    Parameters
    ----------
    rows : (k,) int64
        Bars at whose close they are decided.
    sides : (k,) int
        +1, -1, or 0 to leave.
    unit : (k,) float64
        One unit of log distance; where it is needed and NaN the order will be refused.
    n_held : int
        Bars until the positions are left, 0 for never.
    known : pair of (k,) float64
        Volatility per bar and usual volume, NaN where they are not known; see `LaidTape`.
    terms, timeframe : Terms, str
    """
    sigma, volume = known
    orders = np.zeros(len(rows), ORDER)
    orders["row"], orders["side"], orders["due"], orders["unit"] = rows, sides, n_held, unit
    orders["size"] = _size(sigma, unit, terms, timeframe)
    orders["fresh"], orders["guard"], orders["most"] = NO_STRUCTURE, np.nan, np.inf
    if terms.limits.max_participation is not None:
        most = terms.limits.max_participation * volume
        orders["most"] = np.where(np.isnan(volume), np.inf, most)
    return orders


def fitting(laid: LaidTape, orders: Orders, terms: Terms) -> Orders:
    """Those orders whose positions are due inside the tape's window.

    A position that is open at the end is no trade; of those that could not last so long, stops
    and targets would choose which become one, by what they earn.
    """
    left_after = 1 if terms.exits.time_at == "next_open" else 0
    ends = laid.tape.rows[orders["market"], END]
    return orders[orders["row"] + orders["due"] + left_after < ends]


def _slots_of(laid: LaidTape, orders: Orders) -> Whole:
    rows = laid.tape.rows
    return orders["row"] - rows[orders["market"], 0] + rows[orders["market"], SLOT]


def _signalled(
    laid: LaidTape, market: int, signals: pl.DataFrame, horizon: str, terms: Terms, delay: int
) -> Orders:
    here = laid.span(market)
    rows = _rows_of(laid, market, _ms(signals["time"]))
    inside = (rows >= here.start) & (rows + delay < here.stop)
    rows, sides = rows[inside], signals["side"].to_numpy()[inside]
    n_held = n_bars(horizon, laid.timeframe)
    unit = _unit(laid, rows, n_held, terms)
    known = laid.sigma[rows], laid.volume[rows]
    orders = make_orders(rows + delay, sides, unit, n_held, known, terms, laid.timeframe)
    orders["market"] = market
    return orders


def _decided(
    laid: LaidTape, market: int, decisions: pl.DataFrame, horizon: int, terms: Terms
) -> Orders:
    _check(laid.markets[market], decisions)
    rows = _rows_of(laid, market, _ms(decisions["time"]))
    inside = rows >= laid.span(market).start
    rows, made = rows[inside], decisions.filter(pl.Series(inside, dtype=pl.Boolean))
    unit, guard = (made[n].cast(pl.Float64).fill_null(np.nan).to_numpy() for n in ("unit", "guard"))
    known = laid.sigma[rows], laid.volume[rows]
    sides = made["side"].to_numpy()
    orders = make_orders(rows, sides, unit, horizon, known, terms, laid.timeframe)
    is_told = made["fresh_time"].is_not_null().to_numpy()
    orders["fresh"][is_told] = _rows_of(laid, market, _ms(made["fresh_time"].drop_nulls()))
    orders["market"], orders["guard"] = market, guard
    return orders


def _check(market: str, decisions: pl.DataFrame) -> None:
    missing = [name for name in DECISION if name not in decisions.columns]
    if missing:
        came = f"decisions of {market} without {', '.join(missing)}"
    elif not decisions["side"].is_in([-1, 0, 1]).fill_null(value=False).all():
        came = f"decisions of {market} with other sides than +1, -1 and 0"
    elif np.any(_ms(decisions["fresh_time"].drop_nulls()) > _told(decisions)):
        came = f"decisions of {market} that rest on structures of later bars"
    else:
        return
    raise SchemaError(came, f"the columns {', '.join(DECISION)}, known at each close", "mend them")


def _told(decisions: pl.DataFrame) -> Whole:
    """Times of the decisions that name a structure, ms since 1970."""
    return _ms(decisions.filter(pl.col("fresh_time").is_not_null())["time"])


def _ms(times: pl.Series) -> Whole:
    """Times, or numbers of ms, as ms since 1970."""
    return (times.dt.epoch("ms") if times.dtype.is_temporal() else times.cast(pl.Int64)).to_numpy()


def _rows_of(laid: LaidTape, market: int, stamps: Whole) -> Whole:
    """Rows of the signals' bars, before the window's first where they stand outside of it."""
    here = laid.span(market)
    times = laid.times[here]
    if not len(times):
        return np.full(len(stamps), here.start - 1)
    rows = np.searchsorted(times, stamps)
    inside = (stamps >= times[0]) & (stamps <= times[-1])
    if np.any(times[rows[inside]] != stamps[inside]):
        raise SchemaError(
            f"events of {laid.markets[market]} at times that are not on its grid",
            "events made from these bars",
            "run the flow again with --refresh events",
        )
    return np.where(inside, here.start + rows, here.start - 1)


def _unit(laid: LaidTape, rows: Whole, n_held: int, terms: Terms) -> Reals:
    """One unit of log distance at each signal."""
    if terms.exits.unit == "volatility":
        return laid.sigma[rows] * np.sqrt(n_held)
    return laid.atr[rows] if terms.exits.unit == "atr" else np.full(len(rows), 1.0 / BPS)


def _size(sigma: Reals, unit: Reals, terms: Terms, timeframe: str) -> Reals:
    """Notional, or share of the equity, of each order."""
    sizing = terms.sizing
    if sizing.method == "fixed_notional":
        return np.full(len(unit), sizing.notional)
    share = np.full(len(unit), sizing.share)
    with np.errstate(divide="ignore"):
        if sizing.method == "risk_share":
            assert terms.exits.stop is not None
            share = share / (terms.exits.stop * unit)
        if sizing.method == "volatility_target":
            per_day = duration_ms("1d") / duration_ms(timeframe)
            share = share / (sigma * np.sqrt(per_day))
    return np.minimum(share, sizing.max_leverage)
