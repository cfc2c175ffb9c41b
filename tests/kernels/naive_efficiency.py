"""The efficiency ratio, from its definition."""

from math import isnan, nan


def efficiency(moves, step, n_steps, min_count):
    out = []
    for t in range(len(moves)):
        path = [moves[i] for i in range(t, t - step * n_steps, -step) if i >= 0]
        path = [move for move in path if not isnan(move)]
        way = sum(abs(move) for move in path)
        known = len(path) >= max(1, min_count) and way > 0
        out.append(sum(path) / way if known else nan)
    return out
