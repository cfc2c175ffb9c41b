"""Engines as sources of events: what an engine says of its own bars, at the base bars' closes.

An engine reads bars of its timeframe, made of the base bars, or the base bars where these are
longer; it does not see gaps. Each of its events is a dated fact that never changes, so there is no
onset to look for and no cooldown to wait for. Some are frequent by definition (gaps, swings, turns
of momentum: about one of the engine's own bars in sixteen). An engine remembers all that it has
seen: there is no lookback, but a memory (see `tasks.events.readers`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lake.errors import ConfigError
from lake.time import duration_ms
from tasks.engines.engine import Engine, EngineConfig, Reals, Records
from tasks.events.bars import PRICES, Bars
from tasks.events.marks import Marks
from tasks.events.readers import Output, Told
from tasks.events.registry import PRICE, Analyzer, Parameter
from tasks.kernels.coarse import COARSE, coarsen

ALL = "OV"
TIMEFRAME = "timeframe"


@dataclass(frozen=True)
class EngineReader:
    """An engine that is fed base bars, see `tasks.events.readers.Reader`."""

    name: str
    engine: Engine

    @property
    def events(self) -> tuple[str, ...]:
        return self.engine.events

    @property
    def facts(self) -> tuple[str, ...]:
        return self.engine.facts

    @property
    def has_zones(self) -> bool:
        return self.engine.notes_per_bar > 0

    @cached_property
    def memory(self) -> np.dtype:
        """What it remembers: the bar that has not closed yet, and what the engine does."""
        return np.dtype([("frame", COARSE), ("own", self.engine.memory)], align=True)

    def config(self, parameters: Mapping[str, Parameter]) -> EngineConfig:
        return self.engine.config.model_validate(parameters)

    def start(self) -> Records:
        return np.zeros(1, self.memory)

    def read(self, memory: Records, bars: Bars, config: EngineConfig) -> Told:
        step = self.span(bars.timeframe, config) * bars.step_ms
        # Copies: what can be written to is another type to the kernel than what cannot.
        times, is_gap = bars.time.copy(), bars.is_gap.copy()
        coarse, rows = coarsen(memory["frame"], times, chart(bars), is_gap, step, bars.step_ms)
        first = int(memory["own"]["chart"]["n"][0])
        heard = self.engine.run(memory["own"], coarse, config)
        return Told(rows, first + np.arange(rows.size), *heard)

    def span(self, timeframe: str, config: EngineConfig) -> int:
        """Base bars in one of the engine's.

        Raises
        ------
        ConfigError
            When the engine's timeframe cannot be made of base bars.
        """
        base, own = duration_ms(timeframe), duration_ms(config.timeframe)
        if own > base and own % base:
            raise ConfigError(
                f"bars of {config.timeframe} for {self.name}, of base bars of {timeframe}",
                "a multiple of the base timeframe",
                "choose another timeframe for the engine's events or for the bars",
            )
        return max(1, own // base)


def chart(bars: Bars) -> Reals:
    """Open, high, low, close, volume, shape (5, n)."""
    return np.array([*(getattr(bars, name) for name in PRICES), bars.volume])


def events_of(
    module: str,
    engine: Engine,
    called: str,
    meanings: Mapping[str, str],
    *,
    timeframe: str | None = None,
    needs: str = ALL,
    coarsest: str = "1d",
) -> tuple[Analyzer, ...]:
    """Make the events of an engine, with its config's fields as their parameters.

    Parameters
    ----------
    module : str
        That defines them; its last name is the family and the reader's.
    called : str
        Their names, the engine's own name of each in place of ``{}``.
    meanings : mapping of str to str
        For each event of the engine's what it means and who says so.
    timeframe : str, optional
        Of the bars that the engine reads, where it is not the engine's own default.
    """
    family = module.rpartition(".")[2]
    parameters = engine.config.model_validate({}).model_dump()
    if timeframe is not None:
        parameters[TIMEFRAME] = timeframe
    reader = EngineReader(engine.name if timeframe is None else family, engine)
    return tuple(
        tell_event(
            Output(reader, number),
            module,
            called.format(event),
            meanings[event],
            parameters,
            needs=needs,
            coarsest=coarsest,
        )
        for number, event in enumerate(engine.events)
    )


def tell_event(
    output: Output,
    module: str,
    name: str,
    meaning: str,
    parameters: Mapping[str, Parameter],
    *,
    needs: str = ALL,
    coarsest: str = "1d",
) -> Analyzer:
    """Make the event of a reader's output."""

    def stands(bars: Bars, **values: Parameter) -> Marks:
        return output.marks(bars, values)

    stands.__name__, stands.__doc__, stands.__module__ = name, meaning, module
    return Analyzer(
        function=stands,
        family=module.rpartition(".")[2],
        terms=None,
        needs=needs,
        mirrored=True,
        coarsest=coarsest,
        parameters=dict(parameters),
        lasts=False,
        axis=PRICE,
        output=output,
    )
