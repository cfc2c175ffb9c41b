import math


def sum_by_cell(returns, sides, cells, clusters, n_cells, n_clusters):
    def members(cell, cluster):
        return [
            (sides[i], sides[i] * returns[i])
            for i in range(len(returns))
            if cell in list(cells[i]) and clusters[i] == cluster and not math.isnan(returns[i])
        ]

    sums = [[[0.0] * n_clusters for _ in range(n_cells)] for _ in range(4)]
    for cell in range(n_cells):
        for g in range(n_clusters):
            inside = members(cell, g)
            sums[0][cell][g] = len(inside)
            sums[1][cell][g] = sum(side for side, _ in inside)
            sums[2][cell][g] = sum(y for _, y in inside)
            sums[3][cell][g] = sum(y * y for _, y in inside)
    return sums


def sum_paths(open_, close, rows, sides, clusters, n_clusters, before, after):
    sums = [[0.0] * (before + 1 + after) for _ in range(n_clusters)]
    for t, side, g in zip(rows, sides, clusters, strict=True):
        for k in range(-before, after + 1):
            sums[g][k + before] += side * (close[t + k] / open_[t + 1] - 1)
    return sums
