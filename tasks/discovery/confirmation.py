"""Findings estimated anew where nothing was searched."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.schema import CONFIRMED
from tasks.discovery.cells import Estimates
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.hearing import hear
from tasks.discovery.verdicts import FINDING, find_varying

BPS = 1e4


def choose_findings(findings: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of FINDINGS whose verdict is a finding."""
    return findings.filter(pl.col("verdict") == FINDING)


def confirm(
    findings: pl.DataFrame, effects: Sequence[pl.DataFrame], config: DiscoveryConfig
) -> pl.DataFrame:
    """Estimate the findings in another era than that in which they were found.

    Parameters
    ----------
    findings : DataFrame of FINDINGS
        Those to be estimated, see `choose_findings`.
    effects : sequence of DataFrame of EFFECTS
        One per market, of the other era.
    config : DiscoveryConfig

    Returns
    -------
    DataFrame of CONFIRMED
        No correction is needed for the search: it saw nothing of this era. p is NaN where the
        era has no occurrence, all of them in one calendar block, or none that varies.
    """
    heard = hear(effects, findings, config)
    if not heard:
        return CONFIRMED.empty()
    named = pl.concat([part.labels for part in heard]).select("hypothesis")
    found = Estimates.joined([part.estimates for part in heard])
    signs = named.join(findings, on="hypothesis", how="left", maintain_order="left")
    direction = np.sign(signs["scaled_bps"].to_numpy())
    rows = named.with_columns(**_columns(found, direction, config))
    return CONFIRMED.conform(rows.select(list(CONFIRMED.columns)).sort(CONFIRMED.order))


def _columns(
    found: Estimates, direction: NDArray[np.float64], config: DiscoveryConfig
) -> dict[str, pl.Series]:
    from scipy.stats import t

    sigma = BPS * found.sigma
    se = np.where(find_varying(found, config)[:, 0], found.se[:, 0], np.nan)
    columns = {
        "n": found.n.astype(np.int64),
        "n_clusters": found.n_clusters.astype(np.int64),
        "scaled_bps": sigma * found.theta[:, 0],
        "scaled_se_bps": sigma * found.se[:, 0],
        "effect_bps": BPS * found.theta[:, 1],
        "se_bps": BPS * found.se[:, 1],
        "p": t.sf(direction * found.theta[:, 0] / se, np.maximum(found.n_clusters - 1.0, 1.0)),
    }
    return {name: pl.Series(values) for name, values in columns.items()}
