"""Trades of each candidate in each test fold, by the engine."""

from __future__ import annotations

import polars as pl

from lake.errors import SchemaError
from lake.schema import TRADES
from tasks.bridge.ground import Ground
from tasks.trading.config import Terms
from tasks.trading.simulation import simulate

FINDING = "finding"


def select_candidates(findings: pl.DataFrame) -> pl.DataFrame:
    """Rows of FINDINGS that passed discovery, with `follow`: +1 trades the side, -1 fades it."""
    follow = pl.when(pl.col("scaled_bps") < 0).then(-1).otherwise(1).cast(pl.Int8)
    chosen = findings.filter(pl.col("verdict") == FINDING).sort("hypothesis")
    return chosen.with_columns(follow=follow)


def simulate_trades(candidates: pl.DataFrame, ground: Ground, terms: Terms) -> pl.DataFrame:
    """Return TRADES of the candidates in every fold, each fold with an account of its own.

    Parameters
    ----------
    candidates : pl.DataFrame
        What `select_candidates` returned.
    ground : Ground
        Where they trade.
    terms : Terms
        How they do.

    Raises
    ------
    SchemaError
        When an event stands at no bar of its market, or a condition is not known.
    AccountError
        When the results do not sum to the change of the cash.
    """
    frames = [
        simulate(
            ground.laid,
            signals,
            candidate["horizon"],
            terms,
            name=candidate["hypothesis"],
            fold=fold.number,
            start=fold.start,
            end=fold.end,
            whole=True,
        ).trades
        for candidate in candidates.sort("hypothesis").iter_rows(named=True)
        for signals in [ground.signals(candidate)]
        for fold in ground.folds
    ]
    return pl.concat([TRADES.empty(), *frames]).sort(TRADES.order)


def in_selected_folds(trades: pl.DataFrame, refits: pl.DataFrame) -> pl.DataFrame:
    """TRADES in the folds before which the procedure would have chosen their hypothesis.

    They alone are evidence (shared statistics.md section 3.3).

    Raises
    ------
    SchemaError
        When a trade's hypothesis was not refitted before its fold.
    """
    key = ["hypothesis", "fold"]
    lost = trades.join(refits, on=key, how="anti")
    if lost.height:
        raise SchemaError(
            f"REFITS without {lost.row(0, named=True)['hypothesis']} in some fold that it traded",
            "each finding refitted before each fold",
            "run the flow again with --refresh discovery",
        )
    chosen = refits.filter(pl.col("selected"))
    return trades.join(chosen, on=key, how="semi", maintain_order="left")
