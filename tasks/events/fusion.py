"""Fusion as a source of events: where the weighted stance of all engines says enter.

Beside it the same of each engine alone, by the same rules of entering, leaving and vetoing: so that
the sum and its parts are compared like for like.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lake.time import duration_ms
from tasks.engines.config import VOTERS, EngineName, EnginesConfig, FusionConfig
from tasks.engines.desk import MEMORY, Desk, Slots
from tasks.engines.engine import Records
from tasks.events.bars import Bars
from tasks.events.readers import Output, Told
from tasks.events.registry import Analyzer, Parameter
from tasks.events.structure import chart, tell_event
from tasks.kernels import fusion_memory
from tasks.kernels.reading import NOTE, reading_of

_SOURCE = "(engines.md)."
_MEANINGS = {
    "fusion_entry": f"The weighted stance of all engines is strong enough to enter {_SOURCE}",
    "wyckoff_entry": f"Wyckoff's stance alone is strong enough to enter {_SOURCE}",
    "smart_money_entry": f"The stance of smart money concepts alone says enter {_SOURCE}",
    "order_block_entry": f"The stance of hidden order blocks alone says enter {_SOURCE}",
    "momentum_entry": f"The stance of momentum alone is strong enough to enter {_SOURCE}",
}
_WHOLE = "fusion"
_SCORES: tuple[EngineName, ...] = ("fusion", "wyckoff", "smc", "hob", "momentum")
_OF_WEIGHTS = (*VOTERS, "misaligned_factor")  # alone, an engine has the only weight
_INERT = ("is_gated",)
_HALVES = ("chain_low", "chain_high")  # of the state's hash: no float holds it whole


def _facts() -> Iterator[str]:
    for name in fusion_memory.FUSED.names or ():
        if name == "contributions":
            yield from (f"{name}_{member}" for member in fusion_memory.MEMBERS)
        elif name != "chain":
            yield name
    yield from _HALVES


@dataclass(frozen=True)
class DeskReader:
    """A desk that is fed base bars, see `tasks.events.readers.Reader`.

    Its facts are those of the fusion of all; so are its stance, the position that it would hold,
    and its conviction, the size of the score.
    """

    name: str = _WHOLE
    events: tuple[str, ...] = tuple(_MEANINGS)
    facts: tuple[str, ...] = tuple(_facts())
    has_zones: bool = False

    @cached_property
    def reading(self) -> np.dtype:
        """What it says at a base bar."""
        return reading_of(len(self.events), len(self.facts))

    def config(self, parameters: Mapping[str, Parameter]) -> FusionConfig:
        return FusionConfig.model_validate(parameters)

    def start(self) -> Records:
        return np.zeros(1, _MEMORY)

    def read(self, memory: Records, bars: Bars, config: FusionConfig) -> Told:
        asked = EnginesConfig(fusion=config)
        desks = [Desk(bars.timeframe, asked.alone(name)) for name in _SCORES]
        nothing = np.full(len(bars), np.nan)
        slots = Slots(bars.time.copy(), chart(bars), bars.is_gap.copy(), nothing)
        first = int(memory["desk"]["fusion"]["n"][0])
        decided = desks[0].run(memory["desk"], slots)
        told = decided.frames, decided.heard
        alone = [d.fuse(memory["alone"][:, i], slots, *told) for i, d in enumerate(desks[1:])]
        numbers = first + np.arange(len(bars))
        readings = self._said([decided.fused, *alone], numbers)
        return Told(np.arange(len(bars)), numbers, readings, np.zeros(0, NOTE))

    def span(self, timeframe: str, config: FusionConfig) -> int:
        longest = max(Desk(timeframe, EnginesConfig(fusion=config)).lengths.values())
        return longest // duration_ms(timeframe)

    def _said(self, fused: list[Records], numbers: np.ndarray) -> Records:
        readings = np.zeros(numbers.size, self.reading)
        for number, one in enumerate(fused):
            enters = np.isin(one["decision"], (fusion_memory.ENTER, fusion_memory.TURN))
            readings["side"][:, number] = np.where(enters, one["side"], 0)
            readings["strength"][:, number] = np.where(enters, np.abs(one["score"]), 0.0)
            readings["anchor"][:, number] = numbers
        whole = fused[0]
        readings["stance"], readings["conviction"] = whole["stance"], np.abs(whole["score"])
        readings["is_warm"] = 1
        readings["facts"] = np.column_stack(list(_columns(whole)))
        return readings


def _columns(fused: Records) -> Iterator[np.ndarray]:
    for name in fused.dtype.names or ():
        if name == "contributions":
            yield from fused[name].T
        elif name != "chain":
            yield fused[name]
    state = np.ascontiguousarray(fused["chain"])
    yield from (state & 0xFFFFFFFF, state >> np.uint64(32))


def _events() -> Iterator[Analyzer]:
    every = {n: v for n, v in FusionConfig().model_dump().items() if n not in _INERT}
    alone = {n: v for n, v in every.items() if n not in _OF_WEIGHTS}
    reader = DeskReader()
    for number, name in enumerate(reader.events):
        own = alone if number else every
        yield tell_event(Output(reader, number), __name__, name, _MEANINGS[name], own)


_MEMORY = np.dtype([("desk", MEMORY), ("alone", fusion_memory.MEMORY, (len(VOTERS),))], align=True)
EVENTS = tuple(_events())
