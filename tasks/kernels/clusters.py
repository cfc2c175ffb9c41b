"""Sums by cell and calendar block: all that a clustered test needs of millions of bars."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel

Reals = NDArray[np.float64]
Codes = NDArray[np.int64]

N, SIDE, MEAN, SCALED, WEIGHT, WEIGHT_SIDE, WEIGHTED, SCORE = range(8)
INVERSE, SQUARE = range(2)
N_SUMS, N_TOTALS = 8, 2
TILE = 32  # observations fetched at once: so many waits for memory overlap


@kernel
def sum_by_cell(
    rows: Codes,
    codes: Codes,
    sides: Codes,
    returns: Reals,
    scores: Reals,
    inverse: Reals,
    weights: Reals,
    roots: Reals,
    conditions: Codes,
    clusters: Codes,
    shape: tuple[int, int],
) -> tuple[Codes, Codes, Reals, Reals]:
    """Sum what the clustered estimators need by code, condition, calendar block and horizon.

    With d the side, y the return, s = sigma sqrt(H), z = y / s, w the weight and r the score of
    an observation, the sums are of 1, d, d y, d z, w, w d, w d y and d r, the totals over all
    blocks of 1 / s and y^2. An observation counts at a horizon whose return is finite, at a bar
    whose inverse is finite and positive; its weight and score must be finite there.

    Parameters
    ----------
    rows, codes, sides : (n,) int64
        Bar of each observation, its code (an event), and +1 or -1; sorted by code, then bar.
    returns, scores : (n_bars, H) float64
        Long-side returns and their rank scores, NaN where unknown, at horizons that share their
        calendar blocks.
    inverse, weights : (n_bars,) float64
        1 / sigma of one bar, NaN where unknown, and w.
    roots : (H,) float64
        Square root of each horizon in bars.
    conditions : (n_bars, m) int64
        The conditions that hold at each bar, each once, -1 for none.
    clusters : (n_bars,) int64
        Calendar block of each bar, never decreasing nor negative.
    shape : (int, int)
        How many codes and conditions there are.

    Returns
    -------
    offsets : (n_codes * n_conditions + 1,) int64
        Cell ``code * n_conditions + condition`` has the places from ``offsets[cell]`` up to
        ``offsets[cell + 1]`` in the next two.
    cluster : (nnz,) int64
        Calendar blocks with an observation at any horizon, ascending inside a cell.
    sums : (8, nnz, H) float64
        By `N`, `SIDE`, `MEAN`, `SCALED`, `WEIGHT`, `WEIGHT_SIDE`, `WEIGHTED`, `SCORE`; 0 at a
        horizon without an observation in the block. Contiguous by block: ``sums[k, :, h]``.
    totals : (2, n_codes * n_conditions, H) float64
        By `INVERSE` and `SQUARE`.
    """
    known = np.zeros(rows.size, np.bool_)
    offsets = _count_blocks(known, rows, returns, inverse, (codes, conditions, clusters), shape)
    rows, codes, sides = rows[known], codes[known], sides[known]
    cluster = np.empty(offsets[-1], np.int64)
    sums = np.empty((roots.size * N_SUMS, cluster.size))
    totals = np.zeros((shape[0] * shape[1], roots.size * N_TOTALS))
    starts = np.searchsorted(codes, np.arange(shape[0] + 1))
    for code in range(shape[0]):
        cells = slice(code * shape[1], (code + 1) * shape[1])
        own, places = (
            slice(starts[code], starts[code + 1]),
            slice(offsets[cells.start], offsets[cells.stop]),
        )
        by_block = np.empty((places.stop - places.start, sums.shape[0]))
        _sum_code(
            (rows[own], sides[own], conditions, clusters),
            (returns, scores, inverse, weights, 1.0 / roots),
            offsets[cells] - places.start,
            (cluster[places], by_block, totals[cells]),
        )
        _turn(by_block, sums[:, places])
    by_sum = sums.reshape((roots.size, N_SUMS, cluster.size)).transpose((1, 2, 0))
    by_total = totals.reshape((totals.shape[0], roots.size, N_TOTALS)).transpose((2, 0, 1))
    return offsets, cluster, by_sum, by_total


@kernel
def _count_blocks(
    known: NDArray[np.bool_],
    rows: Codes,
    returns: Reals,
    inverse: Reals,
    places: tuple[Codes, Codes, Codes],
    shape: tuple[int, int],
) -> Codes:
    codes, conditions, clusters = places
    offsets = np.zeros(shape[0] * shape[1] + 1, np.int64)
    since, start = np.full(shape[1], -1), 0
    for i in range(rows.size):
        t, code = rows[i], codes[i]
        for y in returns[t]:
            if np.isfinite(y):
                known[i] = 0.0 < inverse[t] < np.inf
                break
        if not known[i]:
            continue
        if code != codes[start] or clusters[t] != clusters[rows[start]]:
            start = i
        for c in conditions[t]:
            if c >= 0:
                offsets[code * shape[1] + c + 1] += since[c] != start
                since[c] = start
    return np.cumsum(offsets)


@kernel
def _sum_code(marks: Any, outcomes: Any, ends: Codes, to: Any) -> None:
    rows, sides, conditions, clusters = marks
    held = np.zeros((ends.size, outcomes[-1].size * (N_SUMS + N_TOTALS)))
    values, blocks = np.empty((TILE, held.shape[1])), np.empty(TILE, np.int64)
    holds = np.empty((TILE, conditions.shape[1]), np.int64)
    now, since, n_now = np.empty(ends.size + 1, np.int64), np.full(ends.size, -1), 0
    block, start = -1, -1
    for tile in range(0, rows.size, TILE):
        here = rows[tile : tile + TILE]
        _locate(holds, blocks, here, conditions, clusters)
        _observe(values, here, sides[tile:], outcomes)
        for i in range(here.size):
            if blocks[i] != block:
                _store(held, now[:n_now], block, ends, to)
                block, start, n_now = blocks[i], tile + i, 0
            for c in holds[i]:
                if c >= 0:
                    _add(held[c], values[i])
                    now[n_now] = c
                    n_now += since[c] != start
                    since[c] = start
    _store(held, now[:n_now], block, ends, to)


@kernel
def _locate(holds: Codes, blocks: Codes, rows: Codes, conditions: Codes, clusters: Codes) -> None:
    for i in range(rows.size):
        blocks[i] = clusters[rows[i]]
        for j in range(holds.shape[1]):
            holds[i, j] = conditions[rows[i], j]


@kernel
def _observe(values: Reals, rows: Codes, sides: Codes, outcomes: Any) -> None:
    returns, scores, inverse, weights, per_root = outcomes
    beyond = per_root.size * N_SUMS
    for i in range(rows.size):
        t = rows[i]
        d, w, wd = float(sides[i]), weights[t], weights[t] * sides[i]
        for h in range(per_root.size):
            known, scale = np.isfinite(returns[t, h]), inverse[t] * per_root[h]
            one = 1.0 if known else 0.0
            y = returns[t, h] if known else 0.0
            r = scores[t, h] if known else 0.0
            values[i, h * N_SUMS + N] = one
            values[i, h * N_SUMS + SIDE] = one * d
            values[i, h * N_SUMS + MEAN] = y * d
            values[i, h * N_SUMS + SCALED] = y * d * scale
            values[i, h * N_SUMS + WEIGHT] = one * w
            values[i, h * N_SUMS + WEIGHT_SIDE] = one * wd
            values[i, h * N_SUMS + WEIGHTED] = y * wd
            values[i, h * N_SUMS + SCORE] = r * d
            values[i, beyond + h * N_TOTALS + INVERSE] = one * scale
            values[i, beyond + h * N_TOTALS + SQUARE] = y * y


@kernel
def _add(held: Reals, values: Reals) -> None:
    for k in range(values.size):
        held[k] += values[k]


@kernel
def _store(held: Reals, now: Codes, block: int, ends: Codes, to: Any) -> None:
    cluster, sums, totals = to
    width = sums.shape[1]
    for c in now:
        at = ends[c]
        ends[c] += 1
        cluster[at] = block
        for k in range(width):
            sums[at, k] = held[c, k]
        for k in range(totals.shape[1]):
            totals[c, k] += held[c, width + k]
        for k in range(held.shape[1]):
            held[c, k] = 0.0


@kernel
def _turn(rows: Reals, columns: Reals) -> None:
    for start in range(0, rows.shape[0], TILE):
        end = min(start + TILE, rows.shape[0])
        for k in range(rows.shape[1]):
            for i in range(start, end):
                columns[k, i] = rows[i, k]


@kernel
def sum_paths(
    open_: NDArray[np.float64],
    close: NDArray[np.float64],
    rows: NDArray[np.int64],
    sides: NDArray[np.int64],
    clusters: NDArray[np.int64],
    n_clusters: int,
    before: int,
    after: int,
) -> NDArray[np.float64]:
    """Sum signed returns from the next open along the path around each row, by cluster.

    Parameters
    ----------
    open_, close : (n,) float64
        Prices.
    rows : (m,) int64
        Bars t with ``before <= t < n - after`` whose path has no gap.
    sides, clusters : (m,) int64
        +1 or -1, and 0 to n_clusters - 1, per row.
    n_clusters, before, after : int
        Blocks, and bars of the path before and after t; `after` is at least one.

    Returns
    -------
    (n_clusters, before + 1 + after) float64
        Sums of ``side * (close[t + k] / open[t + 1] - 1)`` for k from -before to after.
    """
    sums = np.zeros((n_clusters, before + 1 + after))
    for i in range(rows.size):
        t = rows[i]
        entry = open_[t + 1]
        for k in range(sums.shape[1]):
            sums[clusters[i], k] += sides[i] * (close[t - before + k] / entry - 1.0)
    return sums
