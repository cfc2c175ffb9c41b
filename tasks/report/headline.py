"""The first screen: what was asked, what was found, what to keep in mind."""

from __future__ import annotations

from typing import Any

import polars as pl

from lake.ref import EVERY_MARKET
from lake.time import duration_ms, symbol_of, timeframe_of
from tasks.report.believed import tell_belief, tell_doubt, tell_name, tell_proof, tell_trades
from tasks.report.facts import Evidence
from tasks.report.formats import count, day, decimal, n_of
from tasks.report.judged import tell_alarm, tell_judgement, tell_ledger
from tasks.report.ranking import FINDING, PROMOTED, UNTESTED, promoted_first

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
        "alarm": _alarm(evidence),
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
        "None of them passes every gate in the confirmation era, so nothing was promoted."
        if not n_promoted
        else f"{n_of(n_promoted, 'was', 'were')} promoted: still above zero after costs on bars "
        "that the search never saw."
    )
    of = n_of(n_all, "hypothesis", "hypotheses")
    return f"{n_of(n_findings, 'finding')} of {of} {verb} the correction for their number. {after}"


def _best(evidence: Evidence) -> list[str]:
    found = promoted_first(evidence)
    promoted = found.filter(pl.col("promotion") == PROMOTED)
    told = found if promoted.is_empty() else promoted
    return [_in_words(row) for row in told.head(_N_IN_WORDS).to_dicts()]


def _in_words(row: dict[str, Any]) -> str:
    """What came out of sample first: the one number that selection did not touch."""
    after = tell_trades(row)
    return (
        f"{tell_name(row)}: {tell_proof(row)}{f'; {after}' if after else ''}. "
        f"In the search, {tell_belief(row)}; {tell_doubt(row)}."
    )


def _alarm(evidence: Evidence) -> str:
    return tell_alarm(evidence.judged) if evidence.judged else ""


def _history(evidence: Evidence) -> str:
    told = evidence.judged
    return f" The lake's ledger: {tell_ledger(told)}." if told else ""


def _caveats(evidence: Evidence) -> list[str]:
    return [
        "The effect of a hypothesis that was picked for its effect is too large on average. "
        "Trust what came out of sample, or the shrunk effect, not what was found.",
        "The confirmation era is honest once. Each further run that is tuned on it spends some of "
        "it." + _history(evidence),
        "Costs are assumed, not measured: fees, half a spread, impact by size and volume, funding; "
        "of a bar nothing is known but its open, high, low, close and volume.",
        *_caveats_of_this_run(evidence),
    ]


def _caveats_of_this_run(evidence: Evidence) -> list[str]:
    told = [f"{tell_judgement(evidence.judged)}."] if evidence.judged else []
    return [*told, *_power(evidence), *_lack(evidence)]


def _power(evidence: Evidence) -> list[str]:
    tested = evidence.findings.filter(
        pl.col("t").is_finite() & (pl.col("t") != 0) & pl.col("detectable_bps").is_finite()
    )
    if tested.is_empty():
        return []
    clustered_t = pl.col("effect_bps") / pl.col("se_bps")
    inflation = tested.select((pl.col("naive_t") / clustered_t).abs().median()).item()
    least = tested.select(pl.col("detectable_bps").median()).item()
    return [
        "Standard errors cluster by calendar block, all markets together. Taking events as "
        f"independent would multiply the median t by {decimal(inflation)}.",
        f"Half of the hypotheses cannot show an effect below {decimal(least, 1)} bps.",
    ]


def _lack(evidence: Evidence) -> list[str]:
    n_untested = _n(evidence.findings, UNTESTED)
    if not n_untested:
        return []
    are = n_of(n_untested, "hypothesis has", "hypotheses have")
    return [f"{are} too few events or clusters for a test: no evidence, either way."]
