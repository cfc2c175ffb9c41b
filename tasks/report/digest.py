"""The run in numbers and few lines: what the terminal and Prefect's pages show of the tables."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from tasks.report.ranking import FINDING, PROMOTED, with_prefix

Row = dict[str, Any]


@dataclass(frozen=True)
class Digest:
    """What a run found, as plain values.

    Attributes
    ----------
    n_bars : int
        Bars of all markets; gaps are none.
    best : list of dict
        The hypotheses with the smallest q-values, with what came out of sample (columns of
        CONFIRMED, `confirmed_` before them) and the verdict of promotion.
    judgement : dict
        The row of JUDGEMENT.
    funnel : list of dict
        How many hypotheses each gate stopped.
    blueprints : list of dict
        Name, both documents and card of each blueprint.
    pages : dict of str to str
        Each page by the name of its file, the report first.
    not_runnable : dict of str to list of str
        The events that could not run, by market and reason.
    """

    n_bars: int
    n_hypotheses: int
    n_findings: int
    n_promoted: int
    best: list[Row]
    judgement: Row
    funnel: list[Row]
    blueprints: list[Row]
    pages: dict[str, str]
    not_runnable: dict[str, list[str]]


def digest(
    quality: pl.DataFrame,
    coverage: pl.DataFrame,
    pages: dict[str, str],
    *,
    findings: pl.DataFrame,
    confirmed: pl.DataFrame,
    judgement: pl.DataFrame,
    verdicts: pl.DataFrame,
    funnel: pl.DataFrame,
    blueprints: pl.DataFrame,
    n_best: int,
) -> Digest:
    """Condense the last tables of a run.

    Parameters
    ----------
    quality, coverage : DataFrame
        QUALITY and COVERAGE of all markets, one after the other.
    pages : dict of str to str
        The pages by the names of their files, the report first.
    findings, confirmed, judgement, verdicts, funnel, blueprints : DataFrame
        Tables of those kinds in `lake.schema`.
    n_best : int
        How many hypotheses to show.
    """
    return Digest(
        n_bars=int(quality.filter(pl.col("check") == "bars")["n"].sum()),
        n_hypotheses=findings.height,
        n_findings=findings.filter(pl.col("verdict") == FINDING).height,
        n_promoted=verdicts.filter(pl.col("verdict") == PROMOTED).height,
        best=_plain(_best(findings, confirmed, verdicts).head(n_best)),
        judgement=_plain(judgement)[0],
        funnel=_plain(funnel.sort("step")),
        blueprints=_plain(blueprints),
        pages=pages,
        not_runnable=_obstacles(coverage),
    )


def _best(findings: pl.DataFrame, confirmed: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    decided = verdicts.select("hypothesis", decision="verdict", because="reason")
    joined = findings
    for frame in (with_prefix(confirmed), decided):
        joined = joined.join(frame, on="hypothesis", how="left", maintain_order="left")
    last = [pl.col(name).fill_nan(None) for name in ("q", "p")]
    return joined.sort(*last, "hypothesis", nulls_last=True)


def _obstacles(coverage: pl.DataFrame) -> dict[str, list[str]]:
    rest = coverage.filter(pl.col("reason") != "").sort("market", "reason", "event")
    grouped = rest.group_by("market", "reason", maintain_order=True).agg("event")
    return {f"{row['market']} {row['reason']}": row["event"] for row in grouped.to_dicts()}


def _plain(frame: pl.DataFrame) -> list[Row]:
    """Rows as JSON values: times as text, NaN as None."""
    return json.loads(frame.fill_nan(None).write_json()) if frame.height else []
