"""The tree of statistics.md 2.1 with explicit covariance matrices and bisection."""

import math


def covariance(variances, influence):
    k = len(variances)
    shared = [
        [sum(a * b for a, b in zip(influence[i], influence[j], strict=True)) for j in range(k)]
        for i in range(k)
    ]
    for i in range(k):
        if math.isfinite(variances[i]):
            shared[i][i] = max(variances[i], shared[i][i])
    return shared


def _siblings(variances, parent, j):
    return [i for i in range(len(variances)) if parent[i] == j and math.isfinite(variances[i])]


def pool(effects, variances, influence, parent, n_parents, tau2):
    matrix = covariance(variances, influence)
    n_clusters = len(influence[0]) if len(influence) else 0
    pooled = []
    for j in range(n_parents):
        children = _siblings(variances, parent, j)
        if not children:
            pooled.append((0.0, math.inf, [0.0] * n_clusters))
            continue
        weight = {i: 1 / (variances[i] + tau2) for i in children}
        total = sum(weight.values())
        share = {i: w / total for i, w in weight.items()}
        variance = sum(
            share[a] * share[b] * (matrix[a][b] + (tau2 if a == b else 0))
            for a in children
            for b in children
        )
        row = [sum(share[i] * influence[i][g] for i in children) for g in range(n_clusters)]
        pooled.append((sum(share[i] * effects[i] for i in children), variance, row))
    return tuple([item[i] for item in pooled] for i in range(3))


def excess_spread(effects, variances, influence, parent, n_parents, around_zero, tau2):
    means, spreads, _ = pool(effects, variances, influence, parent, n_parents, tau2)
    q = expected = 0.0
    for j in range(n_parents):
        children = _siblings(variances, parent, j)
        weights = [1 / (variances[i] + tau2) for i in children]
        centre = 0 if around_zero else means[j]
        q += sum(w * (effects[i] - centre) ** 2 for i, w in zip(children, weights, strict=True))
        lost = 0 if around_zero or not children else sum(weights) * spreads[j]
        expected += len(children) - lost
    return q - expected, expected


def paule_mandel(effects, variances, influence, parent, n_parents, around_zero):
    def at(tau2):
        return excess_spread(effects, variances, influence, parent, n_parents, around_zero, tau2)

    low, high = 0.0, 1e-9
    if at(0.0)[0] <= 1e-12 * max(at(0.0)[1], 1):
        return 0.0, sum(at(0.0)), at(0.0)[1]
    while at(high)[0] > 0:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if at(middle)[0] > 0 else (low, middle)
    return high, sum(at(high)), at(high)[1]


def shrink(effects, variances, centres, centre_variances, tau2, spread, expected):
    usable = [v for v in variances if math.isfinite(v)]
    means, spreads = [], []
    for y, v, centre, centre_variance in zip(
        effects, variances, centres, centre_variances, strict=True
    ):
        if not math.isfinite(v):
            means.append(centre)
            spreads.append(centre_variance + tau2)
            continue
        b = v / (v + tau2)
        if expected > 2 and spread > 0:
            b *= min(1, (expected - 2) / spread)
        posterior = v * (1 - b) + b**2 * centre_variance
        if expected > 4:
            typical = sum(u / (u + tau2) for u in usable) / sum(1 / (u + tau2) for u in usable)
            doubt = (typical + tau2) / (v + tau2)
            posterior += 2 / (expected - 2) * b**2 * (y - centre) ** 2 * doubt
        means.append(centre + (1 - b) * (y - centre))
        spreads.append(posterior)
    return means, spreads


def shrink_tree(effects, variances, influence, event, family):
    n_events, n_families = len(family), max(family, default=-1) + 1
    cell = paule_mandel(effects, variances, influence, event, n_events, False)
    e, ve, ue = pool(effects, variances, influence, event, n_events, cell[0])
    middle = paule_mandel(e, ve, ue, family, n_families, False)
    f, vf, uf = pool(e, ve, ue, family, n_families, middle[0])
    top = paule_mandel(f, vf, uf, [0] * n_families, 1, True)
    weight = sum(1 / (v + top[0]) for v in vf)
    centre = [1 / weight if weight else math.inf] * n_families
    f, vf = shrink(f, vf, [0.0] * n_families, centre, *top)
    e, ve = shrink(e, ve, [f[j] for j in family], [vf[j] for j in family], *middle)
    means, spreads = shrink(
        effects, variances, [e[j] for j in event], [ve[j] for j in event], *cell
    )
    return means, spreads, [cell[0], middle[0], top[0]]
