"""All that speaks for the promoted hypotheses, and what of it a blueprint quotes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import polars as pl

from lake.store import Entry
from tasks.blueprint.document import Eras, Settings
from tasks.blueprint.evidence import (
    ConfirmationEvidence,
    DiscoveryEvidence,
    Evidence,
    FoldEvidence,
    SearchEvidence,
    StressEvidence,
)
from tasks.blueprint.parts import Part, Span
from tasks.trading.config import Terms

Row = Mapping[str, Any]
P = TypeVar("P", bound=Part)


@dataclass(frozen=True)
class Case:
    """All that speaks for the promoted hypotheses.

    Attributes
    ----------
    findings, bridged, trades, verdicts, refits, folds, stressed, search, eras : pl.DataFrame
        The tables of these names.
    markets : tuple of str
        Those of the run, sorted: what a pooled finding trades.
    ancestors : list of Entry
        The lake's entries of these tables and of all that they were made of.
    terms : Terms
        Under which the trades were simulated.
    settings : Settings
        Of the rooms that made bars, features and events.
    """

    findings: pl.DataFrame
    bridged: pl.DataFrame
    trades: pl.DataFrame
    verdicts: pl.DataFrame
    refits: pl.DataFrame
    folds: pl.DataFrame
    stressed: pl.DataFrame
    search: pl.DataFrame
    eras: pl.DataFrame
    markets: tuple[str, ...]
    ancestors: Sequence[Entry]
    terms: Terms
    settings: Settings


def eras_of(eras: pl.DataFrame) -> Eras:
    """The three eras of ERAS."""
    return Eras(**{era["era"]: _pick(Span, era) for era in eras.iter_rows(named=True)})


def counted_trades(hypothesis: str, case: Case) -> pl.DataFrame:
    """TRADES of the folds in which the procedure would have traded the hypothesis."""
    selected = case.refits.filter((pl.col("hypothesis") == hypothesis) & pl.col("selected"))
    own = case.trades.filter(pl.col("hypothesis") == hypothesis)
    return own.join(selected.select("fold"), on="fold", how="semi")


def evidence_of(row: Row, case: Case) -> Evidence:
    """Numbers of all steps and the words of the verdict."""
    confirmation = {name.removesuffix("_confirmed"): value for name, value in row.items()}
    stressed = case.stressed.filter(pl.col("hypothesis") == row["hypothesis"])
    return Evidence(
        discovery=_pick(DiscoveryEvidence, row),
        confirmation=_pick(ConfirmationEvidence, confirmation),
        folds=tuple(fold_evidence(row["hypothesis"], case)),
        stress=tuple(_pick(StressEvidence, each) for each in stressed.iter_rows(named=True)),
        search=tuple(_pick(SearchEvidence, each) for each in case.search.iter_rows(named=True)),
        verdict=row["verdict_reason"],
    )


def fold_evidence(hypothesis: str, case: Case) -> Iterable[FoldEvidence]:
    """One line per test fold; one in which it did not trade has no mean."""
    own = pl.col("hypothesis") == hypothesis
    refits = case.refits.filter(own).select("fold", "selected")
    traded = case.stressed.filter(own & (pl.col("test") == "fold")).select(
        pl.col("level").cast(pl.Int64).alias("fold"), "n_trades", "net_bps"
    )
    lines = case.folds.join(refits, on="fold", how="left").join(traded, on="fold", how="left")
    known = lines.with_columns(
        pl.col("selected").fill_null(value=False), pl.col("n_trades").fill_null(0)
    )
    return (_pick(FoldEvidence, line) for line in known.sort("fold").iter_rows(named=True))


def _pick(part: type[P], row: Row) -> P:
    """A part of those values of a row that bear its fields' names; what is no number is null."""
    return part(**{name: _number(row[name]) for name in part.model_fields})


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
