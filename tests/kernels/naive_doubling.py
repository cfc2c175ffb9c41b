"""The definitions, in plain Python."""

from __future__ import annotations

from tests.kernels.naive_rolling import decayed_sum


def doubled(work, n, window, weights):
    return decayed_sum(list(work[0][:n]), window, weights[0][0])


def pooled(work, n, window, full):
    counts, means, squares = [], [], []
    for t in range(n):
        rows = range(max(0, t - window + 1), t + 1)
        kept = [work[0][1][i] for i in rows if work[0][0][i]]
        mean = sum(kept) / len(kept) if kept else 0.0
        counts.append(len(kept))
        means.append(mean)
        squares.append(sum((v - mean) ** 2 for v in kept))
    return counts, means, squares
