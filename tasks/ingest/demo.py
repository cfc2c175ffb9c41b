"""The demo market as a source: simulated bars, a little dirt, and the truth about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.errors import InputError
from lake.schema import RAW_BARS, TIME, TRUTH
from lake.store import Lake
from lake.time import UNITS_MS, duration_ms, n_bars
from tasks.ingest.config import DemoConfig, IngestConfig
from tasks.ingest.demo_config import PlantConfig
from tasks.ingest.demo_draws import Draws
from tasks.ingest.demo_market import ONE_BPS, Market, simulate
from tasks.ingest.demo_shocks import BASE
from tasks.ingest.snapshot import Snapshot

PREFIX = "DEMO"
SYMBOLS = ("DEMOA", "DEMOB")
YEAR_DAYS = 365


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
        for symbol in _simulated(config.symbols)
    ]


def _simulated(symbols: Sequence[str]) -> Sequence[str]:
    """The symbols asked for, none of which may pass for a real one."""
    real = sorted(symbol for symbol in symbols if not symbol.startswith(PREFIX))
    if real:
        raise InputError(
            f"the simulated market was asked for {', '.join(real)}",
            f"symbols that begin with {PREFIX}, like {' and '.join(SYMBOLS)}",
            "add --source files --data DIR, or --source binance, for real bars",
        )
    return sorted(set(symbols)) or SYMBOLS


def load(
    lake: Lake, snapshot: Snapshot, where: Sequence[str], fetched: pl.DataFrame | None
) -> pl.DataFrame:
    """Return the RAW_BARS of the market, dirt included; lake, places and fetches are not used."""
    config = DemoConfig(**snapshot.settings)
    market = simulate(config, snapshot.symbol, snapshot.timeframe)
    rows = _dirty_rows(config, snapshot, market.time)
    return _bars(market)[rows].filter(_in_span(snapshot))


def truth(snapshot: Snapshot) -> pl.DataFrame:
    """Return which effects were planted in the market: TRUTH, of the span asked for."""
    config = DemoConfig(**snapshot.settings)
    market = simulate(config, snapshot.symbol, snapshot.timeframe)
    times = pl.DataFrame({"time": pl.Series(market.time).cast(TIME)})
    inside = times.select(_in_span(snapshot)).to_series().to_numpy()
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


def _bars(market: Market) -> pl.DataFrame:
    prices = dict(zip(("open", "high", "low", "close"), market.prices, strict=True))
    value = market.volume * market.prices.mean(axis=0)
    frame = pl.DataFrame(
        {
            "time": market.time,
            **prices,
            "volume": market.volume,
            "quote_volume": value,
            "trades": market.trades,
            "taker_buy_volume": market.volume * market.taker_share,
            "taker_buy_quote_volume": value * market.taker_share,
            "part": np.zeros(market.time.size, dtype=np.int16),
        }
    )
    return frame.select(pl.col(name).cast(dtype) for name, dtype in RAW_BARS.columns.items())


def _dirty_rows(
    config: DemoConfig, snapshot: Snapshot, time: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Which rows come, in order: outages are left out, duplicates come twice in a row."""
    draws = Draws(config.seed, snapshot.symbol, time.size)
    step, outage = duration_ms(snapshot.timeframe), duration_ms(config.dirt.outage)
    is_out = np.zeros(time.size, dtype=bool)
    for begin in _outages(config, draws) + time[0]:
        is_out |= (time >= begin) & (time + step <= begin + outage)
    rows = np.flatnonzero(~is_out)
    chosen = draws.generator("duplicates").random(config.dirt.n_duplicates)
    twice = rows[(chosen * rows.size).astype(np.int64)]
    return np.sort(np.concatenate([rows, twice]))


def _outages(config: DemoConfig, draws: Draws) -> NDArray[np.int64]:
    """When the venue fails, on whole bars of 5m, milliseconds from the first bar."""
    n_years = -(-config.n_days // YEAR_DAYS)
    places = draws.generator("outages", common=True)
    year = np.repeat(np.arange(n_years), config.dirt.outages_per_year)
    days = (year + places.random(year.size)) * YEAR_DAYS
    step = duration_ms(BASE)
    return (days * UNITS_MS["d"] / step).astype(np.int64) * step


def _in_span(snapshot: Snapshot) -> pl.Expr:
    """Whether a bar opens on a day from `start` to `end`, the last included."""
    day = pl.col("time").dt.date()
    first, last = snapshot.start or date.min, snapshot.end or date.max
    return day.is_between(first, last)
