"""A few real occurrences of each event, from early, middle and late in the span."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.report.candles import Scene
from tasks.report.formats import decimal, minute, n_of

SIDES = {1: "up", -1: "down", 0: "no side"}
PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True, eq=False)
class Picture:
    """An occurrence to be drawn, and the two lines below it."""

    event: str
    scene: Scene
    caption: str
    detail: str


def choose(events: pl.DataFrame, n: int) -> pl.DataFrame:
    """Return `n` occurrences per event, evenly through its occurrences, oldest first.

    Nobody picks them, so they show an event as it is and not at its best.

    Parameters
    ----------
    events : DataFrame of EVENTS
        Of all markets.
    n : int
        Fewer where it stood less often.
    """
    ordered = events.sort("event", "time", "market")
    place = pl.int_range(pl.len()).over("event")
    many = pl.len().over("event")
    wanted = [((2 * k + 1) * many // (2 * n)) == place for k in range(n)]
    return ordered.filter(pl.any_horizontal(wanted)) if wanted else ordered.clear()


def scenes_of(
    chosen: pl.DataFrame, bars: pl.DataFrame, n_before: int, n_after: int
) -> list[Picture]:
    """Return pictures of the occurrences of one market, in their order.

    Parameters
    ----------
    chosen : DataFrame of EVENTS
        Of this market.
    bars : DataFrame of BARS
        Of this market.
    n_before, n_after : int
        Bars shown before and after the event's own; fewer at the ends of the market.
    """
    times = bars["time"].cast(pl.Int64).to_numpy()
    prices = np.array([bars[name].to_numpy() for name in PRICES])
    stamps = pl.col("time", "anchor_time").cast(pl.Int64).name.suffix("_ms")
    found = []
    for row in chosen.with_columns(stamps).iter_rows(named=True):
        at, anchor = np.searchsorted(times, (row["time_ms"], row["anchor_time_ms"])).tolist()
        start = max(0, at - n_before)
        around = prices[:, start : at + n_after + 1]
        scene = Scene(around, at - start, anchor - start, row["side"], _label(row))
        detail = _detail(row["strength"], at - anchor, around)
        found.append(Picture(row["event"], scene, _caption(row), detail))
    return found


def _caption(row: Mapping[str, Any]) -> str:
    return f"{row['market']}, {minute(row['known_at'])}, {SIDES[row['side']]}"


def _detail(strength: float, n_since: int, prices: NDArray[np.float64]) -> str:
    said = [f"strength {decimal(strength)}"]
    if n_since:
        said.append(f"began {n_of(n_since, 'bar')} before")
    drawn = prices[:, (np.isfinite(prices) & (prices > 0.0)).all(axis=0)]
    if drawn.size:
        said.append(f"picture spans {decimal(100 * (drawn.max() / drawn.min() - 1), 1)} %")
    return ", ".join(said)


def _label(row: Mapping[str, Any]) -> str:
    return f"{row['event']} on {row['market']}, known {minute(row['known_at'])} UTC"
