"""What discovery says where there is nothing: how often it errs, and whether p-values are even."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.calibrate.config import CalibrateConfig
from tasks.calibrate.shares import mean_by_market, rate_of, share_of

Reals = NDArray[np.float64]
Row = dict[str, Any]
MARKET = ["world", "planted_bps", "number"]
FINDING = "finding"
LEVELS = (0.05, 0.01, 0.001)
TESTS = ("p", "p_scaled", "p_mean", "p_weighted", "p_unconditional", "p_rank", "p_naive")
DEEPEST = 6.0
N_QUANTILES = 60
LEAST_MARKETS = 10


def with_naive_p(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `p_naive` of the testable hypotheses: as if occurrences were independent."""
    from scipy.stats import norm

    naive = 2.0 * norm.sf(np.abs(rows["naive_t"].to_numpy()))
    tested = np.isfinite(rows["p"].to_numpy())
    return rows.with_columns(p_naive=pl.Series(np.where(tested, naive, np.nan)))


def count_false(rows: pl.DataFrame, n_markets: int, config: CalibrateConfig) -> Row:
    """Count findings and promotions on markets on which both are false.

    Of `n_markets`, those without a row had no hypothesis, hence no finding.
    """
    found = pl.col("verdict") == FINDING
    markets = rows.group_by(MARKET, maintain_order=True).agg(
        findings=found.sum(), promoted=pl.col("promoted").sum(), traded=pl.col("promoted").count()
    )
    empty = np.zeros(n_markets - markets.height)
    findings = np.concatenate([markets["findings"].to_numpy(), empty])
    is_traded = bool((markets["traded"] > 0).any())
    promoted = np.concatenate([markets["promoted"].to_numpy(), empty])[: n_markets * is_traded]
    one_sided = 2.0 * config.level - 1.0
    return {
        "markets": n_markets,
        "hypotheses": rows.height,
        "tested": int(rows["p"].is_finite().sum()),
        "findings": int(findings.sum()),
        "false_findings": asdict(rate_of(findings, config.level)),
        "any_finding": asdict(share_of(int((findings > 0).sum()), findings.size, config.level)),
        "promotions": int(promoted.sum()),
        "promoted": asdict(rate_of(promoted, one_sided)),
        "any_promoted": asdict(share_of(int((promoted > 0).sum()), promoted.size, config.level)),
    }


def size_by(rows: pl.DataFrame, test: str, by: Sequence[str] = ()) -> list[Row]:
    """Measure how often `test` rejects at each level, over all or in groups, sorted."""
    known = rows.filter(pl.col(test).is_finite())
    grouped = known.group_by([*by, *MARKET], maintain_order=True).agg(
        pl.len().alias("n"),
        *((pl.col(test) <= level).sum().alias(f"{level:g}") for level in LEVELS),
    )
    if not by:
        return [{"test": test, **_sizes(grouped)}]
    return [
        {"test": test, **dict(zip(by, names, strict=True)), **_sizes(part)}
        for names, part in grouped.sort(*by).group_by(by, maintain_order=True)
    ]


def _sizes(grouped: pl.DataFrame) -> Row:
    n = grouped["n"].to_numpy().astype(np.float64)
    means = {
        f"{level:g}": asdict(mean_by_market(grouped[f"{level:g}"].to_numpy().astype(float), n))
        for level in LEVELS
    }
    return {"n": int(n.sum()), "n_markets": grouped.height, "size": means}


def uniformity(rows: pl.DataFrame, test: str, config: CalibrateConfig) -> Row:
    """Compare the p-values with uniform ones by Kolmogorov and Smirnov's distance.

    Hypotheses of a market overlap, so the usual p of the distance means nothing here. Its law is
    that of the distance between the p-values of the markets and of markets drawn from these anew;
    None of few markets. The Cauchy combination is built for its lower tail: it need not be even.
    """
    known = rows.filter(pl.col(test).is_finite()).select(*MARKET, p=test)
    if known.is_empty():
        return {"test": test, "n": 0, "n_markets": 0, "distance": None, "p": None}
    p = known["p"].to_numpy()
    ordered = np.sort(p)
    at = np.arange(p.size + 1) / p.size
    distance = float(max(np.max(at[1:] - ordered), np.max(ordered - at[:-1])))
    below, n = _below(known)
    chance = None if n.size < LEAST_MARKETS else _chance_of(distance, below, n, config)
    return {
        "test": test,
        "n": int(p.size),
        "n_markets": int(n.size),
        "distance": distance,
        "p": chance,
    }


def _below(known: pl.DataFrame) -> tuple[Reals, Reals]:
    """How many p-values of each market lie at or below a hundred points, and how many there are."""
    points = np.arange(1, 100) / 100.0
    parts = [part["p"].to_numpy() for _, part in known.group_by(MARKET, maintain_order=True)]
    below = [np.searchsorted(np.sort(p), points, side="right") for p in parts]
    return np.array(below, np.float64), np.array([p.size for p in parts], np.float64)


def _chance_of(distance: float, below: Reals, n: Reals, config: CalibrateConfig) -> float:
    draws = np.random.default_rng(config.seed)
    drawn = draws.multinomial(n.size, np.full(n.size, 1.0 / n.size), config.n_resamples)
    shares = (drawn @ below) / (drawn @ n)[:, None]
    apart = np.abs(shares - below.sum(axis=0) / n.sum()).max(axis=1)
    return float((1 + (apart >= distance).sum()) / (config.n_resamples + 1))


def quantiles(rows: pl.DataFrame, test: str) -> list[Row]:
    """Expected and observed quantiles of p in -log10, with two standard errors around them.

    Where a share `a` of p-values was expected, the band reaches between the quantiles of the
    share's error, clustered by market.
    """
    known = rows.filter(pl.col(test).is_finite())
    if known.is_empty():
        return []
    p = np.sort(known[test].to_numpy())
    deepest = min(DEEPEST, np.log10(p.size))
    depths = np.linspace(0.0, deepest, N_QUANTILES)[1:]
    return list(_points(known, test, p, depths))


def _points(known: pl.DataFrame, test: str, p: Reals, depths: Reals) -> Iterator[Row]:
    shares = 10.0**-depths
    counts = known.group_by(MARKET, maintain_order=True).agg(
        pl.len().alias("n"),
        *((pl.col(test) <= share).sum().alias(str(i)) for i, share in enumerate(shares)),
    )
    n = counts["n"].to_numpy().astype(np.float64)
    for i, (depth, share) in enumerate(zip(depths, shares, strict=True)):
        error = mean_by_market(counts[str(i)].to_numpy().astype(float), n).se or 0.0
        observed = [_depth(p, share + step * error) for step in (0.0, 2.0, -2.0)]
        yield dict(
            zip(("expected", "observed", "low", "high"), (float(depth), *observed), strict=True)
        )


def _depth(p: Reals, share: float) -> float:
    """-log10 of the quantile of sorted `p` at `share`."""
    place = min(max(int(np.ceil(share * p.size)) - 1, 0), p.size - 1)
    return float(-np.log10(max(p[place], 1e-300)))
