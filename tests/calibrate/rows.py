"""Rows of CALIBRATION for the tests: what is not said is not known."""

import polars as pl

from lake.schema import CALIBRATION

USUAL = {
    "world": "null",
    "planted_bps": 0.0,
    "number": 0,
    "seed": 1,
    "market": "all",
    "family": "volatility",
    "event": "vol_spike",
    "horizon": "1h",
    "condition": "all",
    "n": 400,
    "n_clusters": 100,
    "scaled_se_bps": 1.0,
    "se_bps": 1.0,
    "weighted_se_bps": 1.0,
    "verdict": "no finding",
    "promoted": False,
    "p": 0.5,
    "q": 1.0,
}


def rows_of(*said):
    """One row for each mapping of what it says."""
    whole = []
    for i, row in enumerate(said):
        unknown = {n: float("nan") for n, d in CALIBRATION.columns.items() if d == pl.Float64}
        named = {"hypothesis": f"all|{row.get('event', 'vol_spike')}|1h|all|{i}"}
        whole.append(unknown | USUAL | named | row)
    return CALIBRATION.conform(
        pl.DataFrame(whole, schema=CALIBRATION.columns).select(list(CALIBRATION.columns))
    )
