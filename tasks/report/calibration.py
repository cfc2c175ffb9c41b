"""A glance at the p-values, beside those of a market without alpha, and what they add up to."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.report.chart import Chart, axis, layout, numbers, rule, titled
from tasks.report.config import ReportConfig
from tasks.report.facts import Evidence
from tasks.report.formats import count, decimal, n_of, percent
from tasks.report.grid import Column, Grid, Row, fill_grid, text
from tasks.report.judged import tell_alarm

_HEIGHT = 280
_SMALLEST_P = 1e-300
Reals = npt.NDArray[np.float64]


def tell_calibration(evidence: Evidence, config: ReportConfig) -> dict[str, Any]:
    """Histogram and quantiles of the tested hypotheses' p-values."""
    every = evidence.findings["p"].to_numpy().astype(np.float64)
    p = np.sort(every[np.isfinite(every)])
    if not p.size:
        return {
            "sentence": "No hypothesis could be tested, so there are no p-values.",
            "empty": True,
        }
    return {
        "sentence": _sentence(p.size, every.size - p.size),
        "empty": False,
        "histogram": _histogram(p, config.n_bins),
        "quantiles": _quantiles(p),
        "table": _table(p, config.glance_levels),
        "judged": _judged(evidence.judged),
        "alarm": tell_alarm(evidence.judged) if evidence.judged else "",
    }


_JUDGED = (
    ("hypotheses named", "n_named", "before those with the same entries are counted once"),
    ("asked", "n_asked", "different entries or horizons"),
    ("tested", "n_tested", "enough events and calendar blocks"),
    ("independent ones that these amount to", "n_effective", "by the spectrum of their errors"),
    ("events tested", "n_events", ""),
    ("events selected as a whole", "n_events_selected", "first level of the false discovery rate"),
    ("findings", "n_findings", "second level, and not matched by shifted events"),
    ("centre of the empirical null", "null_centre", "0 where p-values are right"),
    ("its standard deviation", "null_sd", "1 where p-values are right"),
    ("share of nulls", "null_share", "as that null sees it"),
    ("ever asked of these bars", "n_ever_asked", "by all runs that the lake's ledger knows"),
    ("openings of the confirmation era", "n_looks", "by all runs, where it overlaps with this one"),
    ("hypotheses looked at there", "n_looked_at", ""),
)


def _judged(row: Row | None) -> Grid | None:
    """The judgement's row, a line for each of its numbers."""
    if row is None:
        return None
    columns = (
        text("count", "name"),
        Column("", lambda line: _written(line["value"])),
        text("meaning", "meaning", "prose"),
    )
    lines = [
        {"name": name, "value": row[field], "meaning": meaning} for name, field, meaning in _JUDGED
    ]
    return fill_grid("judgement", "The judgement as a whole", columns, lines)


def _written(value: float | int | None) -> str:
    return count(value) if isinstance(value, int) else decimal(value)


def _sentence(n_tested: int, n_untested: int) -> str:
    left_out = f" {n_of(n_untested, 'untested one is', 'untested ones are')} left out."
    tested = n_of(n_tested, "tested hypothesis", "tested hypotheses")
    return (
        f"p-values of the {tested}. With no alpha anywhere and a calibrated test, the histogram is "
        "flat and the points follow the diagonal, on average over many markets. The hypotheses of "
        "one run overlap (the same events under several horizons and conditions), so one run can "
        "bend either way by chance: this is a glance, not a test."
        + (left_out if n_untested else "")
    )


def _histogram(p: Reals, n_bins: int) -> Chart:
    counts, edges = np.histogram(p, bins=n_bins, range=(0.0, 1.0))
    bars = {
        "type": "bar",
        "x": numbers((edges[:-1] + edges[1:]) / 2),
        "y": counts.tolist(),
        "marker": {"color": "@accent/0.55"},
        "hovertemplate": "%{y} hypotheses near p = %{x:.3f}<extra></extra>",
    }
    shape = layout(
        axis(title=titled("p"), range=[0, 1], showgrid=False),
        axis(title=titled("hypotheses"), rangemode="tozero"),
        [rule(y=float(f"{p.size / n_bins:.6g}"), dash="dash", colour="@ink") | {"layer": "above"}],
        bargap=0.06,
    )
    note = "Dashed: what chance alone would put in each bin."
    return Chart("chart-p", "Histogram of p-values", _HEIGHT, (bars,), shape, note)


def _quantiles(p: Reals) -> Chart:
    expected = numbers(-np.log10((np.arange(1, p.size + 1) - 0.5) / p.size))
    points = {
        "type": "scatter",
        "mode": "markers",
        "x": expected,
        "y": numbers(-np.log10(np.maximum(p, _SMALLEST_P))),
        "marker": {"color": "@accent", "size": 5, "opacity": 0.7},
        "hovertemplate": "expected %{x:.2f}, observed %{y:.2f}<extra></extra>",
    }
    shape = layout(
        axis(title=titled("expected, \u2212log10 p"), rangemode="tozero"),
        axis(title=titled("observed, \u2212log10 p"), rangemode="tozero"),
    )
    note = "Points above the diagonal: more small p-values than chance gives."
    traces = (_diagonal(expected[0]), points)
    return Chart("chart-qq", "Quantiles of p-values", _HEIGHT, traces, shape, note)


def _diagonal(far: float | None) -> dict[str, Any]:
    line = {"color": "@ink", "width": 1, "dash": "dash"}
    ends = {"x": [0, far], "y": [0, far]}
    return {"type": "scatter", "mode": "lines", "line": line, "hoverinfo": "skip"} | ends


def _table(p: Reals, levels: tuple[float, ...]) -> Grid:
    columns = (
        Column("p at most", lambda row: f"{row['level']:g}"),
        Column("expected", lambda row: decimal(row["expected"], 1)),
        Column("observed", lambda row: count(row["n"])),
        Column("observed", lambda row: percent(row["share"]), "%"),
    )
    rows = [
        {"level": level, "expected": level * p.size, "n": n, "share": n / p.size}
        for level in levels
        for n in [int((p <= level).sum())]
    ]
    return fill_grid("p-values", "Small p-values, expected of chance and observed", columns, rows)
