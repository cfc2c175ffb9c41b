"""Statistics on two cores against numpy and polars: moments of cells, the influence matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise, product
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perf.harness import Bench, Work
from tasks.kernels.clusters import MEAN, SCALED, SIDE, WEIGHT, WEIGHT_SIDE, WEIGHTED, N, sum_by_cell
from tasks.kernels.influence import add_excess, estimate_rows

Reals = NDArray[np.float64]
Codes = NDArray[np.int64]
Cells = tuple[Codes, Codes, Reals, Reals]

N_BARS, N_EVENTS, N_OCCURRENCES, N_FAMILIES = 631_000, 57, 334_000, 14
N_CONDITIONS, N_STATES, REGIME_BARS = 10, 3, 500
N_THREADS, SEEDS = 2, (1, 2)
HORIZONS = np.array([1, 2, 3, 6, 12, 24, 36, 48])
ONE_DAY = 288
N_BLOCKS = N_BARS // ONE_DAY + 1
ESTIMATORS = ((N, SIDE, MEAN), (N, SIDE, SCALED), (WEIGHT, WEIGHT_SIDE, WEIGHTED))


@dataclass(frozen=True)
class Market:
    """Occurrences on six years of 5m bars, and the arguments of `sum_by_cell` that follow."""

    rows: Codes
    codes: Codes
    sides: Codes
    returns: Reals
    scores: Reals
    inverse: Reals
    weights: Reals
    roots: Reals
    conditions: Codes
    blocks: Codes
    n_events: int

    def sums(self) -> Cells:
        """Sums by cell and block."""
        *arguments, n_events = vars(self).values()
        return sum_by_cell(*arguments, (n_events, N_CONDITIONS))

    def families(self) -> list[Market]:
        """The occurrences in pieces, as the tasks of a run have them."""
        ends = np.linspace(0, N_EVENTS, N_FAMILIES + 1).astype(int)
        return [self._events(a, b) for a, b in pairwise(ends)]

    def baseline(self) -> Market:
        """Every bar, long."""
        bars = np.arange(N_BARS)
        return replace(self, rows=bars, codes=bars * 0, sides=bars * 0 + 1, n_events=1)

    def _events(self, first: int, end: int) -> Market:
        own = slice(*np.searchsorted(self.codes, [first, end]))
        rows, codes, sides = self.rows[own], self.codes[own] - first, self.sides[own]
        return replace(self, rows=rows, codes=codes, sides=sides, n_events=end - first)


def benches(wanted: Callable[[str], bool]) -> Iterator[Bench]:
    """Cells of 57 events, 10 conditions, 8 horizons and two markets."""
    sides: dict[str, tuple[str, Callable[[list[Market]], Work], Callable[[list[Market]], Work]]] = {
        "moments": ("numpy bincount", _our_moments, _numpy_moments),
        "moments, polars": ("polars group_by", _our_moments, _polars_moments),
        "influence": ("numpy, the same dense", _our_influence, _numpy_influence),
        "influence, polars": ("polars group_by, the sums alone", _our_influence, _polars_sums),
    }
    if any(wanted(name) for name in sides):
        markets = [_market(seed) for seed in SEEDS]
        for name, (peer, ours, theirs) in sides.items():
            if wanted(name):
                yield Bench(name, peer, ours(markets), theirs(markets), n_rounds=3)


def _market(seed: int) -> Market:
    rng = np.random.default_rng(seed)
    marks = np.sort(rng.integers(0, N_BARS * N_EVENTS, N_OCCURRENCES))
    codes, rows = np.divmod(marks, N_BARS)
    sigma = 1e-3 * np.exp(rng.normal(0, 0.5, N_BARS))
    returns = rng.normal(0, 1e-3, (N_BARS, HORIZONS.size)) * np.sqrt(HORIZONS)
    returns[-HORIZONS.max() :] = np.nan
    scores = np.where(np.isfinite(returns), rng.uniform(-1, 1, returns.shape), np.nan)
    states = rng.integers(0, N_STATES, (N_BARS // REGIME_BARS + 1, N_STATES))
    held = np.repeat(states, REGIME_BARS, axis=0)[:N_BARS] + 1 + N_STATES * np.arange(N_STATES)
    return Market(
        rows,
        codes,
        rng.choice(np.array([-1, 1]), N_OCCURRENCES),
        returns,
        scores,
        1.0 / sigma,
        np.minimum(sigma**-2, 5 * np.median(sigma**-2)),
        np.sqrt(HORIZONS.astype(np.float64)),
        np.column_stack([np.zeros(N_BARS, np.int64), held]),
        np.arange(N_BARS) // ONE_DAY,
        N_EVENTS,
    )


def _on_threads(work: Callable[..., Any], items: Sequence[object]) -> list[Any]:
    with ThreadPoolExecutor(N_THREADS) as pool:
        return list(pool.map(work, items))


def _our_moments(markets: list[Market]) -> Work:
    return partial(_on_threads, Market.sums, [replace(m, blocks=m.blocks * 0) for m in markets])


def _our_influence(markets: list[Market]) -> Work:
    pieces = list(zip(*(m.families() for m in markets), strict=True))

    def work() -> object:
        against = _on_threads(_baseline, markets)
        return _on_threads(partial(_estimate, against=against), pieces)

    return work


def _baseline(market: Market) -> tuple[Reals, Reals]:
    """Means (3, 8, 10) by estimator, horizon and condition, and their influence by block."""
    offsets, cluster, sums, _ = market.baseline().sums()
    dense = np.zeros((len(sums), HORIZONS.size, N_CONDITIONS, N_BLOCKS))
    cell = np.repeat(np.arange(N_CONDITIONS), np.diff(offsets))
    dense[:, :, cell, cluster] = sums.transpose(0, 2, 1)
    weight, total = (np.stack([dense[e[k]] for e in ESTIMATORS]) for k in (0, 2))
    mass = weight.sum(axis=-1, keepdims=True)
    mu = total.sum(axis=-1, keepdims=True) / mass
    return mu[..., 0], (total - weight * mu) / mass


def _estimate(pieces: Sequence[Market], against: Sequence[tuple[Reals, Reals]]) -> list[Reals]:
    """Errors of a family's cells in each market and pooled."""
    found = [piece.sums() for piece in pieces]
    cells, errors = np.arange(found[0][0].size - 1), []
    excess, held = np.empty((2, cells.size * (len(pieces) + 1), N_BLOCKS))
    for (e, names), h in product(enumerate(ESTIMATORS), range(HORIZONS.size)):
        excess.fill(0.0)
        held.fill(0.0)
        for s, (offsets, cluster, sums, _) in enumerate(found):
            mu, influence = against[s][0][e, h], against[s][1][e, h]
            baselines = cells % N_CONDITIONS
            values = (*(sums[k, :, h] for k in names), mu[baselines], baselines, influence, 0)
            for place in (s, len(pieces)):
                add_excess(excess, held, cells + place * cells.size, offsets, cluster, *values)
        errors.append(estimate_rows(excess, held)[1])
    return errors


