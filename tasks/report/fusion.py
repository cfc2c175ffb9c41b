"""Whether the fusion of the structure engines beats the best of its members.

The best member is the one with the largest effect in the discovery era, in the entry's own side.
That choice is made by looking, so wherever both were measured in the confirmation era they are
compared there; elsewhere the comparison favours the member, and the page says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from lake.ref import EVERY_MARKET
from lake.time import duration_ms
from tasks.report.config import ReportConfig
from tasks.report.facts import Evidence
from tasks.report.formats import count, is_missing, n_of, signed
from tasks.report.fusion_gaps import CONFIRMATION, Gap, measure_gap, measure_net_gap
from tasks.report.fusion_shown import COLUMNS, MARKETS, draw_contests, with_intervals
from tasks.report.grid import Grid, fill_grid
from tasks.report.ranking import FINDING, UNTESTED, ranked

Row = dict[str, Any]
FAMILY, FUSION = "fusion", "fusion_entry"


@dataclass(frozen=True)
class Contest:
    """Fusion and its members over one horizon.

    Attributes
    ----------
    market, horizon : str
    fusion : mapping
        A row of `ranked`.
    members : sequence of mapping
        Those that were asked, by name.
    best : mapping or None
        The best of them, None where none has occurrences enough.
    gaps : mapping of str to Gap
        Fusion less each member that was tested, by its event.
    net : Gap or None
        After costs, fusion less the best member.
    """

    market: str
    horizon: str
    fusion: Row
    members: Sequence[Row]
    best: Row | None
    gaps: Mapping[str, Gap]
    net: Gap | None

    @property
    def gap(self) -> Gap | None:
        """Fusion less its best member."""
        return None if self.best is None else self.gaps.get(self.best["event"])


def tell_fusion(evidence: Evidence, config: ReportConfig) -> dict[str, Any]:
    """Fusion beside its members, horizon by horizon; or why that cannot be said."""
    rows = _asked(evidence, config.confidence)
    if rows.filter(pl.col("event") == FUSION).is_empty():
        return {"sentence": _why_not(evidence.coverage), "empty": True}
    contests = hold_contests(rows, evidence, config)
    scope = EVERY_MARKET if EVERY_MARKET in {c.market for c in contests} else contests[0].market
    main = [contest for contest in contests if contest.market == scope]
    each = [contest for contest in contests if contest.market != scope]
    entries = [row for contest in main for row in _entries(contest)]
    return {
        "sentence": _sentence(main),
        "empty": False,
        "verdicts": [tell_contest(contest, config.confidence) for contest in main],
        "remark": _remark(main, config),
        "chart": draw_contests(entries, config.confidence),
        "table": fill_grid("fusion", "Fusion and its members", COLUMNS, entries),
        "markets": _markets(each),
    }


def _asked(evidence: Evidence, confidence: float) -> pl.DataFrame:
    rows = ranked(evidence).filter(pl.col("condition") == "all", pl.col("family") == FAMILY)
    return with_intervals(rows, confidence)


def _why_not(coverage: pl.DataFrame) -> str:
    own = coverage.filter(pl.col("event") == FUSION)
    if own.is_empty():
        return "Fusion of the structure engines was not among the events of this run."
    reasons = own.filter(pl.col("reason") != "")["reason"].unique().sort().to_list()
    if own.filter(pl.col("reason") == "").is_empty():
        return f"Fusion of the structure engines could not run: {'; '.join(reasons)}."
    return (
        "Fusion of the structure engines ran, but no hypothesis is its own: it never stood in the "
        "era that was searched, or always with the same bars and sides as another event."
    )


def hold_contests(rows: pl.DataFrame, evidence: Evidence, config: ReportConfig) -> list[Contest]:
    """One contest per market and horizon in which fusion was asked, by horizon, then market."""
    counted = evidence.counted
    parts = rows.sort("event").partition_by("market", "horizon", as_dict=True, maintain_order=True)
    order = sorted(parts, key=lambda place: (duration_ms(str(place[1])), str(place[0])))
    held = []
    for market, horizon in order:
        named = {row["event"]: row for row in parts[market, horizon].to_dicts()}
        fusion = named.pop(FUSION, None)
        if fusion is not None:
            members = list(named.values())
            best = _best(members)
            net = _net(fusion, best, counted, config)
            gaps = {} if best is None else _gaps(fusion, members, evidence.effects, config)
            held.append(Contest(str(market), str(horizon), fusion, members, best, gaps, net))
    return held


def _is_tested(row: Row) -> bool:
    return row["verdict"] != UNTESTED and not is_missing(row["scaled_bps"])


def _best(members: Sequence[Row]) -> Row | None:
    """By the effect in the entry's side: an entry that pays when faded is not a good one."""
    return max(filter(_is_tested, members), key=lambda row: row["scaled_bps"], default=None)


