"""The first screen: what was asked, what was found, what to keep in mind."""

from __future__ import annotations

from typing import Any

import polars as pl

from lake.ref import EVERY_MARKET
from lake.time import duration_ms, symbol_of, timeframe_of
from tasks.report.facts import Evidence
from tasks.report.formats import (
    condition_words,
    count,
    day,
    decimal,
    market_words,
    n_of,
    probability,
    signed,
    spread,
)
from tasks.report.ranking import FINDING, PROMOTED, UNTESTED, ranked

_N_IN_WORDS = 3


def tell_headline(evidence: Evidence) -> dict[str, Any]:
    """Title, figures and sentences of the first screen."""
    return {
        "title": _title(evidence),
        "span": _span(evidence),
        "tiles": _tiles(evidence),
        "asked": _asked(evidence),
        "found": _found(evidence),
        "best": _best(evidence),
        "caveats": _caveats(evidence),
    }


def _n(frame: pl.DataFrame, verdict: str) -> int:
    return frame.filter(pl.col("verdict") == verdict).height


def _title(evidence: Evidence) -> str:
    markets = evidence.markets
    symbols = [symbol_of(market) for market in markets]
    shown = ", ".join(symbols[:3]) + (f" and {len(symbols) - 3} more" if len(symbols) > 3 else "")
    timeframes = sorted({timeframe_of(market) for market in markets}, key=duration_ms)
    return f"{shown} at {', '.join(timeframes)}" if markets else "no market"


def _span(evidence: Evidence) -> str:
    first, last = evidence.months["first_time"].min(), evidence.months["last_time"].max()
    return f"{day(first)} to {day(last)}"  # type: ignore[arg-type]


def _tiles(evidence: Evidence) -> list[tuple[str, str]]:
    n_findings = _n(evidence.findings, FINDING)
    n_promoted = _n(evidence.verdicts, PROMOTED)
    figures = [
        (len(evidence.markets), "market", "markets"),
        (int(evidence.months["n_bars"].sum()), "bar", "bars"),
        (int(evidence.events["n"].sum()), "event", "events"),
        (evidence.findings.height, "hypothesis", "hypotheses"),
        (n_findings, "finding", "findings"),
        (n_promoted, "promoted", "promoted"),
    ]
    return [(count(n), one if n == 1 else many) for n, one, many in figures]


def _asked(evidence: Evidence) -> str:
    findings = evidence.findings
    if findings.is_empty():
        return "No event left a hypothesis to test."
    horizons = sorted(findings["horizon"].unique(), key=duration_ms)
    kinds = n_of(findings["event"].n_unique(), "kind of event", "kinds of event")
    families = n_of(findings["family"].n_unique(), "family", "families")
    conditions = n_of(findings["condition"].n_unique(), "condition")
    pooled = " and with the markets pooled" if EVERY_MARKET in findings["market"] else ""
    return (
        f"After each of {kinds} from {families}, is the return over the next "
        f"{', '.join(horizons)} different from what the same market usually does over that time? "
        f"Asked under {conditions}, per market{pooled}: "
        f"{n_of(findings.height, 'hypothesis', 'hypotheses')}, each one two-sided question."
    )


def _found(evidence: Evidence) -> str:
    n_findings, n_all = _n(evidence.findings, FINDING), evidence.findings.height
    if not n_all:
        return "Nothing was tested, so nothing was found."
    if not n_findings:
        return (
            f"None of the {n_of(n_all, 'hypothesis', 'hypotheses')} can be told from chance once "
            "all of them are counted. A market without alpha yields no findings; this is such an "
            "answer, and an effect smaller than this sample can detect is not ruled out."
        )
    n_promoted = _n(evidence.verdicts, PROMOTED)
    verb = "survives" if n_findings == 1 else "survive"
    after = (
        "None of them passes every gate of the hold-out, so nothing was promoted."
        if not n_promoted
        else f"{n_of(n_promoted, 'was', 'were')} promoted: still above zero after costs on bars "
        "that the search never saw."
    )
    of = n_of(n_all, "hypothesis", "hypotheses")
    return f"{n_of(n_findings, 'finding')} of {of} {verb} the correction for their number. {after}"


def _best(evidence: Evidence) -> list[str]:
    found = ranked(evidence).filter(pl.col("verdict") == FINDING)
    promoted = found.filter(pl.col("promotion") == PROMOTED)
    told = found if promoted.is_empty() else promoted
    return [_in_words(row) for row in told.head(_N_IN_WORDS).to_dicts()]


def _in_words(row: dict[str, Any]) -> str:
    where = "in all markets" if row["market"] == EVERY_MARKET else market_words(row["market"])
    when = "" if row["condition"] == "all" else f" under {condition_words(row['condition'])}"
    told = (
        f"{row['event']}, {where}, after {row['horizon']}{when}: "
        f"{signed(row['effect_bps'])} {spread(row['se_bps'])} bps "
        f"(q {probability(row['q'])}), shrunk to {signed(row['shrunk_bps'])} bps"
    )
    if row["net_bps"] is None:
        return told + "."
    side = "followed" if row["follow"] > 0 else "faded"
    return (
        f"{told}. Hold-out, {side}, after costs: {signed(row['net_bps'])} "
        f"{spread(row['net_se_bps'])} bps a trade over {n_of(row['n_trades'], 'trade')}."
    )


def _caveats(evidence: Evidence) -> list[str]:
    return [
        "The effect of a hypothesis that was picked for its effect is too large on average. "
        "Trust the shrunk effect, or the hold-out, not the raw one.",
        "The hold-out is honest once. Each further run that is tuned on it spends some of it.",
        "Costs are assumed, not measured: fills at the bar's open and close, a flat fee, spread "
        "and impact per side.",
        *_caveats_of_this_run(evidence),
    ]


def _caveats_of_this_run(evidence: Evidence) -> list[str]:
    tested = evidence.findings.filter(
        pl.col("t").is_finite() & (pl.col("t") != 0) & pl.col("detectable_bps").is_finite()
    )
    told = []
    if not tested.is_empty():
        inflation = tested.select((pl.col("naive_t") / pl.col("t")).abs().median()).item()
        detectable = tested["detectable_bps"].median()
        told.append(
            "Standard errors cluster by calendar block, all markets together. Taking events as "
            f"independent would multiply the median t by {decimal(inflation)}."
        )
        told.append(
            f"Half of the hypotheses cannot show an effect below {decimal(detectable, 1)} bps."  # type: ignore[arg-type]
        )
    n_untested = _n(evidence.findings, UNTESTED)
    if n_untested:
        are = n_of(n_untested, "hypothesis has", "hypotheses have")
        told.append(f"{are} too few events or clusters for a test: no evidence, either way.")
    return told
