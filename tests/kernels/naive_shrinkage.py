"""The tree of statistics.md 2.1 with explicit covariance matrices and bisection."""

import math


def matrix_of(variances, covariances):
    k = len(variances)
    matrix = [[0.0] * k for _ in range(k)]
    for i in range(k):
        matrix[i][i] = variances[i]
        for d, value in enumerate(covariances[i]):
            if i + 1 + d < k:
                matrix[i][i + 1 + d] = matrix[i + 1 + d][i] = value
    return matrix


def _siblings(variances, parent, j):
    return [i for i in range(len(variances)) if parent[i] == j and math.isfinite(variances[i])]


def _shares(variances, parent, n_parents, tau2):
    """One row per parent: what each child weighs in its mean."""
    rows = []
    for j in range(n_parents):
        children = _siblings(variances, parent, j)
        total = sum(1 / (variances[i] + tau2) for i in children)
        rows.append({i: 1 / (variances[i] + tau2) / total for i in children})
    return rows


def _covariance(matrix, one, other, tau2):
    return sum(
        one[a] * other[b] * (matrix[a][b] + (tau2 if a == b else 0)) for a in one for b in other
    )


def pool(effects, variances, covariances, parent, n_parents, tau2):
    matrix = matrix_of(variances, covariances)
    means, spreads = [], []
    for share in _shares(variances, parent, n_parents, tau2):
        if not share:
            means.append(0.0)
            spreads.append(math.inf)
            continue
        alone = sum(w * w * (variances[i] + tau2) for i, w in share.items())
        means.append(sum(w * effects[i] for i, w in share.items()))
        spreads.append(max(_covariance(matrix, share, share, tau2), 1e-6 * alone))
    return means, spreads


def covary_parents(variances, covariances, parent, n_parents, tau2):
    """As a full matrix, its diagonal left out."""
    matrix = matrix_of(variances, covariances)
    rows = _shares(variances, parent, n_parents, tau2)
    return [[0.0 if a is b else _covariance(matrix, a, b, tau2) for b in rows] for a in rows]


def excess_spread(effects, variances, covariances, parent, n_parents, around_zero, tau2):
    means, spreads = pool(effects, variances, covariances, parent, n_parents, tau2)
    q = expected = 0.0
    for j in range(n_parents):
        children = _siblings(variances, parent, j)
        weights = [1 / (variances[i] + tau2) for i in children]
        centre = 0 if around_zero else means[j]
        q += sum(w * (effects[i] - centre) ** 2 for i, w in zip(children, weights, strict=True))
        lost = 0 if around_zero or not children else sum(weights) * spreads[j]
        expected += len(children) - lost
    return q - expected, expected


def paule_mandel(effects, variances, covariances, parent, n_parents, around_zero):
    def at(tau2):
        return excess_spread(effects, variances, covariances, parent, n_parents, around_zero, tau2)

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
        if expected > 2 + 1e-12 and spread > 0:
            b *= min(1, (expected - 2) / spread)
        posterior = v * (1 - b) + b**2 * centre_variance
        if expected > 4 + 1e-12:
            typical = sum(u / (u + tau2) for u in usable) / sum(1 / (u + tau2) for u in usable)
            doubt = (typical + tau2) / (v + tau2)
            posterior += 2 / (expected - 2) * b**2 * (y - centre) ** 2 * doubt
        means.append(centre + (1 - b) * (y - centre))
        spreads.append(posterior)
    return means, spreads


def shrink_tree(effects, variances, covariances, condition, event, family):
    n_conditions, n_events = len(event), len(family)
    n_families = max(family, default=-1) + 1
    cell = paule_mandel(effects, variances, covariances, condition, n_conditions, False)
    c, vc = pool(effects, variances, covariances, condition, n_conditions, cell[0])
    full = covary_parents(variances, covariances, condition, n_conditions, cell[0])
    band = [row[i + 1 :] for i, row in enumerate(full)]
    lower = paule_mandel(c, vc, band, event, n_events, False)
    e, ve = pool(c, vc, band, event, n_events, lower[0])
    apart = [[]] * n_events
    middle = paule_mandel(e, ve, apart, family, n_families, False)
    f, vf = pool(e, ve, apart, family, n_families, middle[0])
    top = paule_mandel(f, vf, [[]] * n_families, [0] * n_families, 1, True)
    weight = sum(1 / (v + top[0]) for v in vf)
    centre = [1 / weight if weight else math.inf] * n_families
    f, vf = shrink(f, vf, [0.0] * n_families, centre, *top)
    e, ve = shrink(e, ve, [f[j] for j in family], [vf[j] for j in family], *middle)
    c, vc = shrink(c, vc, [e[j] for j in event], [ve[j] for j in event], *lower)
    means, spreads = shrink(
        effects, variances, [c[j] for j in condition], [vc[j] for j in condition], *cell
    )
    return means, spreads, c, vc, [cell[0], lower[0], middle[0], top[0]]
