"""What decisions and their fates depend on besides the bars."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import polars as pl

from lake.keys import NUMERIC_LIBRARIES, canonical_json, code_of, sha256
from lake.time import duration_ms
from tasks.backtest.engine_config import EngineTrading
from tasks.clean.config import CleanConfig
from tasks.engines.config import EngineName, EnginesConfig
from tasks.engines.macro import Published
from tasks.features.config import FeaturesConfig

CODE = ("tasks.live.live", "tasks.live.keeping")
ROOMS = ("engines", "trading", "clean", "features")


@dataclass(frozen=True, eq=False)
class Setting:
    """All of it for one market.

    Attributes
    ----------
    market, timeframe : str
    engine : str
        Whose stance is traded.
    engines : EnginesConfig
        Of macro series what is in the files, see `keyed_series`.
    trading : EngineTrading
    clean : CleanConfig
    features : FeaturesConfig
    start : int or None
        First moment that is traded, ms since 1970: bars before it are heard. None for the first.
    funding : pl.DataFrame or None
        FUNDING of the market.
    macro : tuple of Published
        Series of macro scores.
    """

    market: str
    timeframe: str
    engine: EngineName
    engines: EnginesConfig = field(default_factory=EnginesConfig)
    trading: EngineTrading = field(default_factory=EngineTrading)
    clean: CleanConfig = field(default_factory=CleanConfig)
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    start: int | None = None
    funding: pl.DataFrame | None = None
    macro: tuple[Published, ...] = ()

    @property
    def step_ms(self) -> int:
        """Milliseconds of a bar."""
        return duration_ms(self.timeframe)

    def keyed(self) -> dict[str, Any]:
        """The same and the version of the program, as JSON values."""
        rooms = {name: getattr(self, name).model_dump(mode="json") for name in ROOMS}
        settled = None if self.funding is None else sha256(self.funding.write_csv().encode())
        return {
            "market": self.market,
            "engine": self.engine,
            **rooms,
            "start": self.start,
            "funding": settled,
            "program": sha256(canonical_json(code_of(*CODE)).encode())[:16],
            "libraries": {name: version(name) for name in NUMERIC_LIBRARIES},
        }
