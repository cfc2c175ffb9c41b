"""The demo market as a source: simulated bars, a little dirt, and the truth about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.errors import InputError
from lake.schema import TIME, TRUTH
from lake.store import Lake
from lake.time import n_bars
from tasks.ingest.config import DemoConfig, IngestConfig
from tasks.ingest.demo_beside import load_beside, survey_beside
from tasks.ingest.demo_config import PlantConfig
from tasks.ingest.demo_market import ONE_BPS, Market, simulate
from tasks.ingest.demo_rows import SYMBOLS, dirty_rows, in_span, raw_bars, simulated
from tasks.ingest.snapshot import Snapshot

__all__ = ["load", "load_beside", "survey", "survey_beside", "truth"]


def survey(config: IngestConfig) -> list[Snapshot]:
    """Return one market for each symbol asked for, DEMOA and DEMOB where none is.

    Any symbol works: its market is drawn from the seed and its name alone.

    Raises
    ------
    InputError
        Where `start` to `end` holds none of the simulated days.
    """
    demo = config.demo
    last_day = demo.first_day + timedelta(days=demo.n_days - 1)
    start, end = config.start or demo.first_day, config.end or last_day
    if end < start or end < demo.first_day or start > last_day:
        raise InputError(
            f"days from {start} to {end}",
            f"some of the simulated days, {demo.first_day} to {last_day}",
            "mend --start and --end, or the demo's first_day and n_days",
        )
    return [
        Snapshot(
            source="demo",
            symbol=symbol,
            timeframe=config.timeframe,
            start=config.start,
            end=config.end,
            settings=demo.model_dump(mode="json"),
        )
        for symbol in simulated(config.symbols) or SYMBOLS
    ]


def load(
    lake: Lake, snapshot: Snapshot, where: Sequence[str], fetched: pl.DataFrame | None
) -> pl.DataFrame:
    """Return the RAW_BARS of the market, dirt included; lake, places and fetches are not used."""
    config = DemoConfig(**snapshot.settings)
    return draw_bars(config, snapshot, simulate(config, snapshot.symbol, snapshot.timeframe))


def draw_bars(config: DemoConfig, snapshot: Snapshot, market: Market) -> pl.DataFrame:
    """Return what `load` does, from the simulated market that the snapshot is about."""
    rows = dirty_rows(config, snapshot.symbol, snapshot.timeframe, market.time)
    return raw_bars(market)[rows].filter(in_span(snapshot))


def truth(snapshot: Snapshot) -> pl.DataFrame:
    """Return which effects were planted in the market: TRUTH, of the span asked for."""
    config = DemoConfig(**snapshot.settings)
    market = simulate(config, snapshot.symbol, snapshot.timeframe)
    times = pl.DataFrame({"time": pl.Series(market.time).cast(TIME)})
    inside = times.select(in_span(snapshot)).to_series().to_numpy()
    plants: list[tuple[str, PlantConfig]]
    plants = [("vol_spike", config.spike), ("liquidity_shock", config.thin_move)]
    rows = []
    for (event, plant), sides in zip(plants, market.sides, strict=True):
        bars = n_bars(plant.horizon, snapshot.timeframe)
        at = np.flatnonzero((sides != 0) & inside)
        rows.append(
            {
                "event": event,
                "horizon": plant.horizon,
                "side": int(np.sign(plant.effect_bps)),
                "effect_bps": plant.effect_bps,
                "n_planted": at.size,
                "note": _note(plant.effect_bps, _mean_drift(market.drift, sides, at, bars)),
            }
        )
    return pl.DataFrame(rows, schema=TRUTH.columns).sort(TRUTH.order)


def _note(effect_bps: float, drift: float) -> str:
    verb = "goes on" if effect_bps > 0 else "comes back"
    whole = f"with neighbours' plants {drift / ONE_BPS:+.1f} bps" if np.isfinite(drift) else "none"
    return f"the price {verb} after it; {whole}"


def _mean_drift(
    drift: NDArray[np.float64], sides: NDArray[np.int8], at: NDArray[np.int64], n: int
) -> float:
    """Mean drift over the `n` bars after the occurrences `at`, in their sides; NaN for none."""
    whole = at[at + n < drift.size]
    if whole.size == 0:
        return float("nan")
    path = np.concatenate([[0.0], np.cumsum(drift)])
    return float(np.mean(sides[whole] * (path[whole + 1 + n] - path[whole + 1])))
