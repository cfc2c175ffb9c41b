"""The bridge: what each candidate earned in the confirmation era, after costs."""

from __future__ import annotations

from typing import Any

import polars as pl

from tasks.report.chart import (
    Chart,
    axis,
    layout,
    legend,
    numbers,
    rule,
    series_colour,
    titled,
    words,
)
from tasks.report.config import ReportConfig
from tasks.report.facts import Evidence
from tasks.report.formats import (
    MISSING,
    condition_words,
    count,
    decimal,
    gate_words,
    hypothesis_words,
    market_words,
    n_of,
    probability,
    signed,
)
from tasks.report.grid import Column, Grid, Row, fill_grid, text
from tasks.report.ranking import PROMOTED, ranked

_HEIGHT = 360


def _side(row: Row) -> str:
    return "follow" if row["follow"] > 0 else "fade"


COLUMNS = (
    text("event", "event", "code"),
    Column("market", lambda row: market_words(row["market"]), kind="text"),
    Column("horizon", lambda row: row["horizon"]),
    Column("condition", lambda row: condition_words(row["condition"]), kind="text"),
    Column("verdict", lambda row: row["promotion"] or MISSING, kind="verdict"),
    Column("trade", _side, kind="text", hint="with the event's side, or against it"),
    Column("trades", lambda row: count(row["n_trades"])),
    Column("clusters", lambda row: count(row["net_n_clusters"])),
    Column("gross", lambda row: signed(row["gross_bps"]), "bps"),
    Column("cost", lambda row: decimal(row["cost_bps"], 1), "bps", hint="both ways"),
    Column("net", lambda row: signed(row["net_bps"]), "bps"),
    Column("SE", lambda row: decimal(row["net_se_bps"], 1), "bps"),
    Column("t", lambda row: signed(row["net_t"], 2)),
    Column("p", lambda row: probability(row["net_p"]), hint="one-sided: net is not above 0"),
    Column("q", lambda row: probability(row["net_q"])),
    Column(
        "break-even",
        lambda row: decimal(row["break_even_cost_bps"], 1),
        "bps",
        hint="cost per side at which nothing is left",
    ),
    Column("net, cost \u00d7 2", lambda row: signed(row["net_double_cost_bps"]), "bps"),
    Column("wins", lambda row: decimal(_hundred(row["hit_rate"]), 0), "%"),
    Column("worst", lambda row: signed(row["worst_bps"], 0), "bps"),
    Column("gate", lambda row: gate_words(row["gate"] or MISSING), kind="text", hint="stopped it"),
    Column("reason", lambda row: row["promotion_reason"] or MISSING, kind="prose"),
)


def _hundred(share: float | None) -> float | None:
    return None if share is None else 100 * share


def tell_costs(evidence: Evidence, config: ReportConfig) -> dict[str, Any]:
    """The tables of candidates, the promoted first, and their cumulative net, trade by trade."""
    candidates = _candidates(evidence)
    if candidates.is_empty():
        return {"sentence": "No hypothesis came so far that its costs were asked.", "empty": True}
    shown = candidates.head(config.n_best)
    further = candidates.slice(config.n_best).head(config.n_further)
    drawn = candidates.filter(pl.col("hypothesis").is_in(evidence.trades["hypothesis"].implode()))
    return {
        "sentence": _sentence(candidates, candidates.height - shown.height - further.height),
        "empty": False,
        "table": fill_grid(
            "bridged", "Candidates in the confirmation era", COLUMNS, shown.to_dicts()
        ),
        "further": _further(further),
        "chart": None if drawn.is_empty() else _chart(drawn, evidence.trades, config),
    }


def _candidates(evidence: Evidence) -> pl.DataFrame:
    """Hypotheses that were traded: the promoted, then the others, each by q, then rank."""
    met = ranked(evidence).filter(pl.col("follow").is_not_null())
    is_other = (pl.col("promotion") != PROMOTED).fill_null(True)
    return met.sort(is_other, pl.col("net_q").fill_nan(None), "rank", nulls_last=True)


def _further(rows: pl.DataFrame) -> Grid | None:
    caption = n_of(rows.height, "further candidate")
    grid = fill_grid("bridged-further", caption, COLUMNS, rows.to_dicts())
    return None if rows.is_empty() else grid


def _sentence(candidates: pl.DataFrame, n_hidden: int) -> str:
    n_positive = candidates.filter(pl.col("net_bps").fill_nan(None) > 0).height
    n_promoted = candidates.filter(pl.col("promotion") == PROMOTED).height
    was = "was" if candidates.height == 1 else "were"
    return (
        f"{n_of(candidates.height, 'candidate')} {was} traded in the confirmation era: bars "
        "after the discovery era, executed trades that do not overlap, costs taken both ways. "
        f"{n_of(n_positive, 'is', 'are')} above zero after costs, {count(n_promoted)} promoted."
        + (f" {count(n_hidden)} with a larger q are not listed." if n_hidden else "")
    )


def _chart(every: pl.DataFrame, trades: pl.DataFrame, config: ReportConfig) -> Chart:
    drawn = every.head(config.n_lines)
    traces = [
        _line(
            position, row, trades.filter(pl.col("hypothesis") == row["hypothesis"]), config.n_points
        )
        for position, row in enumerate(drawn.to_dicts())
    ]
    shape = layout(
        axis(type="date", showgrid=False),
        axis(title=titled("cumulative net, bps"), tickformat=",.2~f"),
        [rule(y=0)],
        showlegend=True,
        legend=legend(y=-0.12, yanchor="top"),
    )
    height = _HEIGHT + 20 * len(traces)
    hidden = every.height - drawn.height
    note = (
        "Net basis points of one unit per trade, added up at each exit; not compounded. Dashed "
        "lines were not promoted."
        + (f" {n_of(hidden, 'more', 'more')} not drawn." if hidden else "")
    )
    label = "Cumulative net result of each candidate's trades in the confirmation era"
    return Chart("chart-net", label, height, tuple(traces), shape, note)


def _line(position: int, row: Row, trades: pl.DataFrame, n_points: int) -> dict[str, Any]:
    ordered = trades.sort("exit_time", "entry_time", "market")
    run = ordered.select("exit_time", total=pl.col("net_bps").cum_sum())
    every = -(-run.height // n_points)
    kept = run.with_row_index().filter(
        (pl.col("index") % every == 0) | (pl.col("index") == run.height - 1)
    )
    promoted = row["promotion"] == PROMOTED
    return {
        "type": "scatter",
        "mode": "lines",
        "name": words(hypothesis_words(row["hypothesis"])),
        "x": [time.strftime("%Y-%m-%d %H:%M") for time in kept["exit_time"]],
        "y": numbers(kept["total"]),
        "line": {
            "color": series_colour(position),
            "width": 1.6 if promoted else 1.2,
            "dash": "solid" if promoted else "dash",
            "shape": "hv",
        },
        "hovertemplate": "%{fullData.name}<br>%{x|%Y-%m-%d %H:%M}: %{y:+.0f} bps<extra></extra>",
    }
