"""The desk: every engine on its timeframe, the context, and the fusion of all, as one fold.

A desk is fed base bars, one or many at a time. Longer bars are derived from them once and reach an
engine when they have closed. Everything that it knows lies in one record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lake.errors import ConfigError
from lake.time import duration_ms
from tasks.engines.config import EnginesConfig
from tasks.engines.engine import Engine, EngineConfig, Heard, Reals, Records, rules_of
from tasks.engines.hob import HOB
from tasks.engines.momentum import MOMENTUM
from tasks.engines.smc import SMC
from tasks.engines.trend import TREND, TrendConfig
from tasks.engines.wyckoff import WYCKOFF
from tasks.kernels import fusion, fusion_memory
from tasks.kernels.chart import CLOSE
from tasks.kernels.coarse import COARSE, coarsen
from tasks.kernels.trend import ATR, DISTANCE

Whole = NDArray[np.int64]
ENGINE_OF = {
    "wyckoff": WYCKOFF,
    "wyckoff_daily": WYCKOFF,
    "smc": SMC,
    "hob": HOB,
    "momentum": MOMENTUM,
}
# Facts that are the far edge of an engine's zone below and above the price.
GUARDS = {
    "wyckoff": ("structure_bottom", "structure_top"),
    "wyckoff_daily": ("structure_bottom", "structure_top"),
    "smc": ("swing_low", "swing_high"),
    "hob": ("support", "resistance"),
}
# Events after which the structure is another one.
FRESH = {
    "wyckoff": ("phase",),
    "wyckoff_daily": ("phase",),
    "smc": ("break_of_structure", "change_of_character"),
}
BASE = "base"
MOST_FRAMES = 9
MEMORY = np.dtype(
    [
        ("frames", COARSE, (MOST_FRAMES,)),
        *((name, engine.memory) for name, engine in ENGINE_OF.items()),
        *((name, TREND.memory) for name in (*fusion_memory.FRAMES, BASE)),
        ("fusion", fusion_memory.MEMORY),
    ],
    align=True,
)


class Slots(NamedTuple):
    """Consecutive slots of a market's grid.

    Attributes
    ----------
    times : (n,) int64
        Opens, ms since 1970.
    bars : (5, n) float64
        Open, high, low, close, volume; not read in a gap.
    is_gap : (n,) bool
    macro : (n,) float64
        Macro score known at each close, NaN for none.
    """

    times: Whole
    bars: Reals
    is_gap: NDArray[np.bool_]
    macro: Reals

    def part(self, start: int, end: int | None = None) -> Slots:
        """The slots from `start` up to, without, `end`."""
        cut = slice(start, end)
        return Slots(self.times[cut], self.bars[:, cut], self.is_gap[cut], self.macro[cut])


class Frame(NamedTuple):
    """Closed bars of one timeframe, (5, k), and the slots at whose close each closed, (k,)."""

    bars: Reals
    rows: Whole


@dataclass(frozen=True)
class Decided:
    """What a desk said of some slots.

    Attributes
    ----------
    fused : (n,) FUSED
        Score, contributions and decision at each slot.
    heard : mapping of str to Heard
        What each engine said of its bars, by member.
    frames : mapping of str to Frame
        The bars that each member read.
    took : mapping of str to float
        Seconds that each engine, the derived bars and the fusion took.
    """

    fused: Records
    heard: Mapping[str, Heard]
    frames: Mapping[str, Frame]
    took: Mapping[str, float]


@dataclass(frozen=True)
class Desk:
    """Engines and fusion for markets of one timeframe.

    Attributes
    ----------
    timeframe : str
        Of the base bars. An engine of a shorter one reads the base bars.
    config : EnginesConfig
    """

    timeframe: str
    config: EnginesConfig

    @cached_property
    def lengths(self) -> dict[str, int]:
        """Milliseconds of the bars that each engine and each part of the context reads.

        Raises
        ------
        ConfigError
            When a timeframe cannot be made of base bars.
        """
        c, base = self.config, duration_ms(self.timeframe)
        asked = {name: getattr(c, name).timeframe for name in ("wyckoff", "smc", "hob", "momentum")}
        asked |= {"wyckoff_daily": c.wyckoff_daily, BASE: self.timeframe}
        asked |= {name: getattr(c.fusion, name) for name in fusion_memory.FRAMES}
        lengths = {name: max(base, duration_ms(frame)) for name, frame in asked.items()}
        for name, length in lengths.items():
            if length % base:
                raise ConfigError(
                    f"bars of {asked[name]} for {name}, of base bars of {self.timeframe}",
                    "a multiple of the base timeframe",
                    "choose another timeframe for the engine or for the bars",
                )
        return lengths

    def start(self) -> Records:
        """A memory that has seen nothing, shape (1,)."""
        return np.zeros(1, MEMORY)

    def run(self, memory: Records, slots: Slots) -> Decided:
        """Feed slots; the memory goes on from there.

        Parameters
        ----------
        memory : (1,) MEMORY
            Of `start`, or read back; written to.
        slots : Slots
            The next of the grid.
        """
        took: dict[str, float] = {}
        with_bars = dict(self._derive(memory, slots, took))
        frames = {name: with_bars[length] for name, length in self.lengths.items()}
        heard = {name: self._hear(memory, name, frames[name], took) for name in frames}
        started = perf_counter()
        fused = self.fuse(memory["fusion"], slots, frames, heard)
        took["fusion"] = perf_counter() - started
        return Decided(fused, heard, frames, took)

    def _derive(
        self, memory: Records, slots: Slots, took: dict[str, float]
    ) -> Iterator[tuple[int, Frame]]:
        started = perf_counter()
        base = duration_ms(self.timeframe)
        for number, length in enumerate(sorted(set(self.lengths.values()))):
            held = memory["frames"][:, number]
            yield length, Frame(*coarsen(held, *slots[:3], length, base))
        took["bars"] = perf_counter() - started

    def _hear(self, memory: Records, name: str, frame: Frame, took: dict[str, float]) -> Heard:
        engine = ENGINE_OF.get(name, TREND)
        started = perf_counter()
        heard = engine.run(memory[name], frame.bars, self._rules(name, engine))
        took[name] = perf_counter() - started
        return heard

    def _rules(self, name: str, engine: Engine) -> EngineConfig:
        if engine is TREND:
            f = self.config.fusion
            return TrendConfig(mean_bars=f.mean_bars, atr_bars=f.atr_bars, trend_atr=f.trend_atr)
        config: EngineConfig = getattr(self.config, engine.name)
        return config

    def fuse(
        self,
        memory: Records,
        slots: Slots,
        frames: Mapping[str, Frame],
        heard: Mapping[str, Heard],
    ) -> Records:
        """Weigh what engines said of some slots; one run of them serves desks of other weights.

        Parameters
        ----------
        memory : (1,) fusion_memory.MEMORY
            Zeros at the start; written to.
        slots, frames, heard
            As they were fed to a desk that differs in no more than its weights and levels, and what
            came of it.
        """
        fused = np.empty(slots.times.size, fusion_memory.FUSED)
        said = [_said(name, frames[name], heard[name]) for name in fusion_memory.MEMBERS]
        seen = [_seen(frames[name], heard[name]) for name in fusion_memory.FRAMES]
        ranges = np.full(slots.times.size, np.nan)
        ranges[frames[BASE].rows] = heard[BASE].readings["facts"][:, ATR]
        fusion.run_fusion(
            memory,
            np.ascontiguousarray(slots.bars),
            slots.is_gap,
            ranges,
            slots.macro,
            np.concatenate(said),
            _ends(said),
            np.concatenate(seen),
            _ends(seen),
            rules_of(self.config.fusion, fusion_memory.RULES),
            fused,
        )
        return fused


def _said(name: str, frame: Frame, heard: Heard) -> Records:
    """What the fusion hears of an engine."""
    engine, readings = ENGINE_OF[name], heard.readings
    said = np.zeros(len(readings), fusion_memory.SAID)
    said["row"] = frame.rows
    for field in ("stance", "is_warm", "conviction"):
        said[field] = readings[field]
    said["guard"] = np.nan
    for place, fact in enumerate(reversed(GUARDS.get(name, ()))):
        said["guard"][:, place] = readings["facts"][:, engine.facts.index(fact)]
    for event in FRESH.get(name, ()):
        said["is_fresh"] |= readings["side"][:, engine.events.index(event)] != 0
    return said


def _seen(frame: Frame, heard: Heard) -> Records:
    seen = np.zeros(len(heard.readings), fusion_memory.SEEN)
    seen["row"], seen["trend"] = frame.rows, heard.readings["stance"]
    facts = heard.readings["facts"]
    seen["close"], seen["atr"] = frame.bars[CLOSE], facts[:, ATR]
    seen["above"] = facts[:, DISTANCE] * facts[:, ATR]
    return seen


def _ends(parts: list[Records]) -> Whole:
    return np.cumsum([len(part) for part in parts], dtype=np.int64)
