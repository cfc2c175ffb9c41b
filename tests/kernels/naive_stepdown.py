"""Stepdown maxima by t statistics and explicit maxima."""

import math


def normal_score(total, n_clusters):
    freedom = n_clusters - 1
    if freedom == 0:
        return 0.0
    left = max(1 - total**2 / n_clusters, 1e-6)
    t = math.sqrt(n_clusters * (1 - left)) / math.sqrt(n_clusters / freedom * left)
    return (8 * freedom + 1) / (8 * freedom + 3) * math.sqrt(freedom * math.log(1 + t**2 / freedom))


def square_normal_scores(sums, n_clusters):
    return [normal_score(s, n) ** 2 for s, n in zip(sums.tolist(), n_clusters, strict=True)]


def count_reached(sums, n_clusters, levels, order):
    draws = [square_normal_scores(draw, n_clusters) for draw in sums]
    counts = [0] * len(levels)
    for rank, k in enumerate(order):
        doubted = order[: rank + 1]
        counts[k] = sum(max(draw[j] for j in doubted) >= levels[k] for draw in draws)
    return counts
