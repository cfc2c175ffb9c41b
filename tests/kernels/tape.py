"""Bars, orders and terms for tests of the engine."""

from __future__ import annotations

import numpy as np

from tasks.kernels.account import ORDER
from tasks.kernels.fills import CLOSE, FIRST, HIGH, LOW, OPEN, SLOT, TRADES, Rule, Tape

FREE = Rule(
    stop=np.inf,
    trail=np.inf,
    targets=np.zeros((2, 0)),
    stop_to_entry=False,
    leaves_at_close=True,
    taker=0.0,
    maker=0.0,
    multiple=1.0,
    per_market=1,
    max_open=8,
    max_gross=np.inf,
    cooldown=0,
    lockout=0,
    capital=4096.0,
    quantum=2.0**-20,
    compounds=False,
    inverse=False,
)
NO_COSTS = (1.0, 0.0, 0.0, 0.0, 0.0)


def terms(**changes):
    """Free trading of linear contracts without stops, limits or costs, but for `changes`."""
    if "targets" in changes:
        changes["targets"] = np.array(changes["targets"], float).reshape(-1, 2).T.copy()
    return FREE._replace(**changes)


def lay(*markets, slots=None):
    """Tape of markets, each a list of bars: (open, high, low, close) and, if wanted, the rest."""
    rows, columns = np.zeros((len(markets), 3), np.int64), [np.empty((9, 0))]
    first = 0
    for market, bars in enumerate(markets):
        whole = [(*bar, *NO_COSTS[len(bar) - 4 :]) for bar in bars]
        rows[market] = first, first + len(bars), slots[market] if slots else 0
        columns.append(np.array(whole, float).reshape(-1, 9).T)
        first += len(bars)
    return Tape(rows, np.ascontiguousarray(np.concatenate(columns, axis=1)))


def write(*orders):
    """Orders from (row, side) with what else is not as usual."""
    records = np.zeros(len(orders), ORDER)
    for record, (row, side, *rest) in zip(records, orders, strict=True):
        usual = {"market": 0, "due": 0, "size": 100.0, "unit": 0.1, "most": np.inf}
        usual |= {"fresh": -1, "guard": np.nan}
        for name, value in (usual | dict(*rest) | {"row": row, "side": side}).items():
            record[name] = value
    return records


def walk(rng, n, sigma=0.02, holes=0.0, volume=True):
    """Bars of a random walk, some of them missing or without trades."""
    close = 64.0 * np.exp(np.cumsum(rng.normal(0.0, sigma, n)))
    jump = np.where(rng.random(n) < 0.2, rng.normal(0.0, sigma, n), 0.0)
    start = np.r_[64.0, close[:-1]] * np.exp(jump)
    high = np.maximum(start, close) * np.exp(np.abs(rng.normal(0.0, sigma / 2, n)))
    low = np.minimum(start, close) * np.exp(-np.abs(rng.normal(0.0, sigma / 2, n)))
    bars = np.array([start, high, low, close, np.ones(n), *np.zeros((4, n))])
    gone, quiet = rng.random(n) < holes, rng.random(n) < holes
    bars[OPEN : CLOSE + 1, gone] = np.nan
    bars[TRADES, gone | (quiet & volume)] = 0.0
    bars[5] = rng.choice([0.0, 1e-4, 1e-3], n)
    bars[6] = rng.choice([0.0, 1e-5], n)
    rate = np.where(rng.random(n) < 0.2, rng.normal(0.0, 1e-2, n), 0.0)
    bars[7], bars[8] = rate, np.where(rng.random(n) < 0.5, rate, 0.0)
    return bars


def walks(rng, lengths, slots, **kind):
    """Tape of random walks that start and end at different slots."""
    bars = [walk(rng, n, **kind) for n in lengths]
    ends = np.cumsum(lengths, dtype=np.int64)
    rows = np.array([ends - lengths, ends, slots], np.int64).T.copy()
    return Tape(rows, np.ascontiguousarray(np.concatenate(bars, axis=1)))


def bets(rng, tape, n, signals=0.1, broken=0.05, guarded=0.0):
    """Random orders on the rows of a tape, by slot and then by market."""
    orders = np.zeros(n, ORDER)
    market = rng.integers(0, len(tape.rows), n)
    first, end, slot = tape.rows[market].T
    orders["market"], orders["row"] = market, rng.integers(first, end)
    orders["side"] = np.where(rng.random(n) < signals, 0, rng.choice([-1, 1], n))
    orders["due"] = rng.choice([0, 1, 2, 5, 12], n)
    orders["size"] = rng.choice([0.5, 1.0, 3.0], n) * 64.0
    orders["unit"] = np.exp(rng.normal(np.log(0.03), 0.5, n))
    orders["most"] = rng.choice([np.inf, 100.0], n, p=[0.8, 0.2])
    for name in ("size", "unit", "most"):
        orders[name][rng.random(n) < broken] = np.nan
    orders["unit"][rng.random(n) < broken] = 0.0
    orders["fresh"] = np.where(rng.random(n) < 0.3, -1, orders["row"] - rng.integers(0, 20, n))
    near = tape.bars[CLOSE, orders["row"]] * np.exp(rng.normal(0.0, 0.03, n))
    orders["guard"] = np.where(rng.random(n) < guarded, near, rng.choice([0.0, np.nan], n))
    places = orders["row"] - first + slot
    return orders[np.lexsort((orders["market"], places))]


def within(tape, fills):
    """Whether each fill's price lies within its bar."""
    low, high = (tape.bars[name, fills["row"]] for name in (LOW, HIGH))
    return (fills["reference"] >= low) & (fills["reference"] <= high)


def prefix(tape, orders, n_slots):
    """The tape without the slots from `n_slots` on, and which orders stand in the others."""
    rows = tape.rows.copy()
    length = np.clip(n_slots - rows[:, SLOT], 0, rows[:, 1] - rows[:, FIRST])
    rows[:, 1] = rows[:, FIRST] + length
    return tape._replace(rows=rows), orders["row"] < rows[orders["market"], 1]
