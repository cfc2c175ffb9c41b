"""Configuration of ingest."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from lake.config import Config
from lake.time import Symbol, Timeframe


class DemoConfig(Config):
    """The simulated market."""

    seed: int = 20_240_229
    n_days: int = Field(730, ge=30, le=4000)
    first_day: date = date(2023, 1, 1)


class BinanceConfig(Config):
    """Where the exchange's archives and interface are, and how patiently they are asked."""

    venue: Literal["um", "spot"] = "um"
    archive_url: str = "https://data.binance.vision"
    rest_url: str | None = None
    n_tries: int = Field(6, ge=1, le=20)
    timeout_seconds: float = Field(30.0, gt=0)
    overlap_bars: int = Field(10, ge=1, le=1000)
    max_weight_share: float = Field(0.5, gt=0, le=1)


class IngestConfig(Config):
    """What is asked of which source."""

    source: Literal["demo", "files", "binance"] = "demo"
    data: str | None = None
    symbols: tuple[Symbol, ...] = ()
    timeframe: Timeframe = "5m"
    start: date | None = None
    end: date | None = None
    drop_unproven_last_bar: bool = True
    demo: DemoConfig = DemoConfig()
    binance: BinanceConfig = BinanceConfig()
