"""All hypotheses of a run, judged at once: shrinkage and multiplicity need every one of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.schema import FINDINGS, LEDGER
from tasks.discovery.cells import TESTED, Estimates
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.grid import asked
from tasks.discovery.hearing import Heard, hear
from tasks.discovery.multiplicity import (
    Scores,
    adjust_by,
    adjust_two_levels,
    clustered_p,
    combine_p,
    romano_wolf,
)
from tasks.discovery.posterior import Cells, Posterior, shrink_horizon
from tasks.discovery.verdicts import find_testable, pass_verdicts

Reals = NDArray[np.float64]
Codes = NDArray[np.int64]
BPS = 1e4
NOT_YET = ("median_bps", "p_permutation", "i2_halves", "i2_years", "i2_markets", "i2_regimes")


def judge(
    effects: Sequence[pl.DataFrame],
    grid: pl.DataFrame,
    config: DiscoveryConfig,
    earlier: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Estimate, shrink and test every hypothesis of the grid.

    Parameters
    ----------
    effects : sequence of DataFrame of EFFECTS
        One per market; the order does not matter.
    grid : DataFrame of GRID
    config : DiscoveryConfig
    earlier : DataFrame of LEDGER, optional
        What earlier runs asked of these bars; it counts where `config.multiplicity` says so.

    Returns
    -------
    DataFrame of FINDINGS
        Not scrutinised yet: `median_bps`, `p_permutation` and the heterogeneities are NaN, see
        `conclude`.
    """
    heard = hear(effects, asked(grid), config)
    if not heard:
        return FINDINGS.empty()
    labels = pl.concat([part.labels for part in heard])
    estimates = Estimates.joined([part.estimates for part in heard])
    testable = find_testable(estimates, config)
    shrunk = [_shrink(part, config) for part in heard]
    columns = (
        _describe(estimates)
        | _test(labels, estimates, testable, config, earlier)
        | {"p_romano_wolf": _step_down(heard, estimates, testable, config)}
        | _believe(estimates, shrunk)
    )
    unknown = {name: np.full(labels.height, np.nan) for name in (*NOT_YET, "largest_year_share")}
    frame = labels.with_columns(**{n: pl.Series(v) for n, v in (columns | unknown).items()})
    told = pass_verdicts(frame.with_columns(testable=pl.Series(testable)), config)
    return FINDINGS.conform(told.select(list(FINDINGS.columns)).sort(FINDINGS.order))


def _describe(found: Estimates) -> dict[str, NDArray[np.generic]]:
    sigma = BPS * found.sigma
    with np.errstate(divide="ignore", invalid="ignore"):
        t = found.theta[:, 0] / found.se[:, 0]
    return {
        "n": found.n.astype(np.int64),
        "n_clusters": found.n_clusters.astype(np.int64),
        "effective_clusters": found.effective_clusters,
        "sigma_bps": sigma,
        "mean_bps": BPS * found.mean,
        "baseline_bps": BPS * (found.mean - found.theta[:, 1]),
        "scaled_bps": sigma * found.theta[:, 0],
        "scaled_se_bps": sigma * found.se[:, 0],
        "effect_bps": BPS * found.theta[:, 1],
        "se_bps": BPS * found.se[:, 1],
        "weighted_bps": BPS * found.theta[:, 2],
        "weighted_se_bps": BPS * found.se[:, 2],
        "t": np.where(np.isfinite(t), t, np.nan),
        "naive_t": found.naive_t,
    }


