"""From signals to orders: size, unit of distance and time, all known at the signal's close."""

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
Reals = NDArray[np.float64]
Whole = NDArray[np.int64]


def write_orders(
    laid: LaidTape, signals: Mapping[str, pl.DataFrame], horizon: str, terms: Terms, delay: int = 0
) -> NDArray[np.void]:
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
        _orders_of(laid, market, signals[name], horizon, terms, delay)
        for market, name in enumerate(laid.markets)
        if name in signals
    ]
    orders = np.concatenate([np.zeros(0, ORDER), *parts])
    rows = laid.tape.rows
    slots = orders["row"] - rows[orders["market"], 0] + rows[orders["market"], SLOT]
    return orders[np.lexsort((orders["market"], slots))]


def fitting(laid: LaidTape, orders: NDArray[np.void], terms: Terms) -> NDArray[np.void]:
    """Those orders whose positions are due inside the tape's window.

    A position that is open at the end is no trade; of those that could not last so long, stops
    and targets would choose which become one, by what they earn.
    """
    left_after = 1 if terms.exits.time_at == "next_open" else 0
    ends = laid.tape.rows[orders["market"], END]
    return orders[orders["row"] + orders["due"] + left_after < ends]


def _orders_of(
    laid: LaidTape, market: int, signals: pl.DataFrame, horizon: str, terms: Terms, delay: int
) -> NDArray[np.void]:
    here = laid.span(market)
    stamps = signals["time"].dt.epoch("ms").to_numpy()
    rows = _rows_of(laid, market, stamps)
    inside = (rows >= here.start) & (rows + delay < here.stop)
    rows = rows[inside]
    n_held = n_bars(horizon, laid.timeframe)
    unit = _unit(laid, rows, n_held, terms)
    orders = np.zeros(len(rows), ORDER)
    orders["market"], orders["row"], orders["due"] = market, rows + delay, n_held
    orders["side"] = signals["side"].to_numpy()[inside]
    orders["unit"], orders["size"] = unit, _size(laid, rows, unit, terms)
    orders["most"] = np.inf
    if terms.limits.max_participation is not None:
        usual = laid.volume[rows]
        most = terms.limits.max_participation * usual
        orders["most"] = np.where(np.isnan(usual), np.inf, most)
    return orders


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


def _size(laid: LaidTape, rows: Whole, unit: Reals, terms: Terms) -> Reals:
    """Notional, or share of the equity, of each order."""
    sizing = terms.sizing
    if sizing.method == "fixed_notional":
        return np.full(len(rows), sizing.notional)
    share = np.full(len(rows), sizing.share)
    with np.errstate(divide="ignore"):
        if sizing.method == "risk_share":
            assert terms.exits.stop is not None
            share = share / (terms.exits.stop * unit)
        if sizing.method == "volatility_target":
            per_day = duration_ms("1d") / duration_ms(laid.timeframe)
            share = share / (laid.sigma[rows] * np.sqrt(per_day))
    return np.minimum(share, sizing.max_leverage)
