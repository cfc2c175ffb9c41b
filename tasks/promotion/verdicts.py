"""One verdict with its reason per hypothesis, and the funnel that they make."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import polars as pl

from lake.config import Config
from lake.errors import SchemaError
from lake.schema import FUNNEL, VERDICTS
from tasks.promotion.config import PromotionConfig
from tasks.promotion.gates import FINDING, GATES, PROMOTED, Row, Stop, Sufficient
from tasks.promotion.redundancy import find_twins

NO_GATE = "none"


def judge_hypotheses(
    findings: pl.DataFrame,
    bridged: pl.DataFrame,
    trades: pl.DataFrame,
    sufficient: Sufficient,
    config: PromotionConfig,
) -> pl.DataFrame:
    """Return VERDICTS: one row per hypothesis, stopped by its first gate or promoted.

    Parameters
    ----------
    findings, bridged, trades : pl.DataFrame
        FINDINGS, and BRIDGED and TRADES of those that are findings.
    sufficient : Sufficient
        What discovery wanted before it tested.
    config : PromotionConfig
        Thresholds.

    Raises
    ------
    SchemaError
        When BRIDGED is not about the findings.
    """
    _check_same(findings.filter(pl.col("verdict") == FINDING), bridged)
    joined = findings.join(bridged, on="hypothesis", how="left", suffix="_confirmed")
    known = {"sufficient": sufficient, "twin": None}
    rows = [known | row for row in joined.sort("hypothesis").iter_rows(named=True)]
    passed = [row for row in rows if first_stop(row, config) is None]
    twins = find_twins(passed, trades, config.max_overlap_share)
    final = [row | {"twin": twins.get(row["hypothesis"])} for row in rows]
    verdicts = [_verdict(row, first_stop(row, config)) for row in final]
    return pl.DataFrame(verdicts, schema=VERDICTS.columns)


def count_stops(verdicts: pl.DataFrame) -> pl.DataFrame:
    """Return FUNNEL: how many hypotheses each gate met, stopped and let through, in order."""
    stopped = dict(verdicts.group_by("gate").len().iter_rows())
    rows = []
    n_in = verdicts.height
    for step, (name, _, _) in enumerate(GATES, start=1):
        n_stopped = stopped.get(name, 0)
        n_out = n_in - n_stopped
        rows.append((step, name, n_in, n_stopped, n_out))
        n_in = n_out
    return pl.DataFrame(rows, schema=FUNNEL.columns, orient="row")


def sufficient_counts(discovery_config: Config) -> Sufficient:
    """What discovery wants, among the fields of its config."""
    names = {field.name for field in fields(Sufficient)}
    return Sufficient(**discovery_config.model_dump(include=names))


def first_stop(row: Row, config: PromotionConfig) -> tuple[str, Stop] | None:
    """The first gate that stops the row and what it says, or None."""
    asked: Iterable[tuple[str, Stop | None]] = ((n, ask(row, config)) for n, _, ask in GATES)
    return next(((name, stop) for name, stop in asked if stop is not None), None)


def _verdict(row: Row, stopped: tuple[str, Stop] | None) -> dict[str, Any]:
    if stopped is None:
        gate, n_more, verdict = NO_GATE, None, PROMOTED
        reason = (
            f"confirmation mean {row['net_bps']:.1f} bps after costs in {row['n_trades']} trades, "
            f"t {row['t_confirmed']:.2f}, q {row['q_confirmed']:.3f}"
        )
    else:
        gate, stop = stopped
        verdict, reason, n_more = stop.verdict, stop.reason, stop.n_more
    return {
        "hypothesis": row["hypothesis"],
        "verdict": verdict,
        "reason": reason,
        "gate": gate,
        "n_more": n_more,
    }


def _check_same(candidates: pl.DataFrame, bridged: pl.DataFrame) -> None:
    lost = set(candidates["hypothesis"]) ^ set(bridged["hypothesis"])
    if lost:
        raise SchemaError(
            f"BRIDGED and FINDINGS that differ on {sorted(lost)}",
            "one row of BRIDGED per finding",
            "run the flow again with --refresh bridge",
        )
