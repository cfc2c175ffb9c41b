"""The tables of a calibration's page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tasks.report.formats import MISSING, PLUS_MINUS, count, decimal, percent, probability, signed
from tasks.report.grid import Column, Grid, fill_grid, text

Row = Mapping[str, Any]
LEVELS = ("0.05", "0.01", "0.001")
HELD = {True: "holds", False: "missed", None: "nothing to tell"}
TEST_NAMES = {
    "p": "default: Cauchy combination",
    "p_scaled": "in units of volatility",
    "p_mean": "equal-notional mean",
    "p_weighted": "inverse-variance mean",
    "p_unconditional": "default, against all bars",
    "p_rank": "clustered ranks",
    "p_naive": "naive t (never used)",
}


def table_checks(rows: Iterable[Row]) -> Grid:
    """What is wanted, and whether it holds."""
    columns = [
        text("of the calibration", "name"),
        Column("figure", lambda row: figure(row["figure"])),
        Column("by chance", lambda row: _range(row["low"], row["high"])),
        Column("wanted", lambda row: _range(*row["wanted"])),
        Column("", hold_words, kind="verdict"),
    ]
    return fill_grid("checks", "What is wanted of discovery", columns, rows)


def table_false(null: Row) -> Grid:
    """What discovery said where there was nothing."""
    names = (
        ("findings per market", "false_findings"),
        ("share of markets with a finding", "any_finding"),
        ("promoted per market", "promoted"),
        ("share of markets with a promotion", "any_promoted"),
    )
    rows = [{"name": told, **null[name]} for told, name in names]
    columns = [
        text("on markets without alpha", "name"),
        Column("measured", lambda row: figure(row["value"])),
        Column("from", lambda row: figure(row["low"])),
        Column("to", lambda row: figure(row["high"])),
        Column("markets", lambda row: count(row["n"])),
    ]
    return fill_grid("false", "False findings and promotions on null markets", columns, rows)


def table_sizes(name: str, caption: str, rows: Iterable[Row], by: Iterable[str]) -> Grid:
    """Size at each level, in percent, with its error."""
    columns = [
        *(text(field, field) for field in by),
        *(Column(f"{float(level):.1%}", _size_at(level), "%") for level in LEVELS),
        Column("p-values", lambda row: count(row["n"])),
        Column("markets", lambda row: count(row["n_markets"])),
    ]
    told = ({**row, "test": TEST_NAMES.get(row["test"], row["test"])} for row in rows)
    return fill_grid(name, caption, columns, told)


def table_uniformity(rows: Iterable[Row]) -> Grid:
    """Kolmogorov and Smirnov's distance of each test's p-values."""
    columns = [
        Column("test", lambda row: TEST_NAMES[row["test"]], kind="text"),
        Column("distance", lambda row: decimal(row["distance"], 4)),
        Column("p", lambda row: probability(row["p"])),
        Column("p-values", lambda row: count(row["n"])),
    ]
    return fill_grid("uniformity", "Distance of p-values from even ones", columns, rows)


def table_power(rows: Iterable[Row]) -> Grid:
    """Power and errors by planted effect."""

    def share(name: str) -> Callable[[Row], str]:
        return lambda row: percent(row[name]["value"])

    columns = [
        Column("planted", lambda row: decimal(row["planted_bps"], 1), "bps"),
        Column("markets", lambda row: count(row["markets"])),
        Column("occurrences", lambda row: decimal(row["occurrences"], 0), "median"),
        Column("right finding", share("any_right"), "%"),
        Column("planted found", share("planted_found"), "%"),
        Column("ranks first", share("planted_first"), "%"),
        Column("right promotion", share("promoted_right"), "%"),
        Column("findings", lambda row: count(row["findings"])),
        Column("false", share("false_share"), "%"),
        Column("wrong sign", share("wrong_sign"), "%"),
    ]
    return fill_grid("power", "Power by planted effect", columns, rows)


def table_bias(rows: Iterable[Row]) -> Grid:
    """Bias of the estimates that nothing selected."""
    columns = [
        Column("planted", lambda row: decimal(row["planted_bps"], 1), "bps"),
        text("estimator", "estimator"),
        Column("true", lambda row: signed(row["true_bps"], 2), "bps"),
        Column("bias", lambda row: mean(row["bias_bps"]), "bps"),
        Column("bias", lambda row: percent(row["bias_share"]), "% of it"),
    ]
    return fill_grid("bias", "Bias of the unselected estimate", columns, rows)


def table_coverage(rows: Iterable[Row]) -> Grid:
    """Coverage of 95 % intervals."""
    names = ("scaled", "mean", "weighted", "posterior")
    columns = [
        Column("planted", lambda row: decimal(row["planted_bps"], 1), "bps"),
        text("hypotheses", "group"),
        *(Column(name, _covered(name), "%") for name in names),
        Column("n", lambda row: count(row["scaled"]["n"])),
    ]
    return fill_grid("coverage", "Coverage of 95 % intervals", columns, rows)


def table_selected(rows: Iterable[Row]) -> Grid:
    """Each number shown of a finding, and the truth."""
    columns = [
        Column("planted", lambda row: decimal(row["planted_bps"], 1), "bps"),
        text("shown", "shown"),
        Column("said", lambda row: decimal(row["said_bps"], 1), "bps"),
        Column("true", lambda row: decimal(row["true_bps"], 1), "bps"),
        Column("bias", lambda row: mean(row["bias_bps"]), "bps"),
        Column("findings", lambda row: count(row["bias_bps"]["n"])),
        Column("markets", lambda row: count(row["bias_bps"]["n_markets"])),
    ]
    return fill_grid("selected", "Numbers shown of findings, and the truth", columns, rows)


def table_accuracy(rows: Iterable[Row]) -> Grid:
    """Root mean squared errors over all hypotheses."""
    names = ("in-sample", "posterior", "hierarchy", "James-Stein")
    columns = [
        Column("planted", lambda row: decimal(row["planted_bps"], 1), "bps"),
        *(Column(name, _decimal_of(name), "bps") for name in names),
        Column("n", lambda row: count(row["n"])),
    ]
    return fill_grid("accuracy", "Root mean squared error over all tested", columns, rows)


def table_placebos(rows: Iterable[Row]) -> Grid:
    """What was found among replaced outcomes."""
    columns = [
        text("outcomes", "kind"),
        Column("runs", lambda row: count(row["markets"])),
        Column("tested", lambda row: count(row["tested"])),
        Column("findings", lambda row: count(row["findings"])),
        Column("runs with any", lambda row: percent(row["any_finding"]["value"]), "%"),
        *(Column(f"{float(level):.1%}", _size_at(level), "%") for level in LEVELS),
        Column("least q", lambda row: probability(row["least_q"])),
    ]
    return fill_grid("placebos", "Placebos on the bars of this run", columns, rows)


def hold_words(row: Row) -> str:
    """Whether a check holds, in words."""
    return "missed, within chance" if row["near"] else HELD[row["holds"]]


def figure(value: float | None) -> str:
    """A share or rate with three digits that count."""
    return MISSING if value is None else f"{value:.3g}"


def mean(told: Row, digits: int = 2) -> str:
    """A mean with its error."""
    if told["value"] is None:
        return MISSING
    return f"{signed(told['value'], digits)} {PLUS_MINUS} {decimal(told['se'], digits)}"


def _range(low: float | None, high: float | None) -> str:
    return MISSING if low is None else f"{figure(low)} to {figure(high)}"


def _size_at(level: str) -> Callable[[Row], str]:
    return lambda row: _percent_of(row["size"][level])


def _covered(name: str) -> Callable[[Row], str]:
    return lambda row: _percent_of(row[name])


def _decimal_of(name: str) -> Callable[[Row], str]:
    return lambda row: decimal(row[name])


def _percent_of(told: Row) -> str:
    if told["value"] is None:
        return MISSING
    error = MISSING if told["se"] is None else decimal(100.0 * told["se"], 2)
    return f"{100.0 * told['value']:.2f} {PLUS_MINUS} {error}"