def _gaps(
    fusion: Row, members: Sequence[Row], effects: pl.DataFrame, config: ReportConfig
) -> dict[str, Gap]:
    if not _is_tested(fusion):
        return {}
    return {
        row["event"]: measure_gap(fusion, row, effects, config.confidence)
        for row in members
        if _is_tested(row)
    }


def _net(fusion: Row, best: Row | None, counted: pl.DataFrame, config: ReportConfig) -> Gap | None:
    """Only where both are traded with the entry's side."""
    if best is None or fusion["follow"] != 1 or best["follow"] != 1:
        return None
    return measure_net_gap(fusion["hypothesis"], best["hypothesis"], counted, config)


def _sentence(contests: Sequence[Contest]) -> str:
    n_beaten = sum(_outcome(contest.gap) == "beats" for contest in contests)
    n_found = sum(contest.fusion["verdict"] == FINDING for contest in contests)
    market = contests[0].market
    where = "Over all markets pooled" if market == EVERY_MARKET else f"On {market}"
    return (
        "Fusion enters by the weighed stance of all structure engines, each member by that of one "
        f"engine alone, through the same decision layer. {where}, fusion beats its best member at "
        f"{count(n_beaten)} of {n_of(len(contests), 'horizon')} and is a finding itself at "
        f"{count(n_found)}. The best member is picked by its effect in the discovery era, which "
        "flatters it there; where both are findings they are compared in the confirmation era, "
        "which had no part in the choice."
    )


def _outcome(gap: Gap | None) -> str:
    """What the interval of the difference says; empty where there is none."""
    if gap is None or gap.half_bps is None:
        return ""
    lower, upper = gap.ends
    return "beats" if lower > 0 else "does worse than" if upper < 0 else "does not beat"


def tell_contest(contest: Contest, confidence: float) -> str:
    """Whether fusion beats its best member over one horizon, in plain words."""
    where, gap, best = f"At {contest.horizon}", contest.gap, contest.best
    if not _is_tested(contest.fusion):
        return f"{where} it cannot be said: {FUSION} has too little ({contest.fusion['reason']})."
    if gap is None or best is None:
        return f"{where} it cannot be said: no member has occurrences enough for a test."
    outcome = _outcome(gap)
    if not outcome:
        return f"{where} it cannot be said: too few calendar blocks for an interval."
    told = f"{where} fusion {outcome} its best member ({best['event']}): difference "
    return (
        f"{told}{_in_words(gap, 'bps', confidence)}, {_ground(gap, len(contest.gaps))}."
        f"{_after_costs(contest.net, confidence)}"
    )


def _ground(gap: Gap, n_members: int) -> str:
    if gap.era == CONFIRMATION:
        return "out of sample"
    return f"in sample, where it is the best of {n_members}" if n_members > 1 else "in sample"


def _in_words(gap: Gap, unit: str, confidence: float) -> str:
    lower, upper = (signed(end) for end in gap.ends)
    return f"{signed(gap.bps)} {unit}, {100 * confidence:.0f} % from {lower} to {upper}"


def _after_costs(net: Gap | None, confidence: float) -> str:
    if net is None:
        return ""
    if net.half_bps is None:
        return " After costs too few calendar blocks hold trades of both."
    told = _in_words(net, "bps a trade", confidence)
    return f" After costs, in the folds that count for both: {told}."


def _remark(contests: Sequence[Contest], config: ReportConfig) -> str:
    """How the intervals were made, and how many of them were looked at."""
    gaps = [gap for contest in contests for gap in contest.gaps.values()]
    level = f"{100 * config.confidence:.0f} %"
    told = [
        f"Intervals are of {level}, by Student's t with the calendar blocks less one, of a "
        "difference those of the rarer entry.",
        "Entries on the same bars err together: where the sums by calendar block are at hand the "
        "difference is paired by them.",
    ]
    if not all(gap.is_paired for gap in gaps):
        told.append(
            "Where they are not, the two standard errors are added, which is too wide rather than "
            "too narrow."
        )
    if len(contests) > 1:
        told.append("Each horizon is judged by itself, so one win among several may be luck.")
    return " ".join(told)


def _entries(contest: Contest) -> list[Row]:
    """Rows of the table: fusion first, then its members."""
    best = "" if contest.best is None else contest.best["event"]
    rows = (contest.fusion, *contest.members)
    return [
        row
        | {
            "is_fusion": row is contest.fusion,
            "is_best": row["event"] == best,
            "gap": contest.gaps.get(row["event"]),
        }
        for row in rows
    ]


def _markets(contests: Sequence[Contest]) -> Grid | None:
    rows = [
        contest.fusion
        | {
            "best": contest.best,
            "gap": contest.gap,
            "outcome": _outcome(contest.gap) or "cannot be said",
        }
        for contest in sorted(contests, key=lambda c: c.market)
    ]
    return fill_grid("fusion-markets", "Market by market", MARKETS, rows) if rows else None
