"""Trades of each candidate in the confirmation era: executed, one at a time, after costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.errors import SchemaError
from lake.ref import EVERY_MARKET
from lake.schema import FEATURES, TRADES
from lake.time import duration_ms, n_bars, timeframe_of
from tasks.bridge.config import BridgeConfig
from tasks.kernels.positions import take_positions

FINDING, CONFIRMATION, EVERY_TIME = "finding", "confirmation", "all"
BPS = 1e4
FUNDING_PERIOD = "8h"


@dataclass(frozen=True)
class MarketTables:
    """What the bridge reads of one market.

    Attributes
    ----------
    market : str
        Its name.
    events, features, bars : pl.DataFrame
        Its EVENTS (of the families wanted), FEATURES and BARS.
    """

    market: str
    events: pl.DataFrame
    features: pl.DataFrame
    bars: pl.DataFrame


def select_candidates(findings: pl.DataFrame) -> pl.DataFrame:
    """Rows of FINDINGS that passed discovery, with `follow`: +1 trades the side, -1 fades it."""
    follow = pl.when(pl.col("scaled_bps") < 0).then(-1).otherwise(1).cast(pl.Int8)
    chosen = findings.filter(pl.col("verdict") == FINDING).sort("hypothesis")
    return chosen.with_columns(follow=follow)


def simulate_trades(
    candidates: pl.DataFrame,
    eras: pl.DataFrame,
    markets: Iterable[MarketTables],
    config: BridgeConfig,
) -> pl.DataFrame:
    """Return TRADES of the candidates in the confirmation era, over all markets.

    Parameters
    ----------
    candidates : pl.DataFrame
        What `select_candidates` returned.
    eras : pl.DataFrame
        ERAS.
    markets : iterable of MarketTables
        Read one after the other, each market once, in any order.
    config : BridgeConfig
        Costs.

    Raises
    ------
    SchemaError
        When an event stands at no bar of its market, or a condition is not known.
    """
    start, end = confirmation_span(eras)
    frames = [
        trade_candidate(candidate, tables, start, end, config)
        for tables in markets
        for candidate in _candidates_of(candidates, tables.market)
    ]
    trades = pl.concat([TRADES.empty(), *frames])
    return trades.sort(TRADES.order)


def trade_candidate(
    candidate: dict[str, Any], tables: MarketTables, start: int, end: int, config: BridgeConfig
) -> pl.DataFrame:
    """Return TRADES of one candidate in one market, entries and exits within [start, end) ms.

    Entry at the open of the bar after the event, exit at the close of the bar one horizon after
    the event; see `tasks.kernels.positions.take_positions`. An event without a side counts as
    long.
    """
    timeframe = timeframe_of(tables.market)
    bars = tables.bars
    times = bars["time"].to_physical().to_numpy()
    events = meeting_condition(tables, candidate["event"], candidate["condition"])
    taken, entry_bars, exit_bars = take_positions(
        bar_of(events["time"].to_physical().to_numpy(), times, tables.market),
        bars["is_gap"].to_numpy(),
        n_bars(candidate["horizon"], timeframe),
        int(np.searchsorted(times, start)),
        int(np.searchsorted(times, end)),
    )
    sides = events["side"].to_numpy()[taken]
    directions = np.where(sides == 0, 1, sides).astype(np.int8) * np.int8(candidate["follow"])
    executed = pl.DataFrame(
        {
            "event_time": events["time"].gather(taken),
            "entry_time": bars["time"].gather(entry_bars),
            "exit_time": bars["time"].gather(exit_bars),
            "side": directions,
            "entry_price": bars["open"].gather(entry_bars),
            "exit_price": bars["close"].gather(exit_bars),
        }
    )
    return _account(executed, candidate["hypothesis"], tables.market, config)


def meeting_condition(tables: MarketTables, event: str, condition: str) -> pl.DataFrame:
    """Events called `event` whose own bar meets `condition`, sorted by time.

    A condition is ``all`` or a label of FEATURES, such as ``vol_regime=2``; an event at whose
    close the label is not known does not meet it.
    """
    events = tables.events.filter(pl.col("event") == event).sort("time")
    if condition == EVERY_TIME:
        return events
    name, _, value = condition.partition("=")
    if name not in FEATURES.columns or not value.lstrip("-").isdigit():
        raise SchemaError(
            f"the condition {condition!r}",
            "all, or a label of FEATURES with a whole number, like vol_regime=2",
            "make discovery write such conditions",
        )
    meets = tables.features.filter(pl.col(name) == int(value)).select("time")
    return events.join(meets, on="time", how="semi", maintain_order="left")


def bar_of(
    event_times: NDArray[np.int64], times: NDArray[np.int64], market: str
) -> NDArray[np.int64]:
    """Rows of the grid `times` at which the events stand (both in ms, ascending)."""
    rows = np.searchsorted(times, event_times)
    if np.any(rows >= len(times)) or np.any(times[rows] != event_times):
        raise SchemaError(
            f"events of {market} at times that are not on its grid",
            "events made from these bars",
            "run the flow again with --refresh events",
        )
    return rows.astype(np.int64)


def confirmation_span(eras: pl.DataFrame) -> tuple[int, int]:
    """First moment of the confirmation era and the one after its last, in ms since 1970."""
    row = eras.filter(pl.col("era") == CONFIRMATION)
    if row.height != 1:
        raise SchemaError(
            f"ERAS with {row.height} rows of the era {CONFIRMATION!r}",
            "one",
            "run the flow again with --refresh discovery",
        )
    return row["start"].to_physical()[0], row["end"].to_physical()[0]


def _candidates_of(candidates: pl.DataFrame, market: str) -> Iterator[dict[str, Any]]:
    concerned = candidates.filter(pl.col("market").is_in([market, EVERY_MARKET]))
    return concerned.iter_rows(named=True)


def _account(
    executed: pl.DataFrame, hypothesis: str, market: str, config: BridgeConfig
) -> pl.DataFrame:
    """Add what each position earned, cost and left.

    A long pays funding at each settlement after its entry, up to and with its exit.
    """
    period = duration_ms(FUNDING_PERIOD)
    closed_at = pl.col("exit_time").dt.epoch("ms") + duration_ms(timeframe_of(market))
    n_settled = closed_at // period - pl.col("entry_time").dt.epoch("ms") // period
    n_paid = pl.when(pl.col("side") > 0).then(n_settled).otherwise(0)
    growth = pl.col("exit_price") / pl.col("entry_price") - 1
    costed = executed.with_columns(
        hypothesis=pl.lit(hypothesis),
        market=pl.lit(market),
        gross_bps=pl.col("side") * growth * BPS,
        cost_bps=config.round_trip_bps + n_paid * config.funding_bps_per_8h,
    )
    netted = costed.with_columns(net_bps=pl.col("gross_bps") - pl.col("cost_bps"))
    return netted.select(list(TRADES.columns))
