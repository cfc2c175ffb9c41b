"""Whether a calibration holds what is asked of it, with the figure and what it has to be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tasks.calibrate.config import Bounds

Row = dict[str, Any]


def check(told: Row, bounds: Bounds) -> list[Row]:
    """Compare the figures of `sum_up` with what is wanted.

    Each row has `name`, `figure`, `low` and `high` (where it may lie by chance), `wanted` and
    `holds`: None where there is nothing to compare. A figure that misses, but whose interval
    reaches what is wanted, is not told from it: `near` is True.
    """
    placebos = [
        _within(
            f"share of {row['kind']} placebos with a finding", row["any_finding"], (0, bounds.any)
        )
        for row in told["placebos"]
    ]
    return [*_null(told["null"], bounds), *_planted(told["planted"], bounds), *placebos]


def _null(null: Row, bounds: Bounds) -> Iterator[Row]:
    size: Row = next((row["size"] for row in null["size"] if row["test"] == "p"), {})
    for level, wanted in (("0.05", bounds.size_5), ("0.001", bounds.size_01)):
        share = size.get(level, {})
        yield _within(f"size at {float(level):.1%}", _around(share), wanted)
    yield _within("share of null markets with a finding", null["any_finding"], (0, bounds.any))
    promoted = null["promoted"]
    bound = {"value": promoted["high"], "low": promoted["low"], "high": promoted["high"]}
    yield _within("promoted per null market, upper bound", bound, (0, bounds.promoted))


def _planted(planted: Row, bounds: Bounds) -> Iterator[Row]:
    largest = max((row["planted_bps"] for row in planted["power"]), default=None)
    for row in planted["bias"]:
        if row["planted_bps"] == largest and row["true_bps"]:
            error, true = row["bias_bps"], row["true_bps"]
            around = {name: _over(value, true) for name, value in _around(error).items()}
            name = f"bias of the {row['estimator']} estimate at {largest:g} bps, share of it"
            yield _within(name, around, (-bounds.bias, bounds.bias))
    for row in planted["coverage"]:
        if row["planted_bps"] == largest and row["group"] == "planted event":
            for name in ("scaled", "mean", "weighted"):
                told = f"coverage of 95 % intervals, {name}, at {largest:g} bps"
                yield _within(told, _around(row[name]), bounds.coverage)
    for row in planted["power"]:
        if row["planted_bps"] == largest:
            told = f"planted event ranks first at {largest:g} bps"
            yield _within(told, row["planted_first"], (bounds.first, 1.0))


def _within(name: str, around: Row, wanted: tuple[float, float]) -> Row:
    figure, low, high = (around.get(key) for key in ("value", "low", "high"))
    holds = None if figure is None else wanted[0] <= figure <= wanted[1]
    reaches = low is not None and high is not None and low <= wanted[1] and high >= wanted[0]
    return {
        "name": name,
        "figure": figure,
        "low": low,
        "high": high,
        "wanted": list(wanted),
        "holds": holds,
        "near": holds is False and reaches,
    }


def _around(mean: Row) -> Row:
    """Two standard errors around a mean."""
    value, error = mean.get("value"), mean.get("se")
    if value is None or error is None:
        return {"value": value}
    return {"value": value, "low": value - 2.0 * error, "high": value + 2.0 * error}


def _over(value: float | None, by: float) -> float | None:
    return None if value is None else value / by
