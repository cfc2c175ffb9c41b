"""Occurrences and coverage said in few words, for the book's tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from lake.schema import COVERAGE, EVENTS
from tests.report.sample import fit

START = datetime(2024, 1, 1, tzinfo=UTC)
MARKET = "ABCUSDT-15m"


def occur(*found, step: int = 15):
    """EVENTS of (market, event, minute), or with side and with minutes since it began too."""
    rows = [(*row, *(0, 0)[len(row) - 3 :]) for row in found]
    moment = [START + timedelta(minutes=row[2]) for row in rows]
    frame = pl.DataFrame(
        {
            "market": [row[0] for row in rows],
            "event": [row[1] for row in rows],
            "family": ["volatility"] * len(rows),
            "time": moment,
            "known_at": [time + timedelta(minutes=step) for time in moment],
            "anchor_time": [
                time - timedelta(minutes=row[4]) for time, row in zip(moment, rows, strict=True)
            ],
            "side": [row[3] for row in rows],
            "strength": [1.5] * len(rows),
            "parameters_key": ["0" * 12] * len(rows),
        },
        schema_overrides=dict(EVENTS.columns),
    )
    return fit(EVENTS, frame)


def ran(events: pl.DataFrame, names, markets=(MARKET,), n_bars: int = 100, absent=()):
    """COVERAGE in which every name ran on every market, but for the pairs in `absent`."""
    counts = {row[:2]: row[2] for row in events.group_by("market", "event").len().iter_rows()}
    rows = []
    for market in markets:
        for name in names:
            missing = (market, name) in absent
            n = counts.get((market, name), 0)
            rows.append(
                {
                    "market": market,
                    "family": "volatility",
                    "event": name,
                    "reason": "not runnable: needs spot bars" if missing else "",
                    "n_bars": n_bars,
                    "n_events": n,
                    "share": np.nan if missing else n / n_bars,
                }
            )
    return fit(COVERAGE, rows)
