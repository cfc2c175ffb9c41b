"""Configuration of ingest."""

from __future__ import annotations

from datetime import date
from typing import Literal, get_args

from pydantic import Field

from lake.config import Config
from lake.time import TIMEFRAMES, Duration, Symbol, Timeframe
from tasks.ingest.demo_config import (
    BasisConfig,
    DirtConfig,
    FundingConfig,
    InterestConfig,
    ShockConfig,
    SpikeConfig,
    ThinMoveConfig,
    VolatilityConfig,
    VolumeConfig,
)
from tasks.ingest.snapshot import Beside

LEADER = "BTCUSDT"
DEMO_LEADER = "DEMOA"
BESIDE: tuple[Beside, ...] = get_args(Beside)


class DemoConfig(Config):
    """The simulated market; its plants do not stand again until off for `cooldown`."""

    seed: int = 20_240_229
    n_days: int = Field(730, ge=30, le=4000)
    first_day: date = date(2023, 1, 1)
    cooldown: Duration = "1h"
    spike: SpikeConfig = SpikeConfig()
    thin_move: ThinMoveConfig = ThinMoveConfig()
    volatility: VolatilityConfig = VolatilityConfig()
    shock: ShockConfig = ShockConfig()
    volume: VolumeConfig = VolumeConfig()
    dirt: DirtConfig = DirtConfig()
    funding: FundingConfig = FundingConfig()
    interest: InterestConfig = InterestConfig()
    basis: BasisConfig = BasisConfig()


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

    source: Literal["demo", "files", "binance"] = Field(
        "demo", description="a simulated market, a folder of files, or the exchange"
    )
    data: str | None = Field(None, description="folder or file of bars, for --source files")
    funding: str | None = Field(
        None, description="folder or file of funding settlements, for --source files"
    )
    open_interest: str | None = Field(
        None, description="folder or file of open interest, for --source files"
    )
    spot: str | None = Field(
        None, description="folder or file of the spot market's bars, for --source files"
    )
    mark: str | None = Field(
        None, description="folder or file of mark price bars, for --source files"
    )
    fees: str | None = Field(
        None, description="CSV with time,fee_bps: the venue's fee per side, from each time on"
    )
    calendar: str | None = Field(
        None, description="CSV with time,name: releases besides those that a rule gives"
    )
    leader: Symbol = Field(
        LEADER, description="symbol of the market that leads the others; its bars come from --data"
    )
    beside: tuple[Beside, ...] = Field(
        BESIDE, description=f"what is brought beside the bars, some of {','.join(BESIDE)}"
    )
    symbols: tuple[Symbol, ...] = Field(
        (), description="markets by symbol, like BTCUSDT,ETHUSDT; all that there are by default"
    )
    timeframe: Timeframe = Field("5m", description=f"one of {', '.join(TIMEFRAMES)}")
    start: date | None = Field(None, description="first day, like 2020-01-01, UTC")
    end: date | None = Field(None, description="last day, included, UTC")
    drop_unproven_last_bar: bool = Field(
        True, description="leave out the last bar of a download: nobody can tell that it is final"
    )
    demo: DemoConfig = DemoConfig()
    binance: BinanceConfig = BinanceConfig()
