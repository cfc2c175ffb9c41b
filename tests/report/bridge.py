"""A made-up bridge: folds, refits, trades, stress and gates that agree with one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from lake.schema import (
    BRIDGED,
    ERAS,
    FOLDS,
    GATED,
    REFITS,
    STRESSED,
    TRADES,
    VERDICTS,
)
from tests.report.frames import FIRST, HOUR, fit

DAY = timedelta(days=1)
N_FOLDS, FOLD_DAYS = 4, 52
OPENS = FIRST + 511 * DAY
COST = {"fee_bps": 6.0, "slippage_bps": 1.5, "funding_bps": 0.5}
COST_BPS = 8.0
MULTIPLES = (0.5, 1.0, 1.5, 2.0, 3.0)
NOTIONALS = (1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7, 3e7)
EXITS = ("time", "time", "time", "stop", "target")
REGIMES = ("vol_regime=0", "vol_regime=1", "vol_regime=2")
GATES = (
    ("testable", "at least 30 in 15 blocks", lambda b: b["n_trades"], lambda v: True),
    ("walk_forward", "at least 0.60", lambda b: b["n_folds_selected"] / b["n_folds"], (0.6).__le__),
    ("confirmation_trades", "at least 30 in 15 blocks", lambda b: b["n_trades"], (30.0).__le__),
    ("net_positive", "above 0 bps", lambda b: b["net_bps"], (0.0).__lt__),
    ("confirmation_q", "at most 0.1", lambda b: b["q"], (0.1).__ge__),
    ("cost_stress", "above 0 bps", lambda b: b["net_double_cost_bps"], (0.0).__lt__),
    ("placebo_random", "at most 0.05", lambda b: b["p_random"], (0.05).__ge__),
    ("gate_of_tomorrow", "at most 2.5", lambda b: b["largest_share"], (2.5).__ge__),
)


@dataclass(frozen=True)
class Bridge:
    """The tables of the bridge and of promotion; their columns agree."""

    eras: pl.DataFrame
    folds: pl.DataFrame
    refits: pl.DataFrame
    trades: pl.DataFrame
    stressed: pl.DataFrame
    bridged: pl.DataFrame
    gated: pl.DataFrame
    verdicts: pl.DataFrame


def make_folds() -> pl.DataFrame:
    starts = [OPENS + k * FOLD_DAYS * DAY for k in range(N_FOLDS)]
    rows = [
        {
            "fold": k + 1,
            "train_start": FIRST,
            "train_end": start - DAY,
            "start": start,
            "end": start + FOLD_DAYS * DAY,
        }
        for k, start in enumerate(starts)
    ]
    return fit(FOLDS, rows)


def make_eras() -> pl.DataFrame:
    end = OPENS + N_FOLDS * FOLD_DAYS * DAY
    spans = {"discovery": (FIRST, OPENS - DAY), "confirmation": (OPENS, end)}
    spans |= {"sealed": (end + DAY, end + 60 * DAY)}
    rows = [
        {
            n: (era if n == "era" else start if n == "start" else stop)
            for n in ("era", "start", "end")
        }
        for era, (start, stop) in spans.items()
    ]
    return fit(ERAS, pl.DataFrame(rows))


def make_bridge(findings: pl.DataFrame, markets: list[str], seed: int) -> Bridge:
    """Of every finding; the better half promoted, and one with a fold in which nothing traded."""
    rng = np.random.default_rng(seed)
    found = findings.filter(pl.col("verdict") == "finding").to_dicts()
    folds = make_folds()
    refits = fit(REFITS, [row for at, f in enumerate(found) for row in _refits(f, at)])
    trades = fit(TRADES, [r for at, f in enumerate(found) for r in _trades(f, at, markets, rng)])
    counted = trades.join(refits.filter(pl.col("selected")), on=["hypothesis", "fold"], how="semi")
    stressed, bridged = [], []
    for finding in found:
        own = pl.col("hypothesis") == finding["hypothesis"]
        rows = _stressed(trades.filter(own), counted.filter(own), rng)
        stressed += [{"hypothesis": finding["hypothesis"]} | row for row in rows]
        bridged.append(_bridged(finding, counted.filter(own), refits.filter(own), rows))
    gated = [row for row in bridged for row in _gated(row)]
    return Bridge(
        eras=make_eras(),
        folds=folds,
        refits=refits,
        trades=trades,
        stressed=fit(STRESSED, stressed),
        bridged=fit(BRIDGED, bridged),
        gated=fit(GATED, gated),
        verdicts=fit(VERDICTS, [_verdict(row) for row in bridged]),
    )


def _refits(finding, at):
    """One fold is left out by every second hypothesis."""
    for fold in range(1, N_FOLDS + 1):
        left_out = at % 2 == 1 and fold == 2
        yield {
            "hypothesis": finding["hypothesis"],
            "fold": fold,
            "n": finding["n"],
            "n_clusters": finding["n_clusters"],
            "scaled_bps": finding["scaled_bps"],
            "scaled_se_bps": finding["scaled_se_bps"],
            "p": 0.3 if left_out else 0.004,
            "selected": not left_out,
        }


def _trades(finding, at, markets, rng):
    """Equally many in every fold; none in the third fold of the first hypothesis."""
    n = int(min(750, max(12, finding["n"] // 12)))
    follow = 1 if finding["scaled_bps"] > 0 else -1
    where = markets if finding["market"] == "all" else [finding["market"]]
    for fold in range(1, N_FOLDS + 1):
        gross = rng.normal(abs(finding["scaled_bps"]), 60, 0 if (at, fold) == (0, 3) else n)
        for number, gain in enumerate(gross):
            start = OPENS + (fold - 1) * FOLD_DAYS * DAY
            entry = start + (1 + number * 1200 // n) * HOUR
            yield (
                _blank(TRADES)
                | COST
                | {
                    "hypothesis": finding["hypothesis"],
                    "fold": fold,
                    "trade": number,
                    "market": where[number % len(where)],
                    "event_time": entry - HOUR,
                    "entry_time": entry,
                    "exit_time": entry + (finding["horizon_bars"] - 1) * HOUR,
                    "side": follow,
                    "quantity": 5.0,
                    "notional": 1e5,
                    "entry_price": 20_000.0,
                    "exit_price": 20_000.0 * (1 + gain / 1e4),
                    "exit": EXITS[number % len(EXITS)],
                    "n_fills": 2,
                    "n_ambiguous": int(number % 50 == 49),
                    "gross_bps": gain,
                    "cost_bps": COST_BPS,
                    "net_bps": gain - COST_BPS,
                    "net": 10.0 * (gain - COST_BPS),
                }
            )


def _blank(table):
    return {name: np.nan for name, dtype in table.columns.items() if dtype.is_float()}


def describe(net, gross, cost) -> dict:
    """Of trades, one block each two; the columns of STRESSED from `n_trades` on."""
    n = len(net)
    if not n:
        return _blank(STRESSED) | {"n_trades": 0, "n_clusters": 0, "p": 1.0}
    se = float(np.std(net, ddof=1) / np.sqrt(n)) if n > 1 else np.nan
    mean = float(np.mean(net))
    return {
        "n_trades": n,
        "n_clusters": max(1, n // 2),
        "gross_bps": float(np.mean(gross)),
        "cost_bps": float(np.mean(cost)),
        "net_bps": mean,
        "se_bps": se,
        "t": mean / se,
        "p": 0.012,
    }


def _stressed(every, counted, rng):
    """Rows of all tests of one hypothesis."""
    gross, cost = counted["gross_bps"].to_numpy(), counted["cost_bps"].to_numpy()
    net = gross - cost
    even = max(0.0, gross.mean() / COST_BPS) if len(gross) else 0.0
    rows = [("break_even", f"{even:.15g}", describe(gross - even * cost, gross, even * cost))]
    rows += [("cost", f"{m:g}", describe(gross - m * cost, gross, m * cost)) for m in MULTIPLES]
    for delay in (1, 2, 3):
        left = gross * 0.8**delay
        rows.append(("delay", str(delay), describe(left - cost, left, cost)))
    for notional in NOTIONALS:
        impact = cost + 1.5 * np.sqrt(notional / 1e5)
        rows.append(("notional", f"{notional:.15g}", describe(gross - impact, gross, impact)))
    n_best = int(np.ceil(0.05 * len(net)))
    kept = np.sort(net)[: len(net) - n_best]
    rows.append(("trimmed", "best", describe(kept, kept + COST_BPS, kept * 0 + COST_BPS)))
    rows += [("fold", str(k), _group(every.filter(fold=k))) for k in range(1, N_FOLDS + 1)]
    years = counted.with_columns(year=pl.col("event_time").dt.year().cast(pl.String))
    rows += [("year", *pair) for pair in _groups(years, "year")]
    rows += [("market", *pair) for pair in _groups(counted, "market")]
    labels = pl.Series([REGIMES[n % len(REGIMES)] for n in range(counted.height)], dtype=pl.String)
    rows += [("regime", *pair) for pair in _groups(counted.with_columns(regime=labels), "regime")]
    for test, level, p in PLACEBOS:
        noise = rng.normal(0, 60, len(net))
        rows.append((test, level, describe(noise - cost, noise, cost) | {"p": p}))
    return [{"test": test, "level": level} | row for test, level, row in rows]


PLACEBOS = (
    ("shifted", "1d", 0.81),
    ("shifted", "7d", 0.64),
    ("opposite", "all", 1.0),
    ("random", "9", 0.003),
)


def _group(trades):
    return describe(*(trades[name].to_numpy() for name in ("net_bps", "gross_bps", "cost_bps")))


def _groups(trades, name):
    return [(str(key), _group(part)) for (key,), part in sorted(trades.group_by(name))]


def _bridged(finding, counted, refits, stressed):
    told = {(row["test"], row["level"]): row for row in stressed}
    net = counted["net_bps"].to_numpy()
    selected = refits.filter(pl.col("selected"))["fold"].to_list()
    judged = [told["fold", str(k)]["net_bps"] for k in selected]
    judged = [value for value in judged if np.isfinite(value)]
    years = [row["net_bps"] for row in stressed if row["test"] == "year"]
    known = net if len(net) else np.array([np.nan])
    return _group(counted) | {
        "hypothesis": finding["hypothesis"],
        "follow": 1 if finding["scaled_bps"] > 0 else -1,
        "n_folds": N_FOLDS,
        "n_folds_selected": len(selected),
        "n_folds_judged": len(judged),
        "n_folds_positive": sum(value > 0 for value in judged),
        "q": 0.031,
        "hit_rate": float((known > 0).mean()),
        "worst_bps": float(known.min()),
        "n_ambiguous": int(counted["n_ambiguous"].sum()),
        "net_double_cost_bps": told["cost", "2"]["net_bps"],
        "gross_delayed_bps": told["delay", "1"]["gross_bps"],
        "net_trimmed_bps": told["trimmed", "best"]["net_bps"],
        "largest_share": float(known.max() / known[known > 0].sum()) if (known > 0).any() else 1.0,
        "break_even_cost_bps": counted["gross_bps"].mean() / 2 if len(net) else np.nan,
        "capacity": np.inf if finding["horizon_bars"] > 4 else 2.5e6,
        "n_years": len(years),
        "n_years_positive": sum(value > 0 for value in years),
        "p_shifted": 0.64,
        "p_random": 0.003,
        "p_opposite": 1.0,
    }


def _gated(bridged):
    asked: tuple[str, str, Callable, Callable]
    for step, asked in enumerate(GATES, start=1):
        gate, wanted, figure, passes = asked
        value = float(figure(bridged))
        passed = bool(passes(value))
        yield {
            "hypothesis": bridged["hypothesis"],
            "step": step,
            "gate": gate,
            "figure": value,
            "wanted": wanted,
            "passed": passed,
            "reason": "" if passed else f"{value:.2f}, {wanted} wanted",
        }


def _verdict(bridged):
    net = bridged["net_bps"]
    good = net > 2
    return {
        "hypothesis": bridged["hypothesis"],
        "verdict": "promoted" if good else "rejected",
        "reason": "every gate passed" if good else f"net mean {net:.1f} bps",
        "gate": "none" if good else "net_positive",
        "n_more": None,
    }
