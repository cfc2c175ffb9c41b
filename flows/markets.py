"""From the source to clean bars with what was known beside them: where every job begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from prefect import Task

from blocks.profile import RunConfig
from flows.run import Call, Run, Tables
from lake.ref import WHOLE, Ref
from lake.time import market_name
from tasks.clean.task import align, assess, assess_beside, clean, gauge, reject, settle
from tasks.ingest.snapshot import Snapshot
from tasks.ingest.task import (
    dated_lists,
    fetch,
    ingest,
    ingest_beside,
    ingest_funding,
    ingest_interest,
    leader_of,
    source_module,
    survey,
    survey_beside,
    write_truth,
)

BARS_BESIDE = ("spot", "mark", "leader")


@dataclass(frozen=True)
class Markets:
    """Each market's bars, what was known beside them, and how good both are.

    `funding` holds the dated cash flows of the markets that have them.
    """

    bars: Tables
    context: Tables
    funding: Tables
    quality: Tables
    truth: Tables


@dataclass(frozen=True)
class Beside:
    """What the source has beside the bars, as it came; the snapshots say of what."""

    snapshots: list[Snapshot]
    bars: Tables
    funding: Tables
    interest: Tables


def bring_markets(run: Run, c: RunConfig) -> Markets:
    """Read the markets and their companions, clean both and lay them beside each other."""
    snapshots = survey(c.ingest)
    raw = _read(run, c, ingest, snapshots)
    beside = _read_beside(run, c, survey_beside(c.ingest, snapshots))
    known = [_asked(s) for s in snapshots[:1] if s.is_simulated]
    truth = run.all("ingest", write_truth, known)
    rejected = run.map("clean", reject, raw, raw=raw, config=c.clean)
    bars = run.map("clean", clean, raw, raw=raw, rejected=rejected, config=c.clean)
    cleaned: dict[str, Any] = {"raw": raw, "rejected": rejected, "bars": bars}
    quality = run.map("clean", assess, raw, **cleaned, config=c.clean)
    funding = run.map("clean", settle, beside.funding, raw=beside.funding, config=c.clean)
    context = _align(run, c, bars, beside, funding)
    doubts = [_judged(beside, ref, c) for ref in context]
    quality += run.all("clean", assess_beside, doubts)
    return Markets(bars, context, funding, quality, truth)


def _read(run: Run, c: RunConfig, task: Task[..., Ref], snapshots: Iterable[Snapshot]) -> Tables:
    """Fetch what has to be fetched, then read it."""
    wanted = list(snapshots)
    remote = [_asked(s) | {"config": c.ingest} for s in wanted if s.is_remote]
    fetched = run.all("ingest", fetch, remote)
    code = [source_module(c.source)]
    calls = [
        _asked(s) | {"where": s.places, "fetched": fetched.of(s.market, _part(s)), "code": code}
        for s in wanted
    ]
    return run.all("ingest", task, calls)


def _read_beside(run: Run, c: RunConfig, snapshots: list[Snapshot]) -> Beside:
    def of(task: Task[..., Ref], *kinds: str) -> Tables:
        return _read(run, c, task, (s for s in snapshots if s.data in kinds))

    bars = of(ingest_beside, *BARS_BESIDE)
    funding, interest = of(ingest_funding, "funding"), of(ingest_interest, "interest")
    return Beside(snapshots, bars, funding, interest)


def _align(run: Run, c: RunConfig, bars: Tables, beside: Beside, funding: Tables) -> Tables:
    """Clean the companions and join them to the bars by the time at which they were known."""
    steps: dict[tuple[str, str], str | None]
    steps = {(s.market, s.data): s.bars_timeframe for s in beside.snapshots}
    cleaned = _clean_beside(run, c, beside.bars, steps)
    interest = run.map("clean", gauge, beside.interest, raw=beside.interest, config=c.clean)
    dated = dated_lists(c.ingest)

    def beside_of(market: str) -> dict[str, Any]:
        own: dict[str, Any] = {name: cleaned.of(market, name) for name in BARS_BESIDE}
        own["leader"] = own["leader"] or _leader_among(bars, market, c)
        lengths = {n: steps[market, n] for n in BARS_BESIDE if (market, n) in steps}
        known = {"funding": funding.of(market), "interest": interest.of(market)}
        return own | known | {"timeframes": lengths, "config": c.clean} | dated

    calls = [{"market": b.market, "bars": b} | beside_of(b.market) for b in bars]
    return run.all("clean", align, calls)


def _clean_beside(
    run: Run, c: RunConfig, raw: Tables, steps: dict[tuple[str, str], str | None]
) -> Tables:
    """Clean the companions' bars; one that is refused is told and left out, the others stand."""
    calls: list[dict[str, Any]] = [
        {"market": ref.market, "part": ref.part, "raw": ref, "config": c.clean}
        | {"timeframe": steps[ref.market, ref.part]}
        for ref in raw
    ]
    rejects = run.all("clean", reject, calls, tolerate=True)
    whole = [(call, rejects.of(call["market"], call["part"])) for call in calls]
    able = [{**call, "rejected": rejected[0]} for call, rejected in whole if rejected]
    return run.all("clean", clean, able, tolerate=True)


def _leader_among(bars: Tables, market: str, c: RunConfig) -> list[Ref]:
    """The leader's own bars where it is among the markets; none beside itself."""
    leader = leader_of(c.ingest)
    name = market_name(leader, c.timeframe) if leader else ""
    return [] if name == market else bars.of(name)


def _judged(beside: Beside, context: Ref, c: RunConfig) -> Call:
    raw = {
        "raw_funding": beside.funding.of(context.market),
        "raw_interest": beside.interest.of(context.market),
    }
    return {"market": context.market, "part": "beside", "context": context, "config": c.clean} | raw


def _asked(snapshot: Snapshot) -> dict[str, Any]:
    return {"market": snapshot.market, "part": _part(snapshot), "snapshot": snapshot.keyed}


def _part(snapshot: Snapshot) -> str:
    return WHOLE if snapshot.data == "bars" else snapshot.data
