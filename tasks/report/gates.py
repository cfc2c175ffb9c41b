"""What each gate of promotion computed of a hypothesis, wanted, and answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from tasks.report.formats import count, decimal, gate_words, is_missing, probability, signed
from tasks.report.grid import Column, Grid, Row, fill_grid, text

PASSED, FAILED = "passed", "failed"


def _whole(value: float) -> str:
    return count(round(value))


def _bps(value: float) -> str:
    return f"{signed(value)} bps"


_FIGURES: dict[str, Callable[[float], str]] = {
    **dict.fromkeys(("testable", "confirmation_trades"), _whole),
    **dict.fromkeys(("net_positive", "cost_stress", "without_best", "shrunk_sign"), _bps),
    **dict.fromkeys(("finding", "confirmation_q"), probability),
    **dict.fromkeys(("placebo_shifted", "placebo_opposite", "placebo_random"), probability),
}


def _figure(row: Row) -> str:
    value = row["figure"]
    return _FIGURES.get(row["gate"], decimal)(value) if not is_missing(value) else decimal(None)


COLUMNS = (
    Column("gate", lambda row: gate_words(row["gate"]), kind="text"),
    Column("answer", lambda row: PASSED if row["passed"] else FAILED, kind="verdict"),
    Column("figure", _figure),
    text("wanted", "wanted"),
)


def tell_gates(place: int, gated: pl.DataFrame) -> dict[str, Any]:
    """One candidate's rows of GATED as a table, and why those failed that it failed.

    Returns
    -------
    dict
        `table`: Grid, or None where no gate was asked; `reasons`: the gate in words and why.
    """
    steps = gated.sort("step").to_dicts()
    failed = [(gate_words(row["gate"]), row["reason"]) for row in steps if not row["passed"]]
    return {"table": _grid(place, steps), "reasons": failed}


def _grid(place: int, steps: list[dict[str, Any]]) -> Grid | None:
    return fill_grid(f"gates-{place}", "Gates", COLUMNS, steps) if steps else None
