"""A made-up run whose frames fit lake/schema.py: realistic values, any number of markets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from lake.ref import Ref
from lake.schema import (
    BARS,
    BLUEPRINTS,
    BRIDGED,
    CONFIRMED,
    COVERAGE,
    EVENT_PATHS,
    EVENTS,
    FINDINGS,
    FUNNEL,
    GATED,
    JUDGEMENT,
    QUALITY,
    REFITS,
    SEARCH,
    STABILITY,
    STRESSED,
    TRADES,
    TRUTH,
    VERDICTS,
)
from tasks.blueprint.case import Case
from tasks.blueprint.compilation import compile_documents
from tasks.blueprint.config import BlueprintConfig
from tasks.blueprint.document import Settings
from tasks.events.config import EventsConfig
from tasks.report.counts import COUNTS, count_bars, count_events
from tasks.report.facts import Evidence, Facts
from tasks.report.planted import NO_TRUTH
from tasks.trading.config import Terms
from tests.report.bridge import make_bridge
from tests.report.frames import FIRST, HOUR, fit

SYMBOLS = ("BTC", "ETH", "SOL", "LTC", "XRP", "BNB", "ADA", "DOGE", "AVAX", "LINK", "DOT", "TRX")
KINDS = {
    "calendar": ("funding_hour", "month_turn"),
    "jumps": ("crash", "jump_up", "vol_shock"),
    "levels": ("breakout_high", "failed_breakout"),
    "sequences": ("six_closes", "inside_bar"),
    "volume": ("volume_spike", "volume_dry_up", "climax"),
}
HORIZONS = {"1h": 1, "4h": 4, "12h": 12}
CONDITIONS = ("all", "vol_regime=0", "vol_regime=2", "trend_regime=1")
PLANTED = {("crash", "4h"): 14.0, ("volume_spike", "12h"): -9.0}


def make_bars(seed: int, n_days: int, n_gaps: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    n = n_days * 24
    close = 20_000 * np.exp(np.cumsum(rng.standard_t(4, n) * 0.005))
    gap = np.zeros(n, bool)
    for start in rng.integers(24, n - 60, n_gaps):
        gap[start : start + rng.integers(1, 50)] = True
    prices = np.where(gap, np.nan, close)
    columns = {name: prices for name in BARS.columns if name not in ("time", "is_gap")}
    time = pl.datetime_range(FIRST, FIRST + (n - 1) * HOUR, "1h", time_unit="ms", eager=True)
    return fit(BARS, pl.DataFrame({"time": time, **columns, "is_gap": gap}))


def make_events(market: str, seed: int, bars: pl.DataFrame) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    frames = []
    for family, names in KINDS.items():
        for name in names:
            time = bars["time"].filter(
                pl.Series(rng.random(bars.height) < rng.uniform(0.002, 0.05))
            )
            side = (
                rng.choice([-1, 1], time.len())
                if family != "calendar"
                else np.zeros(time.len(), int)
            )
            frame = pl.DataFrame({"time": time, "side": side, "strength": rng.random(time.len())})
            frames.append(
                frame.with_columns(
                    market=pl.lit(market),
                    event=pl.lit(name),
                    family=pl.lit(family),
                    known_at=pl.col("time") + HOUR,
                    anchor_time=pl.col("time"),
                    parameters_key=pl.lit("0123456789ab"),
                )
            )
    return fit(EVENTS, pl.concat(frames))


def make_coverage(market: str, bars: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Every event of `KINDS` ran, and one more could not."""
    n_bars = bars.height - int(bars["is_gap"].sum())
    counts = dict(events.group_by("event").len().iter_rows())
    rows = [
        {
            "market": market,
            "family": family,
            "event": name,
            "reason": "",
            "n_bars": n_bars,
            "n_events": counts.get(name, 0),
            "share": counts.get(name, 0) / n_bars,
        }
        for family, names in KINDS.items()
        for name in names
    ]
    absent = {"event": "oi_flush", "family": "volume", "n_events": 0, "share": np.nan}
    reason = {"reason": "not runnable: needs open interest"}
    return fit(COVERAGE, [*rows, rows[0] | absent | reason])


