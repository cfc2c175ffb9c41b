"""Many hypotheses at once: one p for each, what many of them cost, and whether the null holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from tasks.kernels.stepdown import count_reached, square_normal_scores

Reals = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]
SMALLEST_P, LARGEST_P = 1e-300, 0.999
CENTRAL_Z = 1.5
FEWEST_Z = 200
SANE_SD = (0.85, 1.2)
SUMS_AT_ONCE = 1 << 24
ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class Scores:
    """What each calendar block adds to the statistics of k testable hypotheses under the null.

    Attributes
    ----------
    scores : (k, G) float64
        A block's excess over the baseline by the hypothesis' total weight, the effect itself not
        subtracted: rows sum to the effect. Finite; any scale, each row its own.
    n_clusters : (k,) float64
        Blocks that hold events, at least 2.
    days : (G,) int64
        First day of each block since 1970, no day twice.
    """

    scores: Reals
    n_clusters: Reals
    days: Codes


@dataclass(frozen=True)
class Null:
    """The normal distribution that the central z-scores of a run follow.

    Attributes
    ----------
    centre, sd, share : float
        Its mean and standard deviation, and the share of all hypotheses that belong to it. NaN
        where there are too few z-scores, or none near zero.
    alarm : bool
        Whether the p-values are not to be believed: sd outside .85 .. 1.2, or nothing near zero.
    """

    centre: float
    sd: float
    share: float
    alarm: bool


def clustered_p(theta: Reals, se: Reals, n_clusters: Reals) -> Reals:
    """Two-sided p of ``theta / se`` by t with G - 1 degrees of freedom (statistics.md 1.2).

    Parameters
    ----------
    theta, se, n_clusters : (K,) float64
        Effects, their clustered errors, and blocks that hold events.

    Returns
    -------
    (K,) float64
        NaN where theta or se is NaN, se is not above zero, or there are fewer than two blocks.
    """
    from scipy.special import stdtr

    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2.0 * stdtr(n_clusters - 1.0, -np.abs(theta / se))
    return np.where((se > 0.0) & (n_clusters >= 2.0), p, np.nan)


def combine_p(p: Reals, effects: Reals, disagreement: float = 0.10) -> tuple[Reals, Flags]:
    """Combine the p-values of three estimates of one effect by Cauchy's distribution.

    ``tan((1/2 - p) pi)`` is averaged (Liu and Xie 2020, JASA 115, 393: valid in the tail under
    any dependence), written as ``cot(pi p)``, which does not cancel for small p. A p counts as at
    least 1e-300, and as at most .999: a p of 1 would outweigh any evidence of the other two (Fang,
    Chang, Park and Tseng 2023, Statistica Sinica 33, 1115; it adds 2e-6 to the size at 5 %).

    Parameters
    ----------
    p, effects : (K, 3) float64
        Two-sided p-values, and the estimates that they belong to.
    disagreement : float
        Estimates with a smaller p must not disagree in sign.

    Returns
    -------
    p : (K,) float64
        1 where the estimates disagree; NaN where any p is NaN.
    disagree : (K,) bool
    """
    cotangents = 1.0 / np.tan(np.pi * np.clip(p, SMALLEST_P, LARGEST_P))
    combined = np.arctan2(1.0, cotangents.mean(axis=1)) / np.pi
    telling = (p < disagreement) & ~np.isnan(p).any(axis=1, keepdims=True)
    up, down = telling & (effects > 0.0), telling & (effects < 0.0)
    disagree = np.any(up, axis=1) & np.any(down, axis=1)
    return np.where(disagree, 1.0, combined), disagree


def adjust_by(p: Reals) -> Reals:
    """Adjust by Benjamini and Yekutieli (2001), valid under any dependence; NaN stays NaN."""
    return _adjust(p, "by")


def adjust_two_levels(p: Reals, event: Codes, level: float) -> tuple[Reals, Reals]:
    """Adjust by Benjamini and Bogomolov (2014, JRSS B 76, 297): events, then inside them.

    Simes' p of each event; Benjamini and Hochberg over the F events at `level` select R; inside
    those, Benjamini and Hochberg at ``level R / F``. The average share of false findings over the
    selected events is at most `level`. ``q <= level`` is exactly this selection.

    Parameters
    ----------
    p : (K,) float64
        NaN for what is not tested.
    event : (K,) int64
        Which event each hypothesis is about.
    level : float
        For which R is counted: q at another level is not what that level would select.

    Returns
    -------
    q : (K,) float64
        NaN where p is.
    q_event : (K,) float64
        Of the event as a whole; NaN where nothing of it is tested.
    """
    _, code = np.unique(event, return_inverse=True)
    n_events = int(code.max(initial=-1)) + 1
    inside, simes = np.full(p.size, np.nan), np.full(n_events, np.nan)
    by_event = np.argsort(code, kind="stable")
    for rows in np.split(by_event, np.searchsorted(code[by_event], np.arange(1, n_events))):
        inside[rows] = _adjust(p[rows], "bh")
    np.fmin.at(simes, code, inside)
    q_event = _adjust(simes, "bh")
    n_tested, n_selected = int((~np.isnan(simes)).sum()), int((q_event <= level).sum())
    q = np.minimum(1.0, inside * n_tested / max(n_selected, 1))
    return np.maximum(q, q_event[code]), q_event[code]


def romano_wolf(parts: Sequence[Scores], n_draws: int, seed: int) -> list[Reals]:
    """Family-wise p-values by stepdown over the hypotheses of all parts together.

    The sign of every day is drawn anew; a block's scores take that of its first day, in every
    market and horizon alike, so that dependent hypotheses stay so. The null is imposed and the
    sums are normalised by their own variance in the draw. t statistics of few and of many blocks
    are compared as normal scores: otherwise the heavy tails of those with few blocks would rule
    the maximum. Romano and Wolf 2005, and 2016 (Statistics and Probability Letters 113, 38) for p;
    Davidson and Flachaire 2008 (J. Econometrics 146, 162) for imposing the null.

    Parameters
    ----------
    parts : sequence of Scores
        One per horizon. What is not testable is not in them.
    n_draws : int
        No p is below ``1 / (n_draws + 1)``.
    seed : int

    Returns
    -------
    list of (k,) float64
        p of each part's hypotheses; monotone in their normal scores. Sums are exact, and so the
        same with any number of threads.
    """
    ends = list(accumulate(part.n_clusters.size for part in parts))
    if not ends or ends[-1] == 0:
        return [np.empty(0) for _ in parts]
    n_clusters = np.concatenate([part.n_clusters for part in parts]).astype(np.float64)
    signs, first_day = _draw_signs(parts, n_draws, seed)
    observed = _sum_signed(parts, np.ones_like(signs[:1]), first_day)[0]
    levels = square_normal_scores(observed, n_clusters)
    order = np.argsort(levels, kind="stable")
    counts = np.ones(levels.size, np.int64)
    at_once = max(SUMS_AT_ONCE // levels.size, 64)
    for start in range(0, n_draws, at_once):
        sums = _sum_signed(parts, signs[start : start + at_once], first_day)
        counts += count_reached(sums, n_clusters, levels, order)
    p = np.empty(levels.size)
    p[order[::-1]] = np.maximum.accumulate(counts[order[::-1]]) / (n_draws + 1)
    return np.split(p, ends[:-1])


def empirical_null(z: Reals) -> Null:
    """Fit a normal distribution to the z-scores within 1.5 of zero (Efron 2008, Stat. Sci. 23, 1).

    Parameters
    ----------
    z : (K,) float64
        Of all tests of a run; those that are not finite are left out. Fewer than 200 say nothing:
        of 100 independent ones every tenth would alarm.

    Returns
    -------
    Null
    """
    from statsmodels.stats.multitest import NullDistribution

    z = z[np.isfinite(z)]
    if z.size < FEWEST_Z:
        return Null(np.nan, np.nan, np.nan, alarm=False)
    if np.unique(z[np.abs(z) <= CENTRAL_Z]).size < 2:
        return Null(np.nan, np.nan, np.nan, alarm=True)
    with np.errstate(all="ignore"):
        fit = NullDistribution(z, -CENTRAL_Z, CENTRAL_Z, estimate_null_proportion=True)
    centre, sd, share = float(fit.mean), float(fit.sd), float(fit.null_proportion)
    return Null(centre, sd, share, alarm=not SANE_SD[0] <= sd <= SANE_SD[1])


def effective_trials(influence: Reals) -> float:
    """How many independent trials K correlated ones amount to: ``(sum l)^2 / sum l^2``.

    l are the eigenvalues of the correlation matrix of the rows; with rows u of unit length the
    sum is K and the sum of squares ``||u u'||^2 = ||u' u||^2``, so the smaller of the two is made.

    Parameters
    ----------
    influence : (K, G) float64
        Influence of G blocks on K effects. Rows without variation are left out.

    Returns
    -------
    float
        At most K, and at most G; 0 without trials.
    """
    length = np.sqrt(np.einsum("kg,kg->k", influence, influence))
    varies = length > 0.0
    n_trials = int(varies.sum())
    if not n_trials:
        return 0.0
    unit = influence[varies] / length[varies, None]
    gram = unit @ unit.T if n_trials <= unit.shape[1] else unit.T @ unit
    return n_trials**2 / float(np.sum(gram**2))


def _adjust(p: Reals, method: str) -> Reals:
    from scipy.stats import false_discovery_control

    adjusted = np.full(p.size, np.nan)
    known = ~np.isnan(p)
    if known.any():
        adjusted[known] = false_discovery_control(p[known], method=method)
    return adjusted


def _draw_signs(parts: Sequence[Scores], n_draws: int, seed: int) -> tuple[NDArray[np.int8], int]:
    """A sign for each draw and day, and the first day."""
    days = np.concatenate([part.days for part in parts])
    first_day = int(days.min())
    shape = n_draws, int(days.max()) - first_day + 1
    drawn = np.random.default_rng(seed).integers(0, 2, shape, dtype=np.int8)
    return 2 * drawn - 1, first_day


def _sum_signed(
    parts: Sequence[Scores], signs: NDArray[np.int8], first_day: int
) -> NDArray[np.float32]:
    """Sum the scores of all parts, in units of their length, under each row of signs."""
    sums = np.empty((len(signs), sum(part.n_clusters.size for part in parts)), np.float32)
    at = 0
    for part in parts:
        flips = signs[:, part.days - first_day].astype(np.float32)
        for start in range(0, part.n_clusters.size, ROWS_AT_ONCE):
            unit = _round_units(part.scores[start : start + ROWS_AT_ONCE])
            np.matmul(flips, unit.T, out=sums[:, at : at + len(unit)])
            at += len(unit)
    return sums


def _round_units(scores: Reals) -> NDArray[np.float32]:
    """Rows scaled to unit length and rounded so that float32 adds them up without error.

    Sums of G of them stay below ``sqrt(G)``; multiples of ``2^-23`` of the next power of two above
    that have 24 bits at most in any order of summing, so no number of threads gives other bytes.
    """
    grain = 2.0 ** (np.ceil(np.log2(max(scores.shape[1], 1)) / 2.0) - 23.0)
    length = np.sqrt(np.einsum("kg,kg->k", scores, scores))
    scale = np.divide(1.0, length * grain, out=np.zeros_like(length), where=length > 0.0)
    unit = np.rint(scores * scale[:, None]).astype(np.float32)
    unit *= np.float32(grain)
    return unit
