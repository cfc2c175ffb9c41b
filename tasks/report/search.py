"""After the search: what trading all findings at once is worth, given how much was searched."""

from __future__ import annotations

from typing import Any

from tasks.report.facts import Evidence
from tasks.report.formats import (
    count,
    decimal,
    hypothesis_words,
    is_missing,
    n_of,
    percent,
    probability,
    signed,
)
from tasks.report.grid import Column, Row, fill_grid, text

_DAYS_A_YEAR = 365
_WHO = {"candidates": "All candidates", "promoted": "Those promoted"}
COLUMNS = (
    text("portfolio", "portfolio"),
    Column("strategies", lambda row: count(row["n_strategies"])),
    Column("trades", lambda row: count(row["n_trades"])),
    Column("days", lambda row: count(row["n_days"])),
    Column("mean", lambda row: signed(row["mean_bps"]), "bps a day"),
    Column("sd", lambda row: decimal(row["sd_bps"], 1), "bps"),
    Column("Sharpe", lambda row: signed(_a_year(row["sharpe"]), 2), "a year"),
    Column(
        "hurdle",
        lambda row: decimal(_a_year(row["hurdle"])),
        "a year",
        hint="Sharpe ratio that the best of all trials without skill is expected to show",
    ),
    Column("above 0", lambda row: percent(row["psr"], 1), "%", hint="probability of such a ratio"),
    Column("deflated", lambda row: percent(row["dsr"], 1), "%", hint="above the hurdle"),
    Column(
        "of effective trials",
        lambda row: percent(row["dsr_effective"], 1),
        "%",
        hint="above the hurdle of the independent trials that all amount to",
    ),
    Column("days wanted", lambda row: _days(row["least_days"]), hint="for a deflated 95 %"),
)


def tell_search(evidence: Evidence) -> dict[str, Any] | None:
    """The portfolios of SEARCH in words and as a table; None where the search was not weighed."""
    rows = evidence.search.to_dicts()
    if not rows:
        return None
    return {
        "sentences": [told for row in rows for told in _told(row)],
        "table": fill_grid("search", "Portfolios", COLUMNS, rows),
    }


def _told(row: Row) -> list[str]:
    told = [] if is_missing(row["sharpe"]) else [_hurdle(row)]
    if not is_missing(row["p_spa"]):
        told.append(
            "Is the best candidate better than doing nothing, given that it is the best of "
            f"{count(row['n_strategies'])}? Hansen's test: p {probability(row['p_spa'])}. "
            f"{_superior(row)}"
        )
    if not is_missing(row["pbo"]):
        told.append(
            f"In {percent(row['pbo'], 0)} % of the splits of the days the best of one half is in "
            "the lower half of the other: the probability that choosing the best overfits."
        )
    if row["reason"]:
        told.append(f"{_WHO.get(row['portfolio'], row['portfolio'])}: {row['reason']}.")
    return told


def _hurdle(row: Row) -> str:
    return (
        f"{_WHO.get(row['portfolio'], row['portfolio'])} together: a Sharpe ratio of "
        f"{signed(_a_year(row['sharpe']), 2)} a year over {n_of(row['n_days'], 'day')}, where the "
        f"best of {n_of(row['n_trials'], 'trial')} without skill is expected to show "
        f"{decimal(_a_year(row['hurdle']))}. Probability to be above 0: {percent(row['psr'], 1)} "
        f"%, above that hurdle (deflated): {percent(row['dsr'], 1)} %."
    )


def _superior(row: Row) -> str:
    names = [hypothesis_words(name) for name in row["superior"] or ()]
    if not names:
        return "None is, by Romano and Wolf's stepwise test."
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return (
        f"{n_of(len(names), 'candidate is', 'candidates are')}, by Romano and Wolf's stepwise "
        f"test: {shown}."
    )


def _a_year(sharpe: float | None) -> float | None:
    return None if sharpe is None else sharpe * _DAYS_A_YEAR**0.5


def _days(value: float | None) -> str:
    return "never" if value is None or is_missing(value) else count(round(value))