def make_quality(market: str, bars: pl.DataFrame) -> pl.DataFrame:
    n_gaps = int(bars["is_gap"].sum())
    first, last = bars["time"][0], bars["time"][-1]
    checks = {"bars": bars.height - n_gaps, "gaps": n_gaps, "raw_rows": bars.height - n_gaps + 4}
    checks |= {"duplicate": 3, "bad_ohlc": 0, "off_grid": 1, "spike": 2, "longest_gap": 49}
    return fit(
        QUALITY,
        [
            {
                "market": market,
                "check": check,
                "n": n,
                "share": n / bars.height,
                "first_time": first,
                "last_time": last,
                "note": f"what {check} counts",
            }
            for check, n in checks.items()
        ],
    )


def make_findings(markets: list[str], seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for market in [*markets, "all"]:
        for family, names in KINDS.items():
            for event in names:
                for horizon, n_bars in HORIZONS.items():
                    for condition in CONDITIONS:
                        row = _finding(rng, market, event, horizon, n_bars, condition)
                        rows.append(row | {"market": market, "family": family})
    return fit(FINDINGS, _judged(rows))


def _finding(rng, market, event, horizon, n_bars, condition):
    n = int(rng.integers(12, 2500) * (1 if condition == "all" else 0.3)) + 5
    clusters = max(2, int(n * 0.6))
    se = 60.0 * np.sqrt(n_bars) / np.sqrt(n)
    planted = PLANTED.get((event, horizon), 0.0)
    effect = planted + rng.normal() * se
    tested = n >= 30
    shrunk, shrunk_sd = effect * 0.7, se * 0.8
    return {
        "hypothesis": f"{market}|{event}|{horizon}|{condition}",
        "event": event,
        "horizon": horizon,
        "horizon_bars": n_bars,
        "condition": condition,
        "n": n,
        "n_clusters": clusters,
        "effective_clusters": clusters * 0.7,
        "sigma_bps": 25.0 * np.sqrt(n_bars),
        "mean_bps": 1.1 * effect + 0.4,
        "baseline_bps": 0.4,
        "scaled_bps": effect,
        "scaled_se_bps": se,
        "effect_bps": 1.1 * effect,
        "se_bps": 1.3 * se,
        "weighted_bps": 0.9 * effect,
        "weighted_se_bps": 1.2 * se,
        "median_bps": 0.8 * effect,
        "t": effect / se if tested else np.nan,
        "naive_t": 1.8 * effect / se if tested else np.nan,
        "shrunk_bps": shrunk,
        "shrunk_sd_bps": shrunk_sd,
        "lower_bps": shrunk - 2.1 * shrunk_sd,
        "upper_bps": shrunk + 1.9 * shrunk_sd,
        "sign_rate": 0.5 / (1.0 + abs(effect / se)),
        "null_share": 0.4 / (1.0 + abs(effect / se)),
        "kept_share": 0.7,
        "tree_bps": 0.6 * effect,
        "tree_sd_bps": 0.7 * se,
        "james_stein_bps": 0.5 * effect,
        "prior_dependent": bool(n % 2),
        "detectable_bps": 4.5 * se,
        **dict.fromkeys(("i2_halves", "i2_years", "i2_markets", "i2_regimes"), np.nan),
        "largest_year_share": np.nan,
        "n_wanted": None if tested else 30,
    }


def _judged(rows: list[dict]) -> list[dict]:
    from scipy.stats import false_discovery_control, t

    for row in rows:
        tested = np.isfinite(row["t"])
        p = 2 * t.sf(abs(row["t"]), row["n_clusters"] - 1) if tested else np.nan
        row |= {"p": p, "p_scaled": p, "p_mean": 1.2 * p, "p_weighted": 1.1 * p}
        row |= {"p_unconditional": 1.3 * p, "p_rank": 0.9 * p, "p_romano_wolf": min(1.0, 40 * p)}
        row["p_permutation"] = np.nan
    tested = [row for row in rows if np.isfinite(row["p"])]
    q = false_discovery_control([row["p"] for row in tested])
    for row in rows:
        row |= {
            "q": np.nan,
            "q_event": np.nan,
            "q_by": np.nan,
            "verdict": "insufficient evidence",
            "reason": "12 events, wanted 30",
        }
    for row, value in zip(tested, q, strict=True):
        found = value <= 0.05
        row |= {"q": float(value), "q_event": 0.8 * value, "q_by": min(1.0, 5 * value)}
        row["verdict"] = "finding" if found else "no finding"
        sign = "under" if found else "over"
        row["reason"] = f"q {value:.3g} {sign} 0.05, effect {row['scaled_bps']:.1f} bps"
        if found:
            row |= {"p_permutation": 0.0005, "i2_halves": 0.0, "i2_years": 0.37}
            row |= {"i2_markets": 0.12, "i2_regimes": 0.64, "largest_year_share": 0.58}
    return rows


def make_confirmed(findings: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Every finding a little smaller; the last of them did not occur."""
    rng = np.random.default_rng(seed + 1)
    rows = []
    for row in findings.filter(pl.col("verdict") == "finding").to_dicts():
        se = 1.4 * row["scaled_se_bps"]
        effect = 0.7 * row["scaled_bps"] + rng.normal() * se
        rows.append(
            {
                "hypothesis": row["hypothesis"],
                "n": row["n"] // 2,
                "n_clusters": max(2, row["n_clusters"] // 2),
                "scaled_bps": effect,
                "scaled_se_bps": se,
                "effect_bps": 1.1 * effect,
                "se_bps": 1.3 * se,
                "p": 0.02,
            }
        )
    if len(rows) > 1:
        absent = dict.fromkeys(("scaled_bps", "scaled_se_bps", "effect_bps", "se_bps", "p"), np.nan)
        rows[-1] |= absent | {"n": 0, "n_clusters": 0}
    return fit(CONFIRMED, rows)


def make_stability(findings: pl.DataFrame, markets: list[str]) -> pl.DataFrame:
    """Halves, years, markets and regimes of every finding."""
    rows = []
    for row in findings.filter(pl.col("verdict") == "finding").to_dicts():
        slices = [("half", "first"), ("half", "second"), ("year", "2023"), ("year", "2024")]
        if row["market"] == "all":
            slices += [("market", market) for market in markets]
        if row["condition"] == "all":
            slices += [("regime", name) for name in CONDITIONS[1:]]
        for place, (by, name) in enumerate(slices):
            effect, n = row["scaled_bps"] * (0.7 + 0.1 * place), row["n"] // 2
            rows.append(
                {
                    "hypothesis": row["hypothesis"],
                    "by": by,
                    "slice": name,
                    "n": n,
                    "n_clusters": max(1, row["n_clusters"] // 2),
                    "scaled_bps": effect,
                    "scaled_se_bps": np.nan if name == "second" else 1.4 * row["scaled_se_bps"],
                    "sum_bps": n * effect,
                }
            )
    return fit(STABILITY, rows)


def make_judgement(findings: pl.DataFrame, **changes) -> pl.DataFrame:
    tested = findings.filter(pl.col("p").is_finite())
    n_found = findings.filter(pl.col("verdict") == "finding").height
    row = {
        "n_named": findings.height + 40,
        "n_asked": findings.height,
        "n_tested": tested.height,
        "n_effective": tested.height / 8,
        "n_events": tested["event"].n_unique(),
        "n_events_selected": 2 if n_found else 0,
        "n_findings": n_found,
        "null_centre": 0.02,
        "null_sd": 0.98 if tested.height else np.nan,
        "null_share": 0.99,
        "alarm": False,
        "n_ever_asked": 2 * findings.height,
        "n_looks": 1 if n_found else 0,
        "n_looked_at": n_found,
    }
    return fit(JUDGEMENT, [row | changes])


def make_search(bridged: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Of all candidates and of the promoted; a reason in place of numbers where none trades."""
    promoted = verdicts.filter(pl.col("verdict") == "promoted")["hypothesis"].to_list()
    rows = []
    for portfolio, names in (
        ("candidates", bridged["hypothesis"].to_list()),
        ("promoted", promoted),
    ):
        row = {n: np.nan if d == pl.Float64 else None for n, d in SEARCH.columns.items()}
        row |= {"portfolio": portfolio, "n_days": 219, "n_strategies": len(names), "n_trades": 0}
        row |= {"n_trials": 5000, "n_effective": 320.0, "reason": "nothing traded"}
        if names:
            row |= {"mean_bps": 8.3, "sd_bps": 31.2, "sharpe": 0.266, "skew": 0.4, "kurtosis": 6.0}
            row |= {"n_trades": 900, "hurdle": 0.3, "psr": 0.97, "dsr": 0.31, "dsr_effective": 0.62}
            row |= {"least_days": 400.4, "reason": ""}
        if names and portfolio == "candidates":
            row |= {"p_spa": 0.0055, "n_superior": 1, "superior": names[:1], "pbo": 0.06}
        rows.append(row)
    return fit(SEARCH, rows)


def make_paths(markets: list[str], seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for market in markets:
        for names in KINDS.values():
            for event in names:
                drift = np.cumsum(rng.normal(0, 1.2, 25)) + np.linspace(0, 10, 25)
                for offset, mean in zip(range(-4, 21), drift, strict=True):
                    width = 1.5 * np.sqrt(abs(offset) + 1)
                    rows.append(
                        {
                            "market": market,
                            "event": event,
                            "offset": offset,
                            "n": 812,
                            "mean_bps": mean,
                            "lower_bps": mean - width,
                            "upper_bps": mean + width,
                        }
                    )
    return fit(EVENT_PATHS, rows)


def make_funnel(findings: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    n_all = findings.height
    n_tested = findings.filter(pl.col("p").is_finite()).height
    n_found = findings.filter(pl.col("verdict") == "finding").height
    n_promoted = verdicts.filter(pl.col("verdict") == "promoted").height
    left = [n_all, n_tested, n_found, n_promoted]
    gates = ["testable", "finding", "net_positive"]
    rows = [
        {
            "step": i,
            "gate": gate,
            "n_in": left[i],
            "n_stopped": left[i] - left[i + 1],
            "n_out": left[i + 1],
        }
        for i, gate in enumerate(gates)
    ]
    return fit(FUNNEL, rows)


def make_blueprints(findings, bridge, search, markets: list[str]) -> pl.DataFrame:
    """One real, validated document and its card per promoted hypothesis.

    The registry knows none of the events of `KINDS`, so a real one stands in the documents.
    """
    case = Case(
        findings=findings.with_columns(family=pl.lit("volatility"), event=pl.lit("vol_shock")),
        bridged=bridge.bridged,
        trades=bridge.trades,
        verdicts=bridge.verdicts,
        refits=bridge.refits,
        folds=bridge.folds,
        stressed=bridge.stressed,
        search=search,
        eras=bridge.eras,
        markets=tuple(markets),
        ancestors=[],
        terms=Terms(),
        settings=Settings(ingest={}, clean={}, features={}, events={}),
    )
    return compile_documents(case, EventsConfig(), BlueprintConfig(golden_trades=2))


def make_truth(markets: list[str]) -> pl.DataFrame:
    truth = fit(
        TRUTH,
        [
            {
                "event": event,
                "horizon": horizon,
                "side": 1 if effect > 0 else -1,
                "effect_bps": effect,
                "n_planted": 640,
                "note": "drift spread evenly over the horizon",
            }
            for (event, horizon), effect in PLANTED.items()
        ],
    )
    return truth.join(pl.DataFrame({"market": markets}), how="cross")


def make_evidence(n_markets: int = 2, seed: int = 7, n_days: int = 730) -> Evidence:
    """A run over `n_markets` with planted effects, findings, trades and blueprints."""
    markets = sorted(f"{symbol}USDT-1h" for symbol in SYMBOLS[:n_markets])
    bars = {m: make_bars(seed + i, n_days, 6 if i % 2 == 0 else 1) for i, m in enumerate(markets)}
    events = {m: make_events(m, seed + i, bars[m]) for i, m in enumerate(markets)}
    findings = make_findings(markets, seed)
    bridge = make_bridge(findings, markets, seed)
    search = make_search(bridge.bridged, bridge.verdicts)
    return Evidence(
        quality=pl.concat([make_quality(m, frame) for m, frame in bars.items()]),
        months=pl.concat([count_bars(m, frame) for m, frame in bars.items()]),
        events=pl.concat([count_events(found) for found in events.values()]),
        coverage=pl.concat([make_coverage(m, bars[m], found) for m, found in events.items()]),
        paths=make_paths(markets, seed),
        findings=findings,
        stability=make_stability(findings, markets),
        confirmed=make_confirmed(findings, seed),
        judgement=make_judgement(findings),
        folds=bridge.folds,
        refits=bridge.refits,
        trades=bridge.trades,
        stressed=bridge.stressed,
        bridged=bridge.bridged,
        gated=bridge.gated,
        verdicts=bridge.verdicts,
        search=search,
        funnel=make_funnel(findings, bridge.verdicts),
        blueprints=make_blueprints(findings, bridge, search, markets),
        truth=make_truth(markets),
    )


def make_barren() -> Evidence:
    """One market, events, hypotheses, no finding: every later table is empty."""
    full = make_evidence(1)
    findings = full.findings.with_columns(
        q=pl.when(pl.col("q").is_finite()).then(pl.lit(0.62)).otherwise(pl.col("q")),
        verdict=pl.when(pl.col("p").is_finite())
        .then(pl.lit("no finding"))
        .otherwise(pl.col("verdict")),
        reason=pl.lit("q 0.62 over 0.05"),
    )
    empty = {"bridged": BRIDGED, "trades": TRADES, "verdicts": VERDICTS, "blueprints": BLUEPRINTS}
    empty |= {"confirmed": CONFIRMED, "stability": STABILITY}
    empty |= {"refits": REFITS, "stressed": STRESSED, "gated": GATED}
    frames = {name: table.empty() for name, table in empty.items()}
    return replace(
        full,
        findings=findings,
        judgement=make_judgement(findings),
        search=make_search(frames["bridged"], frames["verdicts"]),
        funnel=make_funnel(findings, VERDICTS.empty()),
        truth=NO_TRUTH,
        **frames,
    )


def make_eventless() -> Evidence:
    """One market, whole bars, no event, so no hypothesis and nothing after it."""
    barren = make_barren()
    months = barren.months.with_columns(n_bars=pl.col("n_bars") + pl.col("n_gaps"), n_gaps=0)
    return replace(
        barren,
        months=months.cast(dict(barren.months.schema)),
        events=pl.DataFrame(schema=COUNTS),
        coverage=fit(
            COVERAGE, barren.coverage.with_columns(n_events=0, share=0.0 * pl.col("share"))
        ),
        paths=EVENT_PATHS.empty(),
        findings=FINDINGS.empty(),
        judgement=make_judgement(FINDINGS.empty()),
        funnel=FUNNEL.empty(),
    )


def make_facts(evidence: Evidence) -> Facts:
    def ref(kind: str, market: str, part: str = "-") -> Ref:
        digest = (kind + market + part).encode().hex().ljust(64, "0")[:64]
        return Ref(
            kind=kind, market=market, part=part, key=digest, content=digest[::-1], n_rows=1234,
            n_bytes=5678,
        )  # fmt: skip

    per_market = [ref(kind, m) for m in evidence.markets for kind in ("QUALITY", "BARS")]
    events = [ref("EVENTS", m, family) for m in evidence.markets for family in KINDS]
    kinds = ("FINDINGS", "STABILITY", "CONFIRMED", "JUDGEMENT", "BRIDGED", "TRADES", "VERDICTS")
    kinds += ("SEARCH", "FUNNEL", "BLUEPRINTS", "FOLDS", "REFITS", "STRESSED", "GATED")
    return Facts(
        refs=(
            *per_market,
            *events,
            *(ref(kind, "all") for kind in kinds),
            ref("TRUTH", "all"),
        ),
        code={f"tasks.clean.part{i}": f"{i:064x}" for i in range(41)},
        libraries={"numba": "0.68.0", "numpy": "2.4.1", "polars": "2.1.0", "scipy": "1.17.0"},
        settings={"ingest": {"source": "demo", "timeframe": "1h"}, "bridge": {"cost_bps": 4.0}},
    )