def _terms(market: Market, h: int) -> tuple[Reals, ...]:
    """What is summed, per occurrence and in the order of the sums; 0 where unknown."""
    t, y = market.rows, np.nan_to_num(market.returns[market.rows, h])
    one = np.isfinite(market.returns[t, h]).astype(np.float64)
    d, w = one * market.sides, one * market.weights[t]
    scaled = d * y * market.inverse[t] / market.roots[h]
    return one, d, d * y, scaled, w, w * d, w * d * y


def _keys(market: Market) -> Codes:
    """Number of the cell of each occurrence in each regime, one regime after the other."""
    return (market.codes * N_CONDITIONS + market.conditions[market.rows].T).ravel()


def _numpy_moments(markets: list[Market]) -> Work:
    def work() -> object:
        return [_bincount_moments(market) for market in markets]

    return work


def _bincount_moments(market: Market) -> list[tuple[Any, ...]]:
    keys, moments = _keys(market).reshape(-1, market.rows.size), []
    for h in range(HORIZONS.size):
        y = market.returns[market.rows, h] * market.sides
        known = np.isfinite(y)
        y, own = np.tile(y[known], len(keys)), keys[:, known].ravel()
        n = np.bincount(own, minlength=N_EVENTS * N_CONDITIONS)
        mean = np.bincount(own, y, n.size) / n
        moments.append((n, mean, np.bincount(own, y * y, n.size) / n - mean**2))
    return moments


