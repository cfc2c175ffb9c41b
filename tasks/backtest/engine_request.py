"""What a user asks of an engine's back-test, and which bars that takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from lake.errors import ConfigError
from tasks.backtest.engine_member import FUSION
from tasks.backtest.request import BacktestConfig, C
from tasks.engines.config import VOTERS, EnginesConfig
from tasks.engines.desk import Desk
from tasks.engines.macro import MacroSeries, keyed_series, read_series

DAY = timedelta(days=1)


class Asking(Protocol):
    """What of a run's config says which engine is traded, and on which bars."""

    @property
    def timeframe(self) -> str: ...
    @property
    def start(self) -> date | None: ...
    @property
    def end(self) -> date | None: ...
    @property
    def engines(self) -> EnginesConfig: ...
    @property
    def backtest(self) -> BacktestConfig: ...


@dataclass(frozen=True)
class AskedEngine:
    """An engine, what it is compared with, and what is traded.

    Attributes
    ----------
    engine : str
    engines : EnginesConfig
        Of macro series what is in the files, not where they lie.
    places : tuple of str
        Files of the macro series on this machine.
    first_day : date or None
        First day that is traded; None for the bars' own.
    warmup_days : int
        Days before it that the engines hear.
    chart_end : date or None
        Last day of the charts; None for the bars' own.
    """

    engine: str
    engines: EnginesConfig
    places: tuple[str, ...]
    first_day: date | None
    warmup_days: int
    chart_end: date | None

    @property
    def compared(self) -> tuple[str, ...]:
        """The engines whose accounts are told: of a fusion its members' beside its own."""
        return (*VOTERS, FUSION) if self.engine == FUSION else (self.engine,)

    @property
    def start(self) -> int | None:
        """First moment that is traded, ms since 1970; None for the bars' own."""
        return None if self.first_day is None else _midnight(self.first_day)

    @property
    def chart_before(self) -> int | None:
        """Where the charts end, ms since 1970; None for where the bars do."""
        return None if self.chart_end is None else _midnight(self.chart_end + DAY)

    @property
    def desk(self) -> dict[str, Any]:
        """What every desk of the run is made of: inputs of the stages that run one."""
        return {"config": self.engines, "where": self.places}

    def widened(self, config: C) -> C:
        """`config` with the days before the first that the engines hear."""
        if self.first_day is None:
            return config
        return config.model_copy(update={"start": self.first_day - self.warmup_days * DAY})


def ask_engine(config: Asking) -> AskedEngine:
    """Put a user's wishes for an engine together."""
    check_engine(config)
    assert config.backtest.engine is not None
    series = config.engines.macro
    return AskedEngine(
        config.backtest.engine,
        config.engines.model_copy(update={"macro": keyed_series(series)}),
        places_of(series),
        config.start,
        config.backtest.engine_warmup_days,
        config.backtest.chart_end,
    )


def places_of(series: tuple[MacroSeries, ...]) -> tuple[str, ...]:
    """Where the files of macro series lie."""
    return tuple(one.path for one in series)


def check_engine(config: Asking) -> None:
    """Refuse what an engine cannot be asked, before anything is run.

    Raises
    ------
    ConfigError
        For flags of a blueprint, for timeframes that cannot be made of the bars, and for a chart
        of days that are not there.
    InputError
        For a macro series that cannot be read.
    """
    b = config.backtest
    for flag, asked, has in (
        ("--verify", b.verify, "golden trades"),
        ("--open-sealed", b.open_sealed, "a sealed era"),
    ):
        if asked:
            raise ConfigError(
                f"{flag} with --engine {b.engine}",
                f"a blueprint: it alone has {has}",
                f"leave {flag} out, or name a --blueprint in the engine's place",
            )
    _ = Desk(config.timeframe, config.engines).lengths
    read_series(config.engines.macro, places_of(config.engines.macro))
    if b.chart_end is not None and config.start is not None and b.chart_end < config.start:
        raise ConfigError(
            f"a chart that ends on {b.chart_end}, before --start {config.start}",
            "a day that is traded",
            "change --backtest.chart_end",
        )


def _midnight(day: date) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