def _test(
    labels: pl.DataFrame,
    found: Estimates,
    testable: NDArray[np.bool_],
    config: DiscoveryConfig,
    earlier: pl.DataFrame | None,
) -> dict[str, Reals]:
    """The p-values and what multiplicity leaves of them; NaN where the sample is too small."""

    def p_of(theta: Reals, se: Reals) -> Reals:
        return np.where(testable, clustered_p(theta, se, found.n_clusters), np.nan)

    own = [p_of(found.theta[:, j], found.se[:, j]) for j in range(4)]
    plain = [p_of(found.plain_theta[:, j], found.plain_se[:, j]) for j in range(3)]
    p, _ = combine_p(np.column_stack(own[:3]), found.theta[:, :3], config.disagreement_p)
    against_all, _ = combine_p(np.column_stack(plain), found.plain_theta, config.disagreement_p)
    known = _elsewhere(labels, config, earlier)
    every, events = np.append(p, known["p"]), [*labels["event"], *known["event"]]
    codes = np.unique(np.array(events, dtype=np.str_), return_inverse=True)[1]
    # What was asked elsewhere can only take away: strong variants of an event would open it else.
    adjusted = [
        adjust_two_levels(every[:n], codes[:n].astype(np.int64), config.fdr_q)
        for n in (p.size, every.size)
    ]
    q, q_event = (np.fmax(*(one[: p.size] for one in pair)) for pair in zip(*adjusted, strict=True))
    named = {f"p_{name}": values for name, values in zip(TESTED, own[:3], strict=True)}
    return named | {
        "p": p,
        "p_unconditional": against_all,
        "p_rank": own[3],
        "q": q,
        "q_event": q_event,
        "q_by": adjust_by(every)[: p.size],
    }


def _elsewhere(
    labels: pl.DataFrame, config: DiscoveryConfig, earlier: pl.DataFrame | None
) -> pl.DataFrame:
    """What counts besides the hypotheses of this run."""
    if earlier is None or config.multiplicity == "run":
        return LEDGER.empty()
    return earlier.join(labels, on="hypothesis", how="anti").sort("hypothesis")


def _step_down(
    heard: Sequence[Heard],
    found: Estimates,
    testable: NDArray[np.bool_],
    config: DiscoveryConfig,
) -> Reals:
    """Romano and Wolf's p over all testable hypotheses of all horizons, NaN for the others."""
    parts, start = [], 0
    for part in heard:
        rows = np.flatnonzero(testable[start : start + part.labels.height])
        scores = np.concatenate([errors.scores for errors in part.errors])[rows]
        parts.append(Scores(scores, found.n_clusters[start + rows], part.days))
        start += part.labels.height
    p = np.full(testable.size, np.nan)
    if testable.any():
        p[testable] = np.concatenate(romano_wolf(parts, config.n_sign_flips, config.seed))
    return p


def _shrink(part: Heard, config: DiscoveryConfig) -> Posterior:
    found = part.estimates
    events = part.labels.select("event", "family").unique("event", maintain_order=True)
    # In returns: what is the same in bps everywhere is not in units of volatility, and the reverse;
    # costs are in bps.
    sigma = np.split(found.sigma, np.cumsum([len(e.covariance) for e in part.errors])[:-1])
    cells = Cells(
        effect=found.sigma * found.theta[:, 0],
        n=found.n,
        n_clusters=found.n_clusters,
        covariance=[e.covariance * np.outer(s, s) for e, s in zip(part.errors, sigma, strict=True)],
        condition=_codes(part.labels["condition"]),
        is_pooled=(part.labels["market"] == "all").to_numpy(),
        family=_codes(events["family"]),
    )
    return shrink_horizon(cells, config)


def _codes(names: pl.Series) -> Codes:
    return (names.rank("dense") - 1).to_numpy().astype(np.int64)


def _believe(found: Estimates, shrunk: Sequence[Posterior]) -> dict[str, NDArray[np.generic]]:
    def whole(name: str) -> Reals:
        return np.concatenate([getattr(posterior, name) for posterior in shrunk])

    in_bps = {
        "shrunk_bps": "mean",
        "shrunk_sd_bps": "sd",
        "lower_bps": "lower",
        "upper_bps": "upper",
        "tree_bps": "tree_mean",
        "tree_sd_bps": "tree_sd",
        "james_stein_bps": "james_stein",
    }
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = whole("mean") / (found.sigma * found.theta[:, 0])
    return {column: BPS * whole(name) for column, name in in_bps.items()} | {
        "sign_rate": whole("sign_rate"),
        "null_share": whole("null_share"),
        "kept_share": np.where(np.isfinite(kept), kept, np.nan),
        "prior_dependent": whole("prior_dependent").astype(np.bool_),
    }
