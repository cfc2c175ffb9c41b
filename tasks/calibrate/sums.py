"""A calibration over all its markets: what the page, the terminal and ``--json`` tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl

from lake.schema import CALIBRATION
from tasks.calibrate.checks import check
from tasks.calibrate.config import CalibrateConfig
from tasks.calibrate.power import (
    accuracy_of,
    after_selection,
    bias_of,
    coverage_of,
    power_by_n,
    power_of,
)
from tasks.calibrate.size import (
    TESTS,
    count_false,
    quantiles,
    size_by,
    uniformity,
    with_naive_p,
)
from tasks.calibrate.world import PLACEBOS

Row = dict[str, Any]
PLANTED = ("power", "power_by_n", "bias", "coverage", "selected", "accuracy")


@dataclass(frozen=True, eq=False)
class Group:
    """The markets of one world and effect; `rows` are of CALIBRATION, none of some markets."""

    kind: str
    n_markets: int
    rows: pl.DataFrame


def sum_up(groups: Iterable[Group], config: CalibrateConfig) -> Row:
    """Sum up a calibration.

    Parameters
    ----------
    groups : iterable of Group
        In any order; read one at a time.
    config : CalibrateConfig

    Returns
    -------
    dict
        JSON values: `null`, `planted`, `placebos`, `checks`. A number that nothing was there to
        make of is None.
    """
    null = tell_null(Group("null", 0, CALIBRATION.empty()), config)
    planted: dict[str, list[Row]] = {name: [] for name in PLANTED}
    placebos = []
    for group in groups:
        if group.kind in PLACEBOS:
            placebos.append(tell_placebo(group, config))
            continue
        if group.kind == "null":
            null = tell_null(group, config)
        for name, told in tell_planted(group, config).items():
            planted[name] += told
    whole: Row = {"null": null, "planted": planted, "placebos": placebos}
    return whole | {"checks": check(whole, config.bounds)}


def tell_null(group: Group, config: CalibrateConfig) -> Row:
    """What is said of markets without alpha."""
    known = with_naive_p(group.rows.sort("number", "hypothesis"))
    return count_false(known, group.n_markets, config) | {
        "size": [row for test in TESTS for row in size_by(known, test)],
        "size_by": size_by(known, "p", ("family", "horizon")),
        "size_by_condition": size_by(known, "p", ("condition",)),
        "uniformity": [uniformity(known, test, config) for test in TESTS[:4]],
        "quantiles": quantiles(known, "p"),
        "naive_quantiles": quantiles(known, "p_naive"),
    }


def tell_planted(group: Group, config: CalibrateConfig) -> dict[str, list[Row]]:
    """What is said of simulated markets of one effect; of effect 0 no power."""
    rows = group.rows.sort("number", "hypothesis")
    if rows.is_empty():
        return {}
    is_planted = group.kind == "planted"
    return {
        "power": [power_of(rows, group.n_markets, config)] if is_planted else [],
        "power_by_n": power_by_n(rows) if is_planted else [],
        "bias": bias_of(rows, config),
        "coverage": coverage_of(rows),
        "selected": after_selection(rows),
        "accuracy": [accuracy_of(rows)],
    }


def tell_placebo(group: Group, config: CalibrateConfig) -> Row:
    """What is said of the user's own bars after their outcomes were replaced in one way."""
    rows = group.rows.sort("number", "hypothesis")
    least = rows.select(pl.col("q").fill_nan(None).min()).item()
    counted = count_false(rows, group.n_markets, config)
    return {"kind": group.kind, **counted, **size_by(rows, "p")[0], "least_q": least}
