"""A second look at what reached the top: circular shifts of the entries, and the median."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.ref import EVERY_MARKET
from lake.schema import SCRUTINY
from lake.time import duration_ms, n_bars, timeframe_of
from tasks.discovery.blocks import block_ms
from tasks.discovery.conditions import EVERYTHING, name_conditions
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.effects import Era, lay_out, measured
from tasks.discovery.eras import DISCOVERY, span_of
from tasks.discovery.marks import Marks, locate
from tasks.kernels.permutation import shift_entries

Reals = NDArray[np.float64]
Codes = NDArray[np.int64]
BPS = 1e4
PAST = "30d"


@dataclass(frozen=True)
class MarketOutcomes:
    """What is known of one market, cut to one era.

    Attributes
    ----------
    events : DataFrame of EVENTS
    features : DataFrame of FEATURES
    outcomes : mapping of str to DataFrame of OUTCOMES
        By horizon.
    """

    events: pl.DataFrame
    features: pl.DataFrame
    outcomes: Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class _Laid:
    """A market whose bars stand at `slots`, counted from the start of the era for all markets."""

    name: str
    slots: Codes
    era: Era
    marks: Marks


@dataclass(frozen=True)
class _Ring:
    """What followed each slot of a condition, side by side for M markets.

    Shifted entries go round it.

    Attributes
    ----------
    first : int
        The slot that is row 0: the first with a known outcome. The last row is the last with one.
    returns : (M, T) float64
        Forward returns, NaN where they or their volatility are unknown or the condition fails.
    excess : (T, M) float64
        The same in units of their volatility, less the market's mean.
    ends : (G,) int64
        Row after the last of each calendar block.
    influence : (M, G) float64
        What the block adds to the error of the market's mean.
    """

    first: int
    returns: Reals
    excess: Reals
    ends: Codes
    influence: Reals


def choose_top(findings: pl.DataFrame, config: DiscoveryConfig) -> pl.DataFrame:
    """Choose what is looked at again: findings, and the `n_scrutinised` others of smallest p.

    Parameters
    ----------
    findings : DataFrame of FINDINGS
        What has no p is not chosen.
    config : DiscoveryConfig

    Returns
    -------
    DataFrame of FINDINGS
        Sorted by hypothesis.
    """
    tested = findings.filter(pl.col("p").is_not_nan())
    is_found = pl.col("q") <= config.fdr_q
    others = tested.filter(~is_found).sort("p", "hypothesis").head(config.n_scrutinised)
    return pl.concat([tested.filter(is_found), others]).sort("hypothesis")


def scrutinise(
    findings: pl.DataFrame,
    markets: Mapping[str, MarketOutcomes],
    eras: pl.DataFrame,
    config: DiscoveryConfig,
) -> pl.DataFrame:
    """Ask how often entries at other times, spaced as they are, would have done as well.

    All entries of a hypothesis, in all its markets, move together round the span in which its
    outcomes are known, by at least a day on or 30 days back; those that meet no outcome are
    dropped, and so are those that leave the condition: what its bars have in common is no merit
    of the event. The statistic is the clustered t of the scaled mean over that of its bars. Events
    choose volatile bars and shifted entries do not: only a studentised statistic compares them
    (statistics.md 1.1, 1.2).
    ``p = (1 + b) / (1 + B)`` for b shifts of B with as large a t (Phipson and Smyth 2010). A
    hypothesis is left as soon as its p must exceed `max_permutation_p`; such a p is valid, and
    coarse (Besag and Clifford 1991).

    Parameters
    ----------
    findings : DataFrame of FINDINGS
        Those to be looked at, see `choose_top`.
    markets : mapping of str to MarketOutcomes
        By name, cut to the discovery era.
    eras : DataFrame of ERAS
    config : DiscoveryConfig
        Shifts are drawn from `seed`, the same for all hypotheses.

    Returns
    -------
    DataFrame of SCRUTINY
        `p_permutation` is 1 where no shift can be made or there is no t; `median_bps` is NaN
        without a known outcome.
    """
    start, _ = span_of(eras, DISCOVERY)
    laid = [_lay(name, markets[name], findings, start, config) for name in sorted(markets)]
    draws = np.random.default_rng(config.seed).random(config.n_shifts)
    rows = []
    parts = findings.partition_by("market", "horizon", "condition", as_dict=True)
    for (market, horizon, condition), part in parts.items():
        own = [one for one in laid if market in (one.name, EVERY_MARKET)]
        ring = _join(own, horizon, condition, start, config)
        shifts = _draw_shifts(draws, len(ring.excess), timeframe_of(own[0].name))
        if condition != EVERYTHING:
            # Whole days keep the hour: else entries would leave their session all at once.
            day = n_bars("1d", timeframe_of(own[0].name))
            shifts = shifts // day * day
        for name, event in part.select("hypothesis", "event").rows():
            entries, sides = _enter(own, ring, event, condition, config)
            p, n_shifts = _permute(ring, entries, sides, shifts, config)
            rows.append((name, p, n_shifts, _median_bps(ring, entries, sides)))
    return pl.DataFrame(rows, SCRUTINY.columns, orient="row").sort(SCRUTINY.order)


def _lay(
    name: str,
    market: MarketOutcomes,
    findings: pl.DataFrame,
    start: int,
    config: DiscoveryConfig,
) -> _Laid:
    horizons = findings["horizon"].unique().sort().to_list()
    events = market.events.filter(pl.col("event").is_in(findings["event"].unique().to_list()))
    era = lay_out(market.features, {h: market.outcomes[h] for h in horizons}, config)
    slots = (era.times - start) // duration_ms(timeframe_of(name))
    return _Laid(name, slots, era, locate(events, era.times))


def _join(
    own: Sequence[_Laid], horizon: str, condition: str, start: int, config: DiscoveryConfig
) -> _Ring:
    position = name_conditions(measured(config)).index(condition)
    n_slots = max(int(one.slots.max(initial=-1)) + 1 for one in own)
    returns, scaled = np.full((2, len(own), n_slots), np.nan)
    for j, one in enumerate(own):
        y = one.era.returns[horizon]
        z = y * one.era.inverse / np.sqrt(n_bars(horizon, timeframe_of(one.name)))
        known = np.isfinite(z) & (one.era.conditions == position).any(axis=1)
        returns[j, one.slots] = np.where(known, y, np.nan)
        scaled[j, one.slots] = np.where(known, z, np.nan)
    seen = np.flatnonzero(np.isfinite(scaled).any(axis=0))
    first, last = (seen[0], seen[-1] + 1) if seen.size else (0, 0)
    slot_ms = duration_ms(timeframe_of(own[0].name))
    blocks = (start + slot_ms * np.arange(first, last)) // block_ms(duration_ms(horizon), config)
    ends = np.append(np.flatnonzero(np.diff(blocks)) + 1, blocks.size)
    excess, influence = _measure_excess(scaled[:, first:last], ends)
    return _Ring(int(first), returns[:, first:last], excess, ends, influence)


def _measure_excess(scaled: Reals, ends: Codes) -> tuple[Reals, Reals]:
    """Excess over each market's mean, slot by market, and the influence of blocks on that mean."""
    known = np.isfinite(scaled)
    n = np.maximum(known.sum(axis=1, keepdims=True), 1)
    excess = scaled - np.where(known, scaled, 0.0).sum(axis=1, keepdims=True) / n
    total = np.cumsum(np.where(known, excess, 0.0), axis=1)
    summed = np.diff(np.pad(total, ((0, 0), (1, 0)))[:, ends], prepend=0.0, axis=1)
    return np.ascontiguousarray(excess.T), summed / n


