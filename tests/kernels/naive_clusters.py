import math


def sum_by_cell(
    rows, codes, sides, returns, scores, inverse, weights, roots, conditions, clusters, shape
):
    def terms(t, side, h):
        y, s, w = returns[t][h], roots[h] / inverse[t], weights[t]
        eight = [1, side, side * y, side * y / s, w, w * side, w * side * y, side * scores[t][h]]
        return eight, [1 / s, y * y]

    def counts(t, h):
        known = math.isfinite(returns[t][h]) and math.isfinite(inverse[t])
        return known and inverse[t] > 0

    cells = [(code, condition) for code in range(shape[0]) for condition in range(shape[1])]
    horizons, offsets, cluster, sums, totals = range(len(roots)), [0], [], [], []
    for code, condition in cells:
        members = [
            (clusters[t], h, *terms(t, side, h))
            for t, own, side in zip(rows, codes, sides, strict=True)
            for h in horizons
            if own == code and condition in list(conditions[t]) and counts(t, h)
        ]
        blocks = sorted({member[0] for member in members})
        cluster += blocks
        offsets.append(len(cluster))
        sums += [
            [
                [
                    sum(eight[k] for g, at, eight, _ in members if (g, at) == (b, h))
                    for k in range(8)
                ]
                for h in horizons
            ]
            for b in blocks
        ]
        totals.append(
            [
                [sum(two[k] for _, at, _, two in members if at == h) for k in range(2)]
                for h in horizons
            ]
        )
    return (
        offsets,
        cluster,
        [[[place[h][k] for h in horizons] for place in sums] for k in range(8)],
        [[[place[h][k] for h in horizons] for place in totals] for k in range(2)],
    )


def sum_paths(open_, close, rows, sides, clusters, n_clusters, before, after):
    sums = [[0.0] * (before + 1 + after) for _ in range(n_clusters)]
    for t, side, g in zip(rows, sides, clusters, strict=True):
        for k in range(-before, after + 1):
            sums[g][k + before] += side * (close[t + k] / open_[t + 1] - 1)
    return sums
