"""The bridge: what each candidate earned in the confirmation era, after costs."""

from __future__ import annotations

import math
from collections.abc import Callable
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
    TIMES,
    amount,
    condition_words,
    count,
    decimal,
    gate_words,
    hypothesis_words,
    is_missing,
    market_words,
    n_of,
    percent,
    probability,
    signed,
)
from tasks.report.grid import Column, Grid, Row, fill_grid, text
from tasks.report.ranking import PROMOTED, ranked
from tasks.report.spent import tell_spent

_HEIGHT = 360
_TRIMMED = "net mean without the best 5 % of the trades, unless configured otherwise"
_LARGEST = "of all that was won, by the largest trade"
_BREAK_EVEN = "cost per side at which nothing is left"
_LATER = "placebo, the lesser p: the same trades a day and a week later earn nothing"
_RANDOM = "placebo: it earns no more than matched random entries"
_OPPOSITE = "placebo: the same trades on the other side earn nothing"


def _side(row: Row) -> str:
    return "follow" if row["follow"] > 0 else "fade"


def _of(n: str, n_all: str) -> Callable[[Row], str]:
    return lambda row: f"{count(row[n])} of {count(row[n_all])}"


def _capacity(row: Row) -> str:
    """Where no notional was too large, the largest that was tried."""
    tried = row["largest_notional"]
    is_open = row["capacity"] == math.inf and not is_missing(tried)
    return f"> {amount(tried)}" if is_open else amount(row["capacity"])


COLUMNS = (
    text("event", "event", "code"),
    Column("market", lambda row: market_words(row["market"]), kind="text"),
    Column("horizon", lambda row: row["horizon"]),
    Column("condition", lambda row: condition_words(row["condition"]), kind="text"),
    Column("verdict", lambda row: row["promotion"] or MISSING, kind="verdict"),
    Column("trade", _side, kind="text", hint="with the event's side, or against it"),
    Column("folds", _of("n_folds_selected", "n_folds"), hint="chosen again before so many of all"),
    Column("earn", _of("n_folds_positive", "n_folds_judged"), hint="of those with enough trades"),
    Column("trades", lambda row: count(row["n_trades"])),
    Column("clusters", lambda row: count(row["net_n_clusters"])),
    Column("gross", lambda row: signed(row["gross_bps"]), "bps"),
    Column("cost", lambda row: decimal(row["cost_bps"], 1), "bps", hint="both ways, with funding"),
    Column("net", lambda row: signed(row["net_bps"]), "bps"),
    Column("SE", lambda row: decimal(row["net_se_bps"], 1), "bps"),
    Column("t", lambda row: signed(row["net_t"], 2)),
    Column("p", lambda row: probability(row["net_p"]), hint="one-sided: net is not above 0"),
    Column("q", lambda row: probability(row["net_q"])),
    Column("wins", lambda row: percent(row["hit_rate"], 0), "%"),
    Column("worst", lambda row: signed(row["worst_bps"], 0), "bps"),
    Column("gate", lambda row: gate_words(row["gate"] or MISSING), kind="text", hint="stopped it"),
    Column("reason", lambda row: row["promotion_reason"] or MISSING, kind="prose"),
)
WORSE = (
    Column("hypothesis", lambda row: hypothesis_words(row["hypothesis"]), kind="text"),
    Column("net", lambda row: signed(row["net_bps"]), "bps"),
    Column(f"net, costs {TIMES} 2", lambda row: signed(row["net_double_cost_bps"]), "bps"),
    Column("gross", lambda row: signed(row["gross_bps"]), "bps"),
    Column("gross, 1 bar later", lambda row: signed(row["gross_delayed_bps"]), "bps"),
    Column("net without best", lambda row: signed(row["net_trimmed_bps"]), "bps", hint=_TRIMMED),
    Column("largest", lambda row: percent(row["largest_share"], 0), "% of wins", hint=_LARGEST),
    Column("years earn", _of("n_years_positive", "n_years")),
    Column("break-even", lambda row: _bps(row["break_even_cost_bps"]), "bps", hint=_BREAK_EVEN),
    Column("capacity", _capacity, hint="notional per trade at which impact leaves nothing"),
    Column("later", lambda row: probability(row["p_shifted"]), "p", hint=_LATER),
    Column("random", lambda row: probability(row["p_random"]), "p", hint=_RANDOM),
    Column("opposite", lambda row: probability(row["p_opposite"]), "p", hint=_OPPOSITE),
)


def _bps(value: float | None) -> str:
    return amount(value) if value == math.inf else decimal(value, 1)


def tell_costs(evidence: Evidence, config: ReportConfig) -> dict[str, Any]:
    """The tables of candidates, the promoted first, and their cumulative net, trade by trade."""
    every = candidates(evidence)
    if every.is_empty():
        return {"sentence": "No hypothesis came so far that its costs were asked.", "empty": True}
    shown = every.head(config.n_best)
    rows = shown.to_dicts()
    further = every.slice(config.n_best).head(config.n_further)
    counted = evidence.counted
    drawn = every.filter(pl.col("hypothesis").is_in(counted["hypothesis"].unique().implode()))
    return {
        "sentence": _sentence(every, every.height - shown.height - further.height),
        "empty": False,
        "table": fill_grid("bridged", "Candidates in the confirmation era", COLUMNS, rows),
        "worse": fill_grid("worse", "The same when things are worse", WORSE, rows),
        "spent": tell_spent(evidence, shown["hypothesis"]),
        "further": _further(further),
        "chart": None if drawn.is_empty() else _chart(drawn, counted, config),
    }


def candidates(evidence: Evidence) -> pl.DataFrame:
    """Hypotheses that were traded: the promoted, then the others, each by q, then rank.

    Returns
    -------
    DataFrame
        That of `ranked`, with `largest_notional`, the largest that was tried.
    """
    tried = evidence.stressed.filter(pl.col("test") == "notional")
    largest = tried.group_by("hypothesis").agg(
        largest_notional=pl.col("level").cast(pl.Float64, strict=False).max()
    )
    met = ranked(evidence).filter(pl.col("follow").is_not_null())
    known = met.join(largest, on="hypothesis", how="left", maintain_order="left")
    is_other = (pl.col("promotion") != PROMOTED).fill_null(True)
    return known.sort(is_other, pl.col("net_q").fill_nan(None), "rank", nulls_last=True)


def _further(rows: pl.DataFrame) -> Grid | None:
    caption = n_of(rows.height, "further candidate")
    grid = fill_grid("bridged-further", caption, COLUMNS, rows.to_dicts())
    return None if rows.is_empty() else grid


def _sentence(every: pl.DataFrame, n_hidden: int) -> str:
    n_positive = every.filter(pl.col("net_bps").fill_nan(None) > 0).height
    n_promoted = every.filter(pl.col("promotion") == PROMOTED).height
    was = "was" if every.height == 1 else "were"
    return (
        f"{n_of(every.height, 'candidate')} {was} walked forward through the confirmation era: "
        "estimated anew before each test fold from all that was known by then, traded in it order "
        "by order, with fees, spread, impact and funding. Only folds count before which the "
        "procedure still chose it. "
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
        "Net basis points per trade, added up at each exit, not compounded; only folds that count. "
        "Dashed lines were not promoted."
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