def _draw_shifts(draws: Reals, n_slots: int, timeframe: str) -> Codes:
    """Shifts by a day or more; none where there is no room.

    A shift that is nearly the whole round sets entries a little back, to before what the event
    was made of: that its own past moved says nothing of chance.
    """
    day = n_bars("1d", timeframe)
    back = max(day, min(n_bars(PAST, timeframe), n_slots // 4))
    room = n_slots - day - back + 1
    return day + (draws[: draws.size if room > 0 else 0] * room).astype(np.int64)


def _enter(
    own: Sequence[_Laid], ring: _Ring, event: str, condition: str, config: DiscoveryConfig
) -> tuple[Codes, Reals]:
    """Entries as places on the flattened ring, sorted, and their sides."""
    position = name_conditions(measured(config)).index(condition)
    n_slots, n_markets = ring.excess.shape
    entries, sides = [np.zeros(0, np.int64)], [np.zeros(0)]
    for j, one in enumerate(own):
        named = np.isin(one.marks.codes, [k for k, n in enumerate(one.marks.names) if n == event])
        rows = one.marks.rows[named]
        slots = one.slots[rows] - ring.first
        held = (slots >= 0) & (slots < n_slots)
        held &= (one.era.conditions[rows] == position).any(axis=1)
        entries.append(slots[held] * n_markets + j)
        sides.append(one.marks.sides[named][held].astype(np.float64))
    places = np.concatenate(entries)
    order = np.argsort(places, kind="stable")
    return places[order], np.concatenate(sides)[order]


def _permute(
    ring: _Ring, entries: Codes, sides: Reals, shifts: Codes, config: DiscoveryConfig
) -> tuple[float, int]:
    """p, and how many shifts it took."""
    n_markets = ring.excess.shape[1]
    excess = ring.excess.ravel()
    known = np.isfinite(excess[entries])
    shares = np.bincount(entries[known] % n_markets, sides[known], n_markets)
    drift = shares @ ring.influence / max(int(known.sum()), 1)
    most = int(config.max_permutation_p * (shifts.size + 1))
    ends = ring.ends * n_markets
    t, n_exceeding = shift_entries(entries, sides, excess, ends, drift, shifts * n_markets, most)
    return (1 + n_exceeding) / t.size, t.size - 1


def _median_bps(ring: _Ring, entries: Codes, sides: Reals) -> float:
    rows, markets = np.divmod(entries, ring.excess.shape[1])
    returns = sides * ring.returns[markets, rows]
    known = returns[np.isfinite(returns)]
    return BPS * float(np.median(known)) if known.size else float("nan")
