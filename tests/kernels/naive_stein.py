"""The closed forms of statistics.md 2.1, and the root of Paule and Mandel by scipy."""

import numpy as np
from scipy.optimize import brentq


def james_stein(effects, variances):
    usable = np.isfinite(variances)
    y, v = effects[usable], variances[usable]
    factor = max(0.0, 1 - (y.size - 2) / np.sum(y**2 / v)) if y.size > 2 else 1.0
    return np.where(usable, factor * effects, 0.0)


def shrink_normal(effects, variances):
    """Every estimate usable, and more of them than five."""
    y, v = effects, variances

    def q(tau2):
        w = 1 / (v + tau2)
        return np.sum(w * (y - np.sum(w * y) / np.sum(w)) ** 2)

    k = y.size
    tau2 = brentq(lambda t: q(t) - (k - 1), 0, 1e6, xtol=1e-14) if q(0) > k - 1 else 0.0
    w = 1 / (v + tau2)
    mu = np.sum(w * y) / np.sum(w)
    b = v * w * min(1, (k - 3) / q(tau2))
    typical = np.sum(w * v) / np.sum(w)
    doubt = 2 / (k - 3) * b**2 * (y - mu) ** 2 * (typical + tau2) * w
    return mu + (1 - b) * (y - mu), v * (1 - b) + b**2 / np.sum(w) + doubt, tau2
