"""One verdict with its reason per hypothesis, what every gate computed, and the funnel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import polars as pl

from lake.config import Config
from lake.errors import SchemaError
from lake.schema import FUNNEL, GATED, VERDICTS
from tasks.promotion.answers import PROMOTED, Answer, Row, Stop, Sufficient
from tasks.promotion.config import PromotionConfig
from tasks.promotion.gates import FINDING, GATES
from tasks.promotion.redundancy import Likeness, compare_positions

NO_GATE = "none"
TRIMMED, BOTH_ENDS = "trimmed", "both"


@dataclass(frozen=True, eq=False)
class Evidence:
    """What promotion reads: tables of these kinds.

    Attributes
    ----------
    findings : pl.DataFrame
        FINDINGS, of all hypotheses.
    bridged, stressed, trades : pl.DataFrame
        BRIDGED, STRESSED and TRADES of those that are findings.
    """

    findings: pl.DataFrame
    bridged: pl.DataFrame
    stressed: pl.DataFrame
    trades: pl.DataFrame


@dataclass(frozen=True, eq=False)
class Heard:
    """A hypothesis and the answers of the gates that it was asked at."""

    row: Row
    answers: dict[str, Answer]

    @property
    def stopped(self) -> tuple[str, Stop] | None:
        """The first gate that stops it and what it says, or None."""
        told = ((name, answer.stop) for name, answer in self.answers.items())
        return next(((name, stop) for name, stop in told if stop is not None), None)


def judge_hypotheses(
    evidence: Evidence, sufficient: Sufficient, config: PromotionConfig
) -> pl.DataFrame:
    """Return VERDICTS: one row per hypothesis, stopped by its first gate or promoted.

    Parameters
    ----------
    evidence : Evidence
    sufficient : Sufficient
        What discovery wanted before it tested.
    config : PromotionConfig
        Thresholds.

    Raises
    ------
    SchemaError
        When BRIDGED or STRESSED is not about the findings.
    """
    heard = hear_gates(evidence, sufficient, config)
    return pl.DataFrame([_verdict(one) for one in heard], schema=VERDICTS.columns)


def gate_findings(
    evidence: Evidence, sufficient: Sufficient, config: PromotionConfig
) -> pl.DataFrame:
    """Return GATED: what every gate says of every finding, also behind the one that stopped it.

    A figure is NaN only where a finding did not trade. Parameters and errors are those of
    `judge_hypotheses`.
    """
    rows = [
        {
            "hypothesis": one.row["hypothesis"],
            "step": step,
            "gate": name,
            "figure": answer.figure,
            "wanted": answer.wanted,
            "passed": answer.stop is None,
            "reason": "" if answer.stop is None else answer.stop.reason,
        }
        for one in hear_gates(evidence, sufficient, config)
        if one.row["verdict"] == FINDING
        for step, (name, answer) in enumerate(one.answers.items(), start=1)
    ]
    return pl.DataFrame(rows, schema=GATED.columns)


def hear_gates(evidence: Evidence, sufficient: Sufficient, config: PromotionConfig) -> list[Heard]:
    """Ask the gates of every hypothesis, by name; of what is no finding, until one stops it."""
    rows: list[dict[str, Any]] = [{"sufficient": sufficient, **row} for row in _rows(evidence)]
    before = [_hear(row | {"likeness": Likeness()}, config) for row in rows]
    stand = {one.row["hypothesis"] for one in before if one.stopped is None}
    findings = [row for row in rows if row["verdict"] == FINDING]
    limit = config.max_overlap_share
    likeness = compare_positions(findings, stand, evidence.trades, limit)
    nobody = Likeness()
    final = (row | {"likeness": likeness.get(row["hypothesis"], nobody)} for row in rows)
    return [_hear(row, config) for row in final]


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


def _rows(evidence: Evidence) -> Iterator[Row]:
    """FINDINGS with BRIDGED beside them, by name."""
    candidates = evidence.findings.filter(pl.col("verdict") == FINDING)
    inner = evidence.stressed.filter(test=TRIMMED, level=BOTH_ENDS)
    for name, told in (("BRIDGED", evidence.bridged), ("STRESSED", inner)):
        _check_same(candidates, told, name)
    inner = inner.select("hypothesis", net_inner_bps="net_bps")
    joined = evidence.findings.join(
        evidence.bridged, on="hypothesis", how="left", suffix="_confirmed"
    )
    joined = joined.join(inner, on="hypothesis", how="left")
    return joined.sort("hypothesis").iter_rows(named=True)


def _hear(row: Row, config: PromotionConfig) -> Heard:
    answers: dict[str, Answer] = {}
    for name, _, ask in GATES:
        answers[name] = ask(row, config)
        if row["verdict"] != FINDING and answers[name].stop is not None:
            break
    return Heard(row, answers)


def _verdict(heard: Heard) -> dict[str, Any]:
    row, stopped = heard.row, heard.stopped
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


def _check_same(candidates: pl.DataFrame, told: pl.DataFrame, name: str) -> None:
    lost = set(candidates["hypothesis"]) ^ set(told["hypothesis"])
    if lost:
        raise SchemaError(
            f"{name} and FINDINGS that differ on {sorted(lost)}",
            f"every finding in {name}",
            "run the flow again with --refresh bridge",
        )