def _numpy_influence(markets: list[Market]) -> Work:
    def work() -> object:
        return [_dense_errors(markets, h) for h in range(HORIZONS.size)]

    return work


def _dense_errors(markets: Sequence[Market], h: int) -> list[Reals]:
    errors, dense = [], [(_dense_sums(m, h), _dense_sums(m.baseline(), h)) for m in markets]
    for weight, side, total in ESTIMATORS:
        parts = []
        for own, bars in dense:
            mass = bars[weight].sum(axis=1, keepdims=True)
            mu = bars[total].sum(axis=1, keepdims=True) / mass
            e = np.tile((bars[total] - bars[weight] * mu) / mass, (N_EVENTS, 1))
            drift = own[side] * np.tile(mu, (N_EVENTS, 1))
            excess = own[total] - drift - own[side].sum(axis=1, keepdims=True) * e
            parts.append((excess, own[weight]))
        parts.append((parts[0][0] + parts[1][0], parts[0][1] + parts[1][1]))
        errors += [_dense_error(*part) for part in parts]
    return errors


def _dense_error(excess: Reals, held: Reals) -> Reals:
    mass, n = held.sum(axis=1, keepdims=True), (held > 0).sum(axis=1)
    influence = (excess - held * (excess.sum(axis=1, keepdims=True) / mass)) / mass
    return np.sqrt(n / (n - 1) * (influence**2).sum(axis=1))


def _dense_sums(market: Market, h: int) -> list[NDArray[Any]]:
    blocks = market.blocks[market.rows]
    keys = _keys(market) * N_BLOCKS + np.tile(blocks, market.conditions.shape[1])
    shape = (market.n_events * N_CONDITIONS, N_BLOCKS)
    tiled = (np.tile(term, market.conditions.shape[1]) for term in _terms(market, h))
    return [np.bincount(keys, term, shape[0] * shape[1]).reshape(shape) for term in tiled]


def _frame(market: Market) -> pl.LazyFrame:
    """What is summed, gathered before the clock starts."""
    conditions = {f"c{j}": c[market.rows] for j, c in enumerate(market.conditions.T)}
    terms = {
        f"{k}_{h}": term for h in range(HORIZONS.size) for k, term in enumerate(_terms(market, h))
    }
    marks = {"code": market.codes, "block": market.blocks[market.rows]}
    return pl.DataFrame(marks | conditions | terms).lazy()


def _polars_moments(markets: list[Market]) -> Work:
    bars = [
        pl.DataFrame(
            {f"c{j}": c for j, c in enumerate(m.conditions.T)}
            | {f"y{h}": y for h, y in enumerate(m.returns.T)}
        ).with_columns(pl.col("^y.$").fill_nan(None))
        for m in markets
    ]
    signed = pl.col("^y.$") * pl.col("side")
    y = pl.col("^y.$")
    moments = (y.count().name.suffix("_n"), y.mean(), y.var().name.suffix("_variance"))

    def work() -> object:
        marked = [
            frame[m.rows].with_columns(code=m.codes, side=m.sides).with_columns(signed).lazy()
            for frame, m in zip(bars, markets, strict=True)
        ]
        return _polars_groups(marked, (), moments)()

    return work


def _polars_sums(markets: list[Market]) -> Work:
    frames = [_frame(m) for market in markets for m in (market, market.baseline())]
    return _polars_groups(frames, ("block",), (pl.col(r"^\d_\d$").sum(),))


def _polars_groups(frames: list[pl.LazyFrame], by: Sequence[str], what: Sequence[pl.Expr]) -> Work:
    regimes = [f"c{j}" for j in range(N_STATES + 1)]
    plans = [frame.group_by("code", c, *by).agg(*what) for frame in frames for c in regimes]
    return partial(pl.collect_all, plans)
