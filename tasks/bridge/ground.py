"""The ground on which candidates are tried: every market's bars and events, cut into test folds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.ref import EVERY_MARKET
from lake.schema import FEATURES, SIGN, TIME
from lake.time import n_bars
from tasks.kernels.fills import TRADES
from tasks.trading.config import Terms
from tasks.trading.signals import choose_signals, meet_condition
from tasks.trading.tape import LaidTape, MarketBars, lay_tape

LABELS = tuple(name for name, dtype in FEATURES.columns.items() if dtype == SIGN)
UNKNOWN = -128
Signals = dict[str, pl.DataFrame]
Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class MarketTables:
    """What the bridge reads of one market.

    Attributes
    ----------
    market : str
        Its name.
    events, features, bars : pl.DataFrame
        Its EVENTS (of the families wanted), FEATURES and BARS.
    funding : pl.DataFrame or None
        Its FUNDING, where it has any.
    """

    market: str
    events: pl.DataFrame
    features: pl.DataFrame
    bars: pl.DataFrame
    funding: pl.DataFrame | None = None


@dataclass(frozen=True, eq=False)
class Fold:
    """A test fold: its number and the tape inside of it."""

    number: int
    start: int
    end: int
    window: LaidTape


@dataclass(frozen=True, eq=False)
class Ground:
    """Markets, folds and events.

    Attributes
    ----------
    laid : LaidTape
        All bars of all markets, n in all, the markets by name.
    folds : tuple of Fold
        By number.
    events : mapping of (market, event) to DataFrame
        EVENTS inside the folds.
    features : mapping of market to DataFrame
        FEATURES inside the folds.
    labels : mapping of str to (n,) int8
        Labels of FEATURES at each bar, UNKNOWN where they are not known.
    """

    laid: LaidTape
    folds: tuple[Fold, ...]
    events: Mapping[tuple[str, str], pl.DataFrame]
    features: Mapping[str, pl.DataFrame]
    labels: Mapping[str, NDArray[np.int8]]

    @cached_property
    def whole(self) -> LaidTape:
        """The tape from the first fold's start to the last one's end."""
        return self.laid.window(self.folds[0].start, self.folds[-1].end)

    @cached_property
    def fold_of(self) -> NDArray[np.int16]:
        """Place of each bar's fold among `folds`, shape (n,); -1 outside of all."""
        places = np.full(len(self.laid.times), -1, np.int16)
        for place, fold in enumerate(self.folds):
            for market in range(len(self.laid.markets)):
                places[fold.window.span(market)] = place
        return places

    @cached_property
    def _eligible(self) -> dict[tuple[int, str], Whole]:
        return {}

    def signals(self, candidate: Mapping[str, Any]) -> Signals:
        """The candidate's signals by market, see `tasks.trading.signals.choose_signals`.

        Raises
        ------
        SchemaError
            When its condition is none.
        """
        event = candidate["event"]
        rule = (event, candidate["condition"], candidate["follow"])
        return {
            market: choose_signals(self.events[market, event], self.features[market], *rule)
            for market in self.laid.markets
            if candidate["market"] in (market, EVERY_MARKET) and (market, event) in self.events
        }

    def eligible(self, fold: Fold, market: int, condition: str, horizon: str) -> Whole:
        """Rows of the market's bars that traded and met the condition, ascending.

        Those in the fold from which a position can be held for the horizon before the fold ends.
        """
        if (market, condition) not in self._eligible:
            features = self.features[self.laid.markets[market]]
            met = meet_condition(features.select("time"), features, condition)
            rows = self.rows_at(market, met["time"].dt.epoch("ms").to_numpy())
            trades = self.laid.tape.bars[TRADES, rows] > 0.0
            self._eligible[market, condition] = rows[trades]
        rows, here = self._eligible[market, condition], fold.window.span(market)
        end = here.stop - n_bars(horizon, self.laid.timeframe)
        return rows[slice(*np.searchsorted(rows, (here.start, end)))]

    def rows_at(self, market: int, times: Whole) -> Whole:
        """Rows of the market's bars that open at these times, ms since 1970."""
        here = self.laid.span(market)
        return here.start + np.searchsorted(self.laid.times[here], times)


def lay_ground(markets: Iterable[MarketTables], folds: pl.DataFrame, terms: Terms) -> Ground:
    """Lay the markets side by side and cut them into the folds.

    Parameters
    ----------
    markets : iterable of MarketTables
        In any order, each once.
    folds : pl.DataFrame
        FOLDS.
    terms : Terms
        Costs and sizing.

    Raises
    ------
    SchemaError
        When the markets' timeframes differ, or bars and features are not on the same rows.
    """
    spans = folds.sort("fold").select("fold", "start", "end").iter_rows()
    tables = sorted(markets, key=lambda table: table.market)
    sides = [
        MarketBars(table.market, table.bars, table.features, table.funding) for table in tables
    ]
    laid = lay_tape(sides, terms.costs, terms.sizing)
    first, last = folds["start"].min(), folds["end"].max()
    inside = pl.col("time").is_between(pl.lit(first, TIME), pl.lit(last, TIME), closed="left")
    return Ground(
        laid=laid,
        folds=tuple(_fold(laid, number, _ms(start), _ms(end)) for number, start, end in spans),
        events=_by_event(tables, inside),
        features={t.market: t.features.filter(inside).select("time", *LABELS) for t in tables},
        labels={name: _labels(name, tables) for name in LABELS},
    )


def _fold(laid: LaidTape, number: int, start: int, end: int) -> Fold:
    return Fold(number, start, end, laid.window(start, end))


def _ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def _by_event(
    tables: Iterable[MarketTables], inside: pl.Expr
) -> dict[tuple[str, str], pl.DataFrame]:
    return {
        (table.market, str(event)): rows
        for table in tables
        for (event,), rows in table.events.filter(inside).group_by("event")
    }


def _labels(name: str, tables: Iterable[MarketTables]) -> NDArray[np.int8]:
    known = [table.features[name].fill_null(UNKNOWN) for table in tables]
    return pl.concat([pl.Series(dtype=SIGN), *known]).to_numpy()
