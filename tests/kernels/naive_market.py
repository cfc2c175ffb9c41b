"""The recursions of the simulated market in plain Python, written from their definitions."""

from __future__ import annotations

import math
from statistics import median

import numpy as np


def log_volatility(draws, shocks, hold, push, kick, lever, cap, rest):
    level = [0.0] * len(hold)
    out = []
    for draw, shock in zip(draws, shocks, strict=True):
        out.append(sum(level))
        z = max(-cap, min(cap, shock))
        level = [
            h * x + p * d + k * (abs(z) - rest) - v * z
            for h, x, p, d, k, v in zip(hold, level, push, draw, kick, lever, strict=True)
        ]
    return np.array(out)


def self_exciting(uniforms, base, kick, hold):
    arrivals = []
    for t, u in enumerate(uniforms):
        excited = sum(kick * hold ** (t - s - 1) for s, hit in enumerate(arrivals) if hit)
        arrivals.append(u < base + excited)
    return np.array(arrivals, dtype=bool)


def planted_prices(
    first, shocks, gaps, above, below, volume, quiet, thresholds, windows, cooldown, horizons, steps
):
    n = len(shocks)
    drift, sides, on = np.zeros(n), np.zeros((2, n), dtype=np.int8), ([], [])
    bars, closes, moves, thinness = [], [first], [], []
    for t in range(n):
        opened = closes[-1] * (1 + gaps[t])
        close = opened * (1 + shocks[t] + drift[t])
        high = max(opened, close) * math.exp(above[t])
        low = min(opened, close) * math.exp(-below[t])
        bars.append((opened, high, low, close))
        moves.append(math.log(close / closes[-1]))
        thinness.append(abs(moves[-1]) / (volume[t] * sum(bars[-1]) / 4))
        closes.append(close)
        holds = (
            is_spike(moves, windows[0], thresholds[0]),
            bool(quiet[t]) and is_thin(thinness, windows[1], thresholds[1]),
        )
        for k in range(2):
            if holds[k]:
                if not any(t - cooldown <= s for s in on[k]):
                    sides[k, t] = 1 if moves[-1] > 0 else -1
                    drift[t + 1 : t + 1 + horizons[k]] += sides[k, t] * steps[k]
                on[k].append(t)
    return np.array(bars).T, drift, sides


def is_spike(moves, window, threshold):
    *past, now = [abs(move) for move in moves]
    if len(past) <= window:
        return False
    pairs = [past[-i] * past[-i - 1] for i in range(1, window + 1)]
    usual = math.sqrt(math.pi / 2 * sum(pairs) / window)
    return usual > 0 and now >= threshold * usual


def is_thin(thinness, window, threshold):
    if len(thinness) <= window:
        return False
    past, now = thinness[-window - 1 : -1], thinness[-1]
    deviation = median(abs(x - median(past)) for x in past)
    return deviation > 0 and (now - median(past)) / (1.4826 * deviation) >= threshold
