"""The judgement as a whole in words: how much was asked, of what, and whether to believe it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.report.formats import count, decimal, is_missing, n_of

Row = Mapping[str, Any]


def tell_judgement(row: Row) -> str:
    """What the row of JUDGEMENT counts, and the spread of its null.

    Examples
    --------
    >>> row = {"n_named": 12, "n_asked": 10, "n_tested": 8, "n_effective": 2.4, "n_events": 3}
    >>> tell_judgement(row | {"n_events_selected": 1, "null_sd": 0.98})
    '12 hypotheses named, 10 asked, 8 tested (worth about 2 independent ones); 1 of 3 events \
selected; null sd 0.98'
    """
    return (
        f"{n_of(row['n_named'], 'hypothesis', 'hypotheses')} named, {count(row['n_asked'])} asked, "
        f"{count(row['n_tested'])} tested{_effective(row)}; {count(row['n_events_selected'])} of "
        f"{n_of(row['n_events'], 'event')} selected; null sd {decimal(row['null_sd'])}"
    )


def tell_ledger(row: Row) -> str:
    """What the lake's ledger knows of these bars.

    Examples
    --------
    >>> tell_ledger({"n_ever_asked": 10, "n_looks": 1, "n_looked_at": 2})
    'ever asked of these bars: 10 hypotheses; confirmation era opened once for 2 hypotheses'
    """
    asked = n_of(row["n_ever_asked"], "hypothesis", "hypotheses")
    if not row["n_looks"]:
        return f"ever asked of these bars: {asked}; confirmation era not opened"
    times = "once" if row["n_looks"] == 1 else n_of(row["n_looks"], "time")
    looked_at = n_of(row["n_looked_at"], "hypothesis", "hypotheses")
    return f"ever asked of these bars: {asked}; confirmation era opened {times} for {looked_at}"


def tell_alarm(row: Row) -> str:
    """Why the p-values of the run are not to be believed; empty where there is no alarm."""
    if not row["alarm"]:
        return ""
    return (
        "ALARM: these p-values are not to be believed as they stand. The bulk of the z-scores has "
        f"a standard deviation of {decimal(row['null_sd'])} about {decimal(row['null_centre'])} "
        "where 1 about 0 is due: either the test is wrong on these bars, or effects are spread "
        "over most hypotheses"
    )


def _effective(row: Row) -> str:
    value = row["n_effective"]
    if value is None or is_missing(value) or not row["n_tested"]:
        return ""
    return f" (worth about {decimal(value, 0)} independent ones)"
