"""The bars of all markets as the engine reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.errors import SchemaError
from lake.time import duration_ms, timeframe_of
from tasks.kernels.fills import END, FIRST, SLOT, Tape
from tasks.trading.config import Costs, Sizing
from tasks.trading.costs import fill_costs, settled_rates, usual_volume

PRICES = ("open", "high", "low", "close")
MONDAY_MS = 4 * duration_ms("1d")  # 5 January 1970
Reals = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class MarketBars:
    """What trading reads of one market.

    Attributes
    ----------
    market : str
        Its name.
    bars, features : pl.DataFrame
        Its BARS and FEATURES, on the same rows.
    funding : pl.DataFrame or None
        Its FUNDING, where it has any.
    """

    market: str
    bars: pl.DataFrame
    features: pl.DataFrame
    funding: pl.DataFrame | None = None


@dataclass(frozen=True)
class LaidTape:
    """Markets of one timeframe side by side, one after the other along n rows.

    Attributes
    ----------
    markets : tuple of str
    timeframe : str
    times : (n,) int64
        Opens, ms since 1970.
    sigma, atr, volume : (n,) float64
        Volatility per bar, average true range as a share of the close, and the volume that the
        market is used to, all known at the bar's close; NaN where they are not.
    tape : Tape
    """

    markets: tuple[str, ...]
    timeframe: str
    times: Whole
    sigma: Reals
    atr: Reals
    volume: Reals
    tape: Tape

    def span(self, market: int) -> slice:
        """Rows of a market."""
        first, end, _ = self.tape.rows[market]
        return slice(int(first), int(end))

    def window(self, start: int | None, end: int | None) -> LaidTape:
        """The same without the bars before `start` and from `end` on (ms since 1970)."""
        step = duration_ms(self.timeframe)
        rows = self.tape.rows.copy()
        for market in range(len(self.markets)):
            here = self.span(market)
            times = self.times[here]
            first = 0 if start is None else int(np.searchsorted(times, start))
            last = len(times) if end is None else int(np.searchsorted(times, end))
            rows[market] = here.start + first, here.start + max(first, last), 0
        opened = [self.times[first] for first, after, _ in rows if after > first]
        for market in range(len(self.markets)):
            first, after, _ = rows[market]
            if after > first:
                rows[market, SLOT] = (self.times[first] - min(opened)) // step
        origin = origin_of(int(min(opened)), self.timeframe) if opened else 0
        return replace(self, tape=self.tape._replace(rows=rows, origin=origin))


def origin_of(start: int, timeframe: str) -> int:
    """Slots from the last Monday's 00:00 UTC to the one that opens at `start`, ms since 1970.

    Examples
    --------
    >>> origin_of(1_704_153_600_000, "1h")  # Tuesday, 2 January 2024
    24
    """
    return (start - MONDAY_MS) % duration_ms("1w") // duration_ms(timeframe)


def lay_tape(markets: Sequence[MarketBars], costs: Costs, sizing: Sizing) -> LaidTape:
    """Lay the markets' bars on one grid, with what fills and funding cost in each.

    A bar trades where it is no gap and its volume is not zero; a volume that is not known counts as
    traded.

    Parameters
    ----------
    markets : sequence of MarketBars
        In the order in which orders of the same bar are taken; all of one timeframe.
    costs : Costs
        Its `multiple` is not applied here.
    sizing : Sizing
        Which currency the account is in.

    Raises
    ------
    SchemaError
        When the timeframes differ, or bars and features are not on the same rows.
    """
    names = tuple(market.market for market in markets)
    frames = sorted({timeframe_of(name) for name in names})
    if len(frames) > 1:
        raise SchemaError(
            f"markets of the timeframes {', '.join(frames)}", "one timeframe", "trade them apart"
        )
    parts = [_lay_one(market, costs, sizing.contract == "inverse") for market in markets]
    rows = np.zeros((len(parts), 3), np.int64)
    ends = np.cumsum([len(times) for times, *_ in parts], dtype=np.int64)
    rows[:, END] = ends
    rows[1:, FIRST] = ends[:-1]
    times, sigma, atr, volume, bars = (
        _joined([part[i] for part in parts], empty)
        for i, empty in enumerate((np.empty(0, np.int64), *[np.empty(0)] * 3, np.empty((9, 0))))
    )
    timeframe = frames[0] if frames else "1d"
    laid = LaidTape(names, timeframe, times, sigma, atr, volume, Tape(rows, bars))
    return laid.window(None, None)


def _lay_one(market: MarketBars, costs: Costs, in_coins: bool) -> tuple[Whole, *tuple[Reals, ...]]:
    bars, features = market.bars, market.features
    if not bars["time"].equals(features["time"]):
        raise SchemaError(
            f"BARS and FEATURES of {market.market} on other rows",
            "features made from these bars",
            "run the flow again with --refresh features",
        )
    times = bars["time"].dt.epoch("ms").to_numpy()
    prices = [bars[name].to_numpy() for name in PRICES]
    trades = ~bars["is_gap"].to_numpy() & (bars["volume"].to_numpy() != 0)
    trades &= np.all(np.isfinite(prices), axis=0)
    paid = fill_costs(bars, features, costs, in_coins)
    funding = settled_rates(times, timeframe_of(market.market), market.funding, costs)
    sigma, atr = features["sigma"].to_numpy(), features["atr"].to_numpy() / prices[3]
    volume = usual_volume(bars, features, in_coins)
    columns = np.array([*prices, trades.astype(np.float64), paid.spread, paid.impact, *funding])
    return times, sigma, atr, volume, columns


def _joined(parts: Sequence[NDArray], empty: NDArray) -> NDArray:
    return np.ascontiguousarray(np.concatenate([empty, *parts], axis=-1))
