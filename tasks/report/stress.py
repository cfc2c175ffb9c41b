"""What the promoted withstood: folds, costs, delay, size, placebos, slices, and the gates."""

from __future__ import annotations

from typing import Any

import polars as pl

from tasks.report.believed import tell_trades
from tasks.report.chart import Chart, words
from tasks.report.config import ReportConfig
from tasks.report.costs import candidates
from tasks.report.facts import Evidence
from tasks.report.forest import half_widths
from tasks.report.formats import (
    DOT,
    condition_words,
    count,
    hypothesis_words,
    market_words,
    n_of,
)
from tasks.report.gates import tell_gates
from tasks.report.panels import (
    PLACEBOS,
    Row,
    draw_costs,
    draw_delays,
    draw_placebos,
    draw_sizes,
    draw_walk,
    levels,
)
from tasks.report.ranking import PROMOTED
from tasks.report.slices import draw_slices

_SLICES = ("year", "market", "regime")


def tell_stress(evidence: Evidence, config: ReportConfig) -> dict[str, Any]:
    """The promoted one by one; where nothing was promoted, the best few candidates."""
    every = candidates(evidence)
    promoted = every.filter(pl.col("promotion") == PROMOTED)
    n_shown = config.n_unpromoted if promoted.is_empty() else config.n_stressed
    chosen = every if promoted.is_empty() else promoted
    shown = chosen.head(n_shown).to_dicts()
    return {
        "sentence": _sentence(every.height, promoted.height, len(shown)),
        "each": [_tell(place, row, evidence, config) for place, row in enumerate(shown)],
    }


def _sentence(n_candidates: int, n_promoted: int, n_shown: int) -> str:
    if not n_candidates:
        return "No hypothesis came so far that it was traded, so there was nothing to stress."
    who = (
        f"Nothing was promoted. The best {n_of(n_shown, 'candidate')} by q:"
        if not n_promoted
        else f"What was promoted ({count(n_promoted)}):"
        if n_promoted == n_shown
        else f"The first {count(n_shown)} of {count(n_promoted)} that were promoted:"
    )
    return (
        f"{who} each trade simulated again under worse conditions. Only trades of folds count "
        "before which the procedure, fed with all that was known by then, chose the hypothesis "
        "again; of the other folds it is shown what they would have made. Bars are intervals of "
        "Student's t over calendar blocks. Of random entries the bar is that of the difference to "
        "the candidate: a candidate outside of it did better, or worse, than chance entries."
    )


def _tell(place: int, row: Row, evidence: Evidence, config: ReportConfig) -> dict[str, Any]:
    own = pl.col("hypothesis") == row["hypothesis"]
    stressed = evidence.stressed.filter(own)
    return {
        "title": hypothesis_words(row["hypothesis"]),
        "verdict": row["promotion"] or "",
        "told": _told(row),
        "panels": _panels(place, row, evidence, stressed, config.confidence),
        "slices": _slices(place, row, stressed, config),
        "gates": tell_gates(place, evidence.gated.filter(own)),
    }


def _told(row: Row) -> str:
    parts = [
        tell_trades(row),
        f"chosen before {count(row['n_folds_selected'])} of {n_of(row['n_folds'], 'fold')}",
        f"of these with enough trades, {count(row['n_folds_positive'])} of "
        f"{count(row['n_folds_judged'])} earn",
        f"years that earn: {count(row['n_years_positive'])} of {count(row['n_years'])}",
    ]
    if row["n_ambiguous"]:
        parts.append(
            f"{n_of(row['n_ambiguous'], 'bar')} touched stop and target: decided for the stop"
        )
    return f" {DOT} ".join(parts)


def _panels(
    place: int, row: Row, evidence: Evidence, stressed: pl.DataFrame, confidence: float
) -> list[tuple[str, Chart | None]]:
    rows = {test: levels(stressed, test, confidence) for test in _TESTS}
    (half,) = half_widths(
        pl.Series([row["net_se_bps"]], dtype=pl.Float64),
        pl.Series([row["net_n_clusters"]], dtype=pl.Int64),
        confidence,
    )
    now = {"gross_bps": row["gross_bps"], "net_bps": row["net_bps"], "half_bps": half}
    candidate = {name: now[name] for name in ("net_bps", "half_bps")}
    even = rows["break_even"]["number"].to_list()
    folds = _folds(row["hypothesis"], evidence, rows["fold"])
    placebos = pl.concat([rows[test] for test in PLACEBOS])
    return [
        ("Walk-forward", draw_walk(place, folds, row["net_bps"])),
        ("Costs", draw_costs(place, rows["cost"], even[0] if even else None)),
        ("Delay", draw_delays(place, now, rows["delay"])),
        ("Size", draw_sizes(place, rows["notional"], row["capacity"])),
        ("Placebos", draw_placebos(place, candidate, placebos)),
    ]


_TESTS = ("fold", "cost", "break_even", "delay", "notional", *PLACEBOS)


def _folds(hypothesis: str, evidence: Evidence, traded: pl.DataFrame) -> pl.DataFrame:
    """Every fold, with how the hypothesis was refitted before it and what it made there."""
    refits = evidence.refits.filter(pl.col("hypothesis") == hypothesis)
    made = traded.select(
        "n_trades", "net_bps", "half_bps", fold=pl.col("number").cast(evidence.folds["fold"].dtype)
    )
    chosen = refits.select("fold", "selected", "p")
    return (
        evidence.folds.join(chosen, on="fold", how="left")
        .join(made, on="fold", how="left")
        .sort("fold")
    )


def _slices(
    place: int, row: Row, stressed: pl.DataFrame, config: ReportConfig
) -> dict[str, Any] | None:
    """By year, market and regime; of many markets those with the most trades."""
    order = {by: at for at, by in enumerate(_SLICES)}
    own = stressed.filter(pl.col("test").is_in(_SLICES) & (pl.col("n_trades") > 0))
    markets = own.filter(pl.col("test") == "market").sort("n_trades", descending=True)
    left_out = markets["level"][config.n_slice_markets :]
    kept = own.filter((pl.col("test") != "market") | ~pl.col("level").is_in(left_out.implode()))
    if kept.is_empty():
        return None
    ordered = kept.sort(pl.col("test").replace_strict(order, return_dtype=pl.Int64), "level")
    labels = [words(_label(*pair)) for pair in ordered.select("test", "level").rows()]
    slices = ordered.select(
        "se_bps",
        "n_clusters",
        by="test",
        n="n_trades",
        mean_bps="net_bps",
        label=pl.Series(labels, dtype=pl.String),
    )
    label = "Net mean by year, market and regime"
    chart = draw_slices(
        f"chart-parts-{place}", label, slices, row["net_bps"], "net, bps", config.confidence
    )
    return {"chart": chart, "hidden": n_of(left_out.len(), "market") if left_out.len() else ""}


def _label(test: str, level: str) -> str:
    known = {"market": market_words(level), "regime": condition_words(level)}
    return known.get(test, level)
