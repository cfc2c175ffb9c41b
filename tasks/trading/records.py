"""The engine's records as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.schema import EQUITY, FILLS, SIGN, TIME, TRADES
from lake.time import duration_ms
from tasks.kernels import fills, guards
from tasks.kernels.fills import SLOT
from tasks.trading.tape import LaidTape

BPS = 1e4
REASONS = {
    fills.ENTRY: "entry",
    fills.TIME: "time",
    fills.STOP: "stop",
    fills.TRAIL: "trail",
    fills.TARGET: "target",
    fills.SIGNAL: "signal",
    fills.ENDED: "ended",
    fills.RUINED: "ruined",
    fills.STRUCTURE: "structure",
}
REFUSALS = {
    guards.BUSY: "another position of the market is open",
    guards.COOLING: "cooldown",
    guards.LOCKED: "lockout after a stop",
    guards.FULL: "too many positions",
    guards.EXPOSED: "too much exposure",
    guards.CLOSED: "no trade in the next bar",
    guards.ILLIQUID: "too large for the market",
    guards.BROKE: "no equity",
    guards.UNKNOWN: "size or distance not known",
    guards.DAY_LOST: "circuit breaker: day",
    guards.WEEK_LOST: "circuit breaker: week",
    guards.DRAWN_DOWN: "circuit breaker: drawdown",
    guards.LOSING: "loss streak",
}
FATE_WORDS = {guards.TAKEN: "taken", guards.LEFT: "left"} | REFUSALS
MOMENTS = {fills.AT_OPEN: "open", fills.INSIDE: "inside", fills.AT_CLOSE: "close"}
Records = NDArray[np.void]


def trade_frame(
    laid: LaidTape, positions: Records, numbers: NDArray[np.int64], name: str, fold: int
) -> pl.DataFrame:
    """TRADES of closed positions, called by their `numbers`."""
    notional = positions["notional"]
    shares = {n: positions[n] / notional * BPS for n in ("gross", "fee", "slippage", "funding")}
    cost = positions["fee"] + positions["slippage"] + positions["funding"]
    columns = {
        "trade": numbers,
        "market": _names(laid, positions["market"]),
        "event_time": _stamps(laid.times[positions["decided"]]),
        "entry_time": _stamps(laid.times[positions["entered"]]),
        "exit_time": _stamps(laid.times[positions["left_at"]]),
        "side": pl.Series(positions["side"], dtype=SIGN),
        "quantity": positions["quantity"],
        "notional": notional,
        "entry_price": positions["entry"],
        "exit_price": positions["exit"],
        "exit": _words(positions["reason"], REASONS),
        "n_fills": positions["n_fills"],
        "n_ambiguous": positions["n_ambiguous"],
        **{f"{n}_bps": _reached(positions, n) for n in ("best", "worst")},
        **{f"{n}_bps": values for n, values in shares.items()},
        "cost_bps": cost / notional * BPS,
        "net_bps": positions["net"] / notional * BPS,
        "net": positions["net"],
    }
    return _named(columns, name, fold).select(list(TRADES.columns))


def fill_frame(
    laid: LaidTape, filled: Records, positions: Records, name: str, fold: int
) -> pl.DataFrame:
    """FILLS, in the order of TRADES, numbered from each position's entry."""
    owner = filled["position"]
    columns = {
        "trade": owner,
        "market": _names(laid, positions["market"][owner]),
        "time": _stamps(laid.times[filled["row"]]),
        "moment": _words(filled["moment"], MOMENTS),
        "reason": _words(filled["reason"], REASONS),
        **{n: filled[n] for n in ("quantity", "reference", "price", "fee", "slippage")},
    }
    frame = _named(columns, name, fold)
    numbered = frame.with_columns(number=pl.int_range(pl.len()).over("trade").cast(pl.Int64))
    return numbered.select(list(FILLS.columns))


def curve_frame(laid: LaidTape, curve: NDArray[np.float64]) -> pl.DataFrame:
    """EQUITY of every slot of the window."""
    rows = laid.tape.rows
    used = rows[:, 1] > rows[:, 0]
    first = laid.times[rows[used, 0]] if used.any() else np.zeros(1, np.int64)
    step = duration_ms(laid.timeframe)
    start = int(first[np.argmin(rows[used, SLOT])]) if used.any() else 0
    closes = start + step * np.arange(1, len(curve) + 1)
    columns = {n: curve[:, i] for i, n in enumerate(("equity", "cash", "gross"))}
    frame = pl.DataFrame({"time": _stamps(closes), **columns})
    n_open = pl.Series("n_open", curve[:, 3].astype(np.int64))
    return EQUITY.conform(frame.with_columns(n_open))


def _reached(positions: Records, name: str) -> NDArray[np.float64]:
    """Distance of a price on the way from the entry, in the position's side, bps."""
    return positions["side"] * (positions[name] / positions["entry"] - 1.0) * BPS


def _named(columns: dict[str, object], name: str, fold: int) -> pl.DataFrame:
    frame = pl.DataFrame(columns)
    return frame.with_columns(hypothesis=pl.lit(name), fold=pl.lit(fold, pl.Int64))


def _stamps(times: NDArray[np.int64]) -> pl.Series:
    return pl.Series(times, dtype=pl.Int64).cast(TIME)


def _names(laid: LaidTape, markets: NDArray[np.int64]) -> pl.Series:
    known = pl.Series(laid.markets, dtype=pl.String)
    return known.gather(pl.Series(markets, dtype=pl.Int64)) if len(markets) else known.clear()


def _words(codes: NDArray[np.int64], words: Mapping[Any, str]) -> pl.Series:
    return pl.Series(codes, dtype=pl.Int64).replace_strict(words, return_dtype=pl.String)
