"""An engine's decisions as the orders of one account, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from lake.schema import DECISIONS, TIME
from tasks.backtest.decided import stamps
from tasks.backtest.engine_config import EngineTrading
from tasks.trading.simulation import Simulated, simulate_decided
from tasks.trading.tape import LaidTape, MarketBars, lay_tape

ENTERS, LEAVES = ("enter", "turn"), ("leave", "turn")
LEFT = "left"


def lay_markets(markets: Sequence[MarketBars], trading: EngineTrading) -> LaidTape:
    """The bars of the markets, by name, as the account reads them."""
    ordered = sorted(markets, key=lambda market: market.market)
    return lay_tape(ordered, trading.terms.costs, trading.terms.sizing)


def trade_decisions(
    laid: LaidTape,
    decisions: pl.DataFrame,
    trading: EngineTrading,
    *,
    name: str,
    start: int | None = None,
    end: int | None = None,
    with_curve: bool = False,
) -> Simulated:
    """Trade decisions over a span, as one account over all markets.

    Parameters
    ----------
    laid : LaidTape
        Of `lay_markets`.
    decisions : pl.DataFrame
        DECISIONS of those markets.
    trading : EngineTrading
    name : str
        How the trades are called.
    start, end : int, optional
        Span in ms since 1970; bars from `end` on do not exist.
    with_curve : bool
        Whether EQUITY is wanted.
    """
    orders = orders_of(decisions, trading.structure_stop)
    by_market = {str(key[0]): own for key, own in orders.group_by("market", maintain_order=True)}
    return simulate_decided(
        laid,
        by_market,
        trading.horizon_bars,
        trading.terms,
        name=name,
        start=start,
        end=end,
        with_curve=with_curve,
    )


def orders_of(decisions: pl.DataFrame, structure_stop: bool) -> pl.DataFrame:
    """What is ordered at each bar: to leave, side 0, before entering; a veto orders nothing.

    Parameters
    ----------
    decisions : pl.DataFrame
        DECISIONS.
    structure_stop : bool
        Whether the orders know the price at which the zone that they stand on is broken.
    """
    kept = ("market", "time", "side", "unit", "guard", "fresh_time")
    leave = decisions.filter(pl.col("decision").is_in(LEAVES)).select(kept)
    enter = decisions.filter(pl.col("decision").is_in(ENTERS)).select(kept)
    none = pl.lit(float("nan")).alias("guard")
    leave = leave.with_columns(none, side=pl.lit(0, pl.Int8))
    enter = enter if structure_stop else enter.with_columns(none)
    return pl.concat([leave, enter]).sort("market", "time", maintain_order=True)


def log_of(decisions: pl.DataFrame, done: Simulated) -> pl.DataFrame:
    """DECISIONS with what became of each: of a turn, what became of its entry.

    Parameters
    ----------
    decisions : pl.DataFrame
        DECISIONS of all markets.
    done : Simulated
        Of these decisions.
    """
    orders, laid = done.orders, done.window
    fates = pl.DataFrame(
        {
            "market": [laid.markets[number] for number in orders["market"].tolist()],
            "time": stamps(laid.times[orders["row"]]),
            "fate": list(done.fate_words),
        },
        schema={"market": pl.String, "time": TIME, "fate": pl.String},
    )
    last = fates.group_by("market", "time", maintain_order=True).last()
    known = decisions.drop("fate").join(last, on=["market", "time"], how="left")
    told = known.with_columns(pl.col("fate").fill_null("")).select(list(DECISIONS.columns))
    return DECISIONS.conform(told.sort(DECISIONS.order))
