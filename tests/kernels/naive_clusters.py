import math


def sum_by_cell(rows, codes, sides, returns, conditions, clusters, shape):
    def members(code, condition, cluster):
        return [
            (side, side * returns[t])
            for t, own, side in zip(rows, codes, sides, strict=True)
            if own == code
            and condition in list(conditions[t])
            and clusters[t] == cluster
            and not math.isnan(returns[t])
        ]

    def spread(value):
        return [
            [
                [sum(value(*m) for m in members(code, condition, g)) for g in range(shape[2])]
                for condition in range(shape[1])
            ]
            for code in range(shape[0])
        ]

    return [
        spread(lambda side, y: 1),
        spread(lambda side, y: side),
        spread(lambda side, y: y),
        spread(lambda side, y: y * y),
    ]


def sum_paths(open_, close, rows, sides, clusters, n_clusters, before, after):
    sums = [[0.0] * (before + 1 + after) for _ in range(n_clusters)]
    for t, side, g in zip(rows, sides, clusters, strict=True):
        for k in range(-before, after + 1):
            sums[g][k + before] += side * (close[t + k] / open_[t + 1] - 1)
    return sums
