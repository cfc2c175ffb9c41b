"""Configuration of the report: how much of what is shown."""

from __future__ import annotations

from pydantic import Field

from lake.config import Config
from lake.time import Duration


class ReportConfig(Config):
    """How much the page shows. Nothing here changes what was found."""

    n_best: int = Field(15, ge=1, le=200)
    """Hypotheses always listed, best q first, whether or not they pass."""
    n_further: int = Field(100, ge=0, le=1000)
    """At most so many further findings and candidates are listed, folded away."""
    n_forest: int = Field(15, ge=1, le=100)
    n_slices: int = Field(6, ge=1, le=50)
    """At most so many hypotheses whose halves, years, markets and regimes are drawn."""
    n_stressed: int = Field(6, ge=1, le=50)
    """At most so many promoted hypotheses whose folds, stress and gates are drawn."""
    n_unpromoted: int = Field(3, ge=1, le=50)
    """So many of the best candidates where nothing was promoted."""
    n_slice_markets: int = Field(12, ge=1, le=200)
    """Markets that a candidate is cut into, those with the most trades."""
    n_short: int = Field(10, ge=0, le=200)
    """Hypotheses listed that lack evidence, those first that lack the least."""
    n_curves: int = Field(12, ge=1, le=50)
    """At most so many event-study charts."""
    n_lines: int = Field(8, ge=1, le=8)
    """At most so many lines of cumulative profit: one per colour."""
    n_bands: int = Field(3, ge=1, le=12)
    """A pooled chart with more markets than this shows curves without their bands."""
    n_points: int = Field(800, ge=10, le=100_000)
    """Points of one line of cumulative profit; longer ones are thinned."""
    n_bins: int = Field(20, ge=2, le=200)
    gap_steps: tuple[float, ...] = (0.001, 0.01, 0.1)
    """Shares of missing bars per month at which the strip chart changes its tone."""
    glance_levels: tuple[float, ...] = (0.05, 0.01, 0.001)
    """p-values at which observed and expected counts are compared."""
    confidence: float = Field(0.95, gt=0, lt=1)
    overlap_within: Duration = "1h"
    """Occurrences of two events so near each other stand together."""
    duplicate_share: float = Field(0.5, gt=0, le=1)
    """Two events, each beside the other so often beyond chance, are called near-duplicates."""
    n_beside: int = Field(5, ge=0, le=200)
    """Events named on another's page as those that it stands with."""
    n_scenes: int = Field(3, ge=0, le=12)
    """Occurrences pictured per event."""
    scene_bars_before: int = Field(48, ge=1, le=500)
    scene_bars_after: int = Field(16, ge=0, le=500)
    pair_block: Duration = "1d"
    pair_horizons: int = Field(5, ge=1)
    """Trades of two entries are paired by calendar blocks, the longer of both, as in the bridge."""
