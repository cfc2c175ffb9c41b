"""Which of a market's bars are drawn, and what of all that the engines saw in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.errors import ConfigError
from tasks.backtest.decided import Told, phases_of, stamps
from tasks.backtest.engine_figures import timeframe_read
from tasks.backtest.engine_member import DAILY
from tasks.backtest.structure_scene import Box, Link, Mark, Phase, Scene
from tasks.engines.desk import ENGINE_OF

Reals = NDArray[np.float64]
Whole = NDArray[np.int64]
Row = Mapping[str, Any]
MOST = {"gap": 14, "block": 10, "level": 10}
LETTERS = " ABCDE"
WYCKOFF = ("wyckoff", DAILY)
EDGES = ("structure_top", "structure_bottom")
AT_CLOSE = 0.5
BREAKS = {"break_of_structure": "BOS", "change_of_character": "CHoCH"}


def choose_rows(times: Whole, n_bars: int, end: int | None, decided: Whole | None = None) -> slice:
    """The rows of the last `n_bars` before `end` (ms since 1970), or of all.

    Parameters
    ----------
    times : (n,) int64
        Opens of the bars, ms since 1970.
    n_bars : int
    end : int, optional
    decided : (k,) int64, optional
        Rows of the decisions. Without an `end`, and where the last bars hold none, the bars around
        the last decision are drawn instead, a quarter of them after it.

    Raises
    ------
    ConfigError
        When there is no bar before it.
    """
    last = times.size if end is None else int(np.searchsorted(times, end))
    if last == 0:
        first = np.datetime64(int(times[0]), "ms") if times.size else "nowhere"
        raise ConfigError(
            f"a chart that ends before {np.datetime64(end or 0, 'ms')}",
            f"a day with bars; they begin at {first}",
            "change --backtest.chart_end",
        )
    if end is None and decided is not None and decided.size and decided[-1] < last - n_bars:
        last = int(decided[-1]) + 1 + n_bars // 4
    return slice(max(0, last - n_bars), last)


def set_scene(
    told: Told, zones: pl.DataFrame, log: pl.DataFrame, trades: pl.DataFrame, rows: slice
) -> Scene:
    """Choose what is drawn of some bars.

    Parameters
    ----------
    told : Told
    zones, log, trades : pl.DataFrame
        ZONES of the market; DECISIONS and TRADES, of which others' are left out.
    rows : slice
        Of the bars, see `choose_rows`.
    """
    times, fused = told.slots.times[rows], told.decided.fused[rows]
    bars = np.where(told.slots.is_gap[rows], np.nan, told.slots.bars[:, rows])
    own = pl.col("market") == told.market
    place = Place(times, told.length_ms)
    seen = zones.filter(own & place.met()).to_dicts()
    swings = zones.filter(own & (pl.col("kind") == "swing")).to_dicts()
    return Scene(
        market=told.market,
        engine=told.engine,
        times=times,
        bars=bars,
        score=fused["score"].copy(),
        stance=fused["stance"].copy(),
        contributions=np.ascontiguousarray(fused["contributions"].T),
        enter=told.desk.config.fusion.enter,
        leave=told.desk.config.fusion.leave,
        boxes=[box for kind, most in MOST.items() for box in _boxes(place, seen, kind, most)],
        swings=list(_swings(place, swings)),
        breaks=list(_breaks(place, told)),
        phases={timeframe_read(told, name): _phases(place, told, name) for name in WYCKOFF},
        decisions=list(_decisions(place, bars, log.filter(own).to_dicts())),
        trades=list(_trades(place, trades.filter(own).to_dicts())),
    )


@dataclass(frozen=True)
class Place:
    """Where times stand along the picture."""

    times: Whole
    length_ms: int

    def of(self, time: Any) -> float:
        """Bar of a time (datetime or ms), cut to the picture and a bar beyond; its end for none."""
        if time is None or not self.times.size:
            return float(self.times.size)
        ms = time if isinstance(time, int) else round(time.timestamp() * 1000)
        return min(max(-1.0, (ms - int(self.times[0])) / self.length_ms), float(self.times.size))

    def has(self, at: float) -> bool:
        """Whether a bar is in the picture."""
        return 0 <= at < self.times.size

    def meets(self, start: Any, end: Any) -> bool:
        """Whether a span and the picture have a bar in common."""
        return self.of(end) > 0 and self.of(start) < self.times.size

    def met(self) -> pl.Expr:
        """The zones that live in the picture, and are no swings."""
        if not self.times.size:
            return pl.lit(False)
        first, last = stamps(self.times[[0, -1]])
        lives = pl.col("died_time").is_null() | (pl.col("died_time") > first)
        return lives & (pl.col("born_time") <= last) & (pl.col("kind") != "swing")


def _boxes(place: Place, zones: Iterable[Row], kind: str, most: int) -> list[Box]:
    """The zones of a kind that fill most of the picture; of levels those of the best quality."""
    found = [
        Box(
            kind=kind,
            side=row["side"],
            start=place.of(row["born_time"]),
            end=place.of(row["died_time"]),
            bottom=row["bottom"],
            top=row["top"],
            value=row["value"],
            lives=row["died_time"] is None or place.of(row["died_time"]) >= place.times.size,
        )
        for row in zones
        if row["kind"] == kind
    ]
    size = _quality if kind == "level" else _area
    return sorted(sorted(found, key=size)[-most:], key=lambda box: (box.start, box.bottom))


def _area(box: Box) -> tuple[float, float]:
    return (box.end - box.start) * (box.top - box.bottom), box.start


def _quality(box: Box) -> tuple[float, float]:
    return box.value, box.end - box.start


def _swings(place: Place, swings: Sequence[Row]) -> Iterator[Mark]:
    """Swings with their names; one that was replaced is left out."""
    kept = [
        row
        for k, row in enumerate(swings)
        if all(after["side"] != row["side"] for after in swings[k + 1 : k + 2])
    ]
    before: dict[int, float] = {}
    for row in kept:
        side, price, at = -row["side"], row["top"], place.of(row["anchor_time"])
        last = before.get(side)
        higher = "H" if last is None or price > last else "L"
        before[side] = price
        if place.has(at):
            yield Mark(int(at), price, side, higher + ("H" if side > 0 else "L"))


def _breaks(place: Place, told: Told) -> Iterator[Link]:
    """From each swing that was broken to the bar that broke it."""
    member, heard = "smc", told.decided.heard["smc"]
    rows = told.decided.frames[member].rows
    highs, lows = told.decided.frames[member].bars[1:3]
    for event, word in BREAKS.items():
        number = ENGINE_OF[member].events.index(event)
        side = heard.readings["side"][:, number]
        known = told.slots.times[rows]
        inside = (known >= place.times[0]) & (known <= place.times[-1])
        for bar in np.flatnonzero(inside & (side != 0)).tolist():
            anchor = int(heard.readings["anchor"][bar, number])
            at = place.of(int(known[bar]))
            price = float((highs if side[bar] > 0 else lows)[anchor])
            start = place.of(int(told.opened(member, np.array([anchor]))[0]))
            yield Link(start, at, price, price, int(side[bar]), word)


def _phases(place: Place, told: Told, member: str) -> list[Phase]:
    """Stretches of one phase of one structure; each bar's is known until the next bar closes."""
    heard, facts = told.decided.heard[member], ENGINE_OF[member].facts
    phase = phases_of(member, heard)
    values = heard.readings["facts"]
    side, top, bottom = (values[:, facts.index(n)] for n in ("side", *EDGES))
    known = told.known(member, np.arange(len(phase)))
    edges = np.array([phase, side, top, bottom])
    new = np.any(~_same(edges[:, 1:], edges[:, :-1]), axis=0)
    starts = np.flatnonzero(np.concatenate([[True], new]))[: len(phase)]
    found = []
    for start, end in zip(starts, [*starts[1:], len(phase)], strict=True):
        x0 = place.of(int(known[start])) + AT_CLOSE
        x1 = place.of(int(known[end])) + AT_CLOSE if end < len(phase) else float(place.times.size)
        if phase[start] and x1 > 0 and x0 < place.times.size:
            letter = LETTERS[phase[start]]
            edge = float(bottom[start]), float(top[start])
            found.append(Phase(max(x0, 0.0), x1, int(side[start]), letter, *edge))
    return found


def _same(a: Reals, b: Reals) -> NDArray[np.bool_]:
    return (a == b) | (np.isnan(a) & np.isnan(b))


def _decisions(place: Place, bars: Reals, log: Iterable[Row]) -> Iterator[Mark]:
    for row in log:
        at = place.of(row["time"])
        if place.has(at):
            price = float(bars[2 if row["side"] > 0 else 1, int(at)])
            yield Mark(int(at), price, row["side"], row["decision"], row["fate"])


def _trades(place: Place, trades: Iterable[Row]) -> Iterator[Link]:
    for row in trades:
        if place.meets(row["entry_time"], row["exit_time"]):
            start, end = place.of(row["entry_time"]), place.of(row["exit_time"])
            prices = row["entry_price"], row["exit_price"]
            yield Link(start, end, *prices, row["side"], row["exit"])
