"""The desk over the bars of a market, and what it said as tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.schema import DECISIONS, SIGN, STANCES, TIME
from lake.time import duration_ms, timeframe_of
from tasks.engines.config import EnginesConfig
from tasks.engines.desk import ENGINE_OF, Decided, Desk, Slots
from tasks.engines.engine import Heard, Records
from tasks.engines.macro import Published, score_at
from tasks.kernels.fusion_memory import DECISIONS as WORDS
from tasks.kernels.fusion_memory import MEMBERS, NOTHING, REASONS

CHART = ("open", "high", "low", "close", "volume")
PHASE = "phase"
Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Told:
    """What a desk said of the bars of one market.

    Attributes
    ----------
    market, engine : str
        The engine is the one whose stance is the score.
    desk : Desk
    slots : Slots
        The bars that it was fed.
    decided : Decided
    """

    market: str
    engine: str
    desk: Desk
    slots: Slots
    decided: Decided

    @property
    def length_ms(self) -> int:
        """Of a base bar."""
        return duration_ms(self.desk.timeframe)

    def opened(self, member: str, bars: Whole) -> Whole:
        """Opens of bars that a member read, by their numbers, ms since 1970."""
        return self.known(member, bars) // self.desk.lengths[member] * self.desk.lengths[member]

    def known(self, member: str, bars: Whole) -> Whole:
        """Opens of the base bars at whose close those bars had closed, ms since 1970."""
        return self.slots.times[self.decided.frames[member].rows[bars]]


def listen(
    market: str,
    engine: str,
    bars: pl.DataFrame,
    config: EnginesConfig,
    macro: list[Published],
) -> Told:
    """Feed BARS of a market to a new desk.

    Parameters
    ----------
    market, engine : str
        The engine's stance is the score, see `EnginesConfig.alone`.
    bars : pl.DataFrame
        BARS.
    config : EnginesConfig
        Of all engines.
    macro : list of Published
        Series of macro scores.
    """
    timeframe = timeframe_of(market)
    desk = Desk(timeframe, config.alone(engine))  # type: ignore[arg-type]
    slots = slots_of(bars, timeframe, macro)
    return Told(market, engine, desk, slots, desk.run(desk.start(), slots))


def slots_of(bars: pl.DataFrame, timeframe: str, macro: list[Published]) -> Slots:
    """BARS as a desk reads them."""
    times = bars["time"].dt.epoch("ms").to_numpy()
    prices = np.array([bars[name].to_numpy() for name in CHART], np.float64).reshape(5, -1)
    known = score_at(times + duration_ms(timeframe), macro)
    return Slots(times, prices, bars["is_gap"].to_numpy(), known)


def decision_frame(told: Told, start: int | None = None, end: int | None = None) -> pl.DataFrame:
    """DECISIONS, their fates still open.

    Parameters
    ----------
    told : Told
    start, end : int, optional
        Span of the bars in ms since 1970, the end excluded; all by default.
    """
    times, fused = told.slots.times, told.decided.fused
    inside = (times >= (times[:1].sum() if start is None else start)) & (
        times < (np.inf if end is None else end)
    )
    rows = np.flatnonzero((fused["decision"] != NOTHING) & inside)
    said = fused[rows]
    columns = {
        "market": [told.market] * len(rows),
        "time": stamps(times[rows]),
        "known_at": stamps(times[rows] + told.length_ms),
        "engine": [told.engine] * len(rows),
        "decision": [WORDS[code] for code in said["decision"]],
        "side": pl.Series(said["side"], dtype=SIGN),
        "reasons": [",".join(reason_codes(bits)) for bits in said["reasons"].tolist()],
        "fate": [""] * len(rows),
        **{name: said[name] for name in ("score", "alignment", "percentile", "unit", "guard")},
        **{name: said["contributions"][:, k] for k, name in enumerate(MEMBERS)},
        "macro": told.slots.macro[rows],
        "close": told.slots.bars[3, rows],
        "fresh_time": _fresh(times, rows, said["fresh"]),
        "state_hash": [f"{state:016x}" for state in said["chain"].tolist()],
    }
    return DECISIONS.conform(
        pl.DataFrame(columns, schema_overrides=DECISIONS.columns).select(list(DECISIONS.columns))
    )


def reason_codes(bits: int) -> Iterator[str]:
    """The names of the bits that are set, in their order.

    Examples
    --------
    >>> list(reason_codes(9))
    ['score_beyond_enter', 'misaligned']
    """
    return (name for k, name in enumerate(REASONS) if bits >> k & 1)


def stance_frame(told: Told) -> pl.DataFrame:
    """STANCES: a row where an engine's stance, conviction or phase is another than before."""
    parts = [_stances(told, member) for member in MEMBERS]
    return pl.concat([STANCES.empty(), *parts]).sort(STANCES.order)


def phases_of(member: str, heard: Heard) -> Whole:
    """Wyckoff's phase at each bar, 0 for none and of other engines."""
    facts = ENGINE_OF[member].facts
    if PHASE not in facts:
        return np.zeros(len(heard.readings), np.int64)
    return np.nan_to_num(heard.readings["facts"][:, facts.index(PHASE)]).astype(np.int64)


def stamps(ms: Whole) -> pl.Series:
    """Times of the lake."""
    return pl.Series(ms, dtype=pl.Int64).cast(TIME)


def _stances(told: Told, member: str) -> pl.DataFrame:
    heard = told.decided.heard[member]
    said = np.array([*_spoken(heard.readings), phases_of(member, heard)])
    before = np.concatenate([np.zeros((3, 1)), said[:, :-1]], axis=1)[:, : said.shape[1]]
    rows = np.flatnonzero((said != before).any(axis=0))
    columns = {
        "market": [told.market] * len(rows),
        "engine": [member] * len(rows),
        "time": stamps(told.known(member, rows)),
        "stance": pl.Series(said[0, rows].astype(np.int8), dtype=SIGN),
        "conviction": said[1, rows],
        "phase": pl.Series(said[2, rows].astype(np.int8), dtype=SIGN),
    }
    return STANCES.conform(pl.DataFrame(columns, schema_overrides=STANCES.columns))


def _spoken(readings: Records) -> tuple[NDArray, NDArray]:
    return readings["stance"], readings["conviction"]


def _fresh(times: Whole, rows: Whole, fresh: Whole) -> pl.Series:
    """When the last fresh structure became known, null where there was none."""
    known = stamps(times[rows - np.maximum(fresh, 0)])
    return pl.select(pl.when(pl.Series(fresh >= 0)).then(known)).to_series()
