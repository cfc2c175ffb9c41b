"""What is audited: anything that reads bars and says something of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.schema import FEATURES
from tasks.events.bars import Bars
from tasks.events.config import EventsConfig
from tasks.events.registry import Analyzer
from tasks.features.config import FeaturesConfig
from tasks.features.table import features_of, warm_up

Readings = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Subject:
    """One thing that reads bars.

    Attributes
    ----------
    kind : str
        feature or event.
    names : tuple of str
        What it says something of.
    lookback : int or None
        Bars before a bar that its readings depend on; None for all of them.
    read : callable
        Bars in; for each name an array of float64, shape (k, n), out: k numbers per bar, of which
        the first is the one whose changes are flips. NaN says that there is none.
    """

    kind: str
    names: tuple[str, ...]
    lookback: int | None
    read: Callable[[Bars], Readings]


def event_subject(analyzer: Analyzer, timeframe: str, config: EventsConfig) -> Subject:
    """An analyzer: its condition at every bar, and where the event stands."""
    own = config.parameters.get(analyzer.name, {})
    parameters = analyzer.with_defaults(own)
    lookback = analyzer.lookback(timeframe, config.cooldown, own)

    def read(bars: Bars) -> Readings:
        holds = analyzer.function(bars, **parameters)
        stands = analyzer.occurrences(holds, bars, config.cooldown).fired
        age = np.arange(len(bars)) - holds.anchor
        rows = (holds.fired, stands, holds.side, holds.strength, age)
        return {analyzer.name: np.array(rows, dtype=np.float64)}

    return Subject("event", (analyzer.name,), lookback, read)


def features_subject(timeframe: str, config: FeaturesConfig) -> Subject:
    """All features at once, each under its own name."""
    names = tuple(name for name in FEATURES.columns if name != "time")

    def read(bars: Bars) -> Readings:
        frame = features_of(bars, config).select(pl.col(names).cast(pl.Float64).fill_null(np.nan))
        return {name: frame[name].to_numpy()[None, :] for name in names}

    return Subject("feature", names, warm_up(config, timeframe), read)
