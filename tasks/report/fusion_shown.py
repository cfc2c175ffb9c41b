"""How fusion and its members are shown: the columns of their tables, and a small forest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from tasks.report.chart import Chart, axis, layout, rule, titled, words
from tasks.report.forest import half_widths, marks
from tasks.report.formats import (
    DOT,
    MISSING,
    count,
    estimate,
    interval,
    market_words,
    probability,
    signed,
)
from tasks.report.fusion_gaps import Gap
from tasks.report.grid import Column, text
from tasks.report.ranking import UNTESTED

Row = Mapping[str, Any]
_ROW_HEIGHT, _FRAME_HEIGHT, _BETWEEN, _SHIFT = 24, 96, 0.8, 0.16


def with_intervals(rows: pl.DataFrame, confidence: float) -> pl.DataFrame:
    """Rows of `ranked` with half of the interval of each estimate, null with too few blocks."""
    halves = {
        f"{prefix}half_bps": half_widths(
            rows[f"{prefix}scaled_se_bps"], rows[f"{prefix}n_clusters"], confidence
        )
        for prefix in ("", "confirmed_")
    }
    return rows.with_columns(**halves)


def tell_gap(gap: Gap | None) -> str:
    """The difference with its interval; a dash where there is none."""
    return MISSING if gap is None else f"{signed(gap.bps)} ({interval(*gap.ends)})"


def _way(row: Row) -> str:
    gap = row["gap"]
    if gap is None:
        return MISSING
    return f"{gap.era}, {'paired' if gap.is_paired else 'errors added'}"


def _interval(row: Row) -> str:
    if row["half_bps"] is None:
        return MISSING
    return interval(row["scaled_bps"] - row["half_bps"], row["scaled_bps"] + row["half_bps"])


def _proof(row: Row) -> str:
    return estimate(row["confirmed_scaled_bps"], row["confirmed_scaled_se_bps"])


def _of_best(show: Callable[[Row], str]) -> Callable[[Row], str]:
    return lambda row: MISSING if row["best"] is None else show(row["best"])


_EFFECT = "mean in units of volatility, less the market's usual one, as bps, in the entry's side"
_LESS = "difference and its interval: positive where fusion earns more"
_ON = "era of the difference, and how its error was found"
_SEARCHED = "in the confirmation era, before costs; only findings are looked up"
_TRADED = "a trade, walked forward; only findings are traded"


def _own(title: str) -> tuple[Column, ...]:
    return (
        Column("n", lambda row: count(row["n"]), hint="entries in the discovery era"),
        Column(title, lambda row: signed(row["scaled_bps"]), "bps", hint=_EFFECT),
        Column("interval", _interval, "bps"),
    )


_DIFFERENCE = (
    Column("fusion less it", lambda row: tell_gap(row["gap"]), "bps", hint=_LESS),
    Column("measured", _way, kind="text", hint=_ON),
)
COLUMNS = (
    text("horizon", "horizon"),
    text("entry", "event", "code"),
    Column("", lambda row: "best member" if row["is_best"] else "", kind="text"),
    *_own("found"),
    Column("q", lambda row: probability(row["q"]), hint="p after counting all hypotheses"),
    text("verdict", "verdict", "verdict"),
    Column("out of sample", _proof, "bps", hint=_SEARCHED),
    Column(
        "after costs",
        lambda row: estimate(row["net_bps"], row["net_se_bps"]),
        "bps",
        hint=_TRADED,
    ),
    *_DIFFERENCE,
)
MARKETS = (
    Column("market", lambda row: market_words(row["market"]), kind="text"),
    text("horizon", "horizon"),
    *_own("fusion"),
    Column("best member", _of_best(lambda row: str(row["event"])), kind="code"),
    Column("its", _of_best(lambda row: signed(row["scaled_bps"])), "bps", hint=_EFFECT),
    *_DIFFERENCE,
    text("so fusion", "outcome"),
)


def draw_contests(entries: Sequence[Row], confidence: float) -> Chart | None:
    """Draw the effect of each entry that was tested; None where none was.

    Parameters
    ----------
    entries : sequence of mapping
        Rows of `with_intervals`, by horizon, fusion first, with `is_fusion`.
    confidence : float
        Of the intervals.
    """
    rows = [row for row in entries if row["verdict"] != UNTESTED]
    if not rows:
        return None
    places = _places([row["horizon"] for row in rows])
    labels = [words(f"{row['event']} {DOT} {row['horizon']}") for row in rows]
    traces = _traces(list(zip(rows, places, labels, strict=True)))
    note = (
        f"Bars are {100 * confidence:.0f} % intervals, each of its own estimate: two that overlap "
        "may still differ, see the differences in the table. Entries without the evidence for a "
        "test are not drawn."
    )
    height = round(_FRAME_HEIGHT + _ROW_HEIGHT * (places[-1] + 1))
    drawn = tuple(trace for trace in traces if trace["y"])
    label = "Effect of fusion and of each member"
    return Chart("chart-fusion", label, height, drawn, _shape(places, labels), note)


def _shape(places: Sequence[float], labels: Sequence[str]) -> dict[str, Any]:
    rows = axis(
        tickvals=list(places),
        ticktext=list(labels),
        range=[places[-1] + 0.7, -0.7],
        showgrid=False,
        ticks="",
        ticklabelstandoff=6,
    )
    return layout(
        axis(title=titled("bps, in the entry's side")),
        rows,
        [rule(x=0, colour="@soft")],
        showlegend=True,
        meta={"short": [label.replace("_entry", "").replace("_", " ") for label in labels]},
    )


def _traces(placed: Sequence[tuple[Row, float, str]]) -> list[dict[str, Any]]:
    fusion = [each for each in placed if each[0]["is_fusion"]]
    members = [each for each in placed if not each[0]["is_fusion"]]
    proven = [each for each in placed if each[0]["confirmed_half_bps"] is not None]
    return [
        _points("fusion, found", fusion, colour="@accent", symbol="diamond"),
        _points("member, found", members, colour="@soft", symbol="circle-open"),
        _points("out of sample", proven, "confirmed_", colour="@good", symbol="square"),
    ]


def _places(horizons: Sequence[str]) -> list[float]:
    """Rows at 0, 1, 2, ..., with some room between horizons."""
    groups = list(dict.fromkeys(horizons))
    return [round(at + _BETWEEN * groups.index(name), 3) for at, name in enumerate(horizons)]


def _points(
    name: str,
    placed: Sequence[tuple[Row, float, str]],
    prefix: str = "",
    *,
    colour: str,
    symbol: str,
) -> dict[str, Any]:
    centre, half = (
        pl.Series([row[f"{prefix}{field}"] for row, _, _ in placed], dtype=pl.Float64)
        for field in ("scaled_bps", "half_bps")
    )
    trace = marks(name, centre, half, half, y=[_beside(prefix, row, y) for row, y, _ in placed])
    trace["error_x"]["color"] = colour
    marker = {"color": colour, "symbol": symbol, "size": 8}
    return trace | {"marker": marker, "text": [label for _, _, label in placed]}


def _beside(prefix: str, row: Row, place: float) -> float:
    """Two estimates of one row stand one above the other."""
    if row["confirmed_half_bps"] is None:
        return place
    return round(place + (_SHIFT if prefix else -_SHIFT), 3)
