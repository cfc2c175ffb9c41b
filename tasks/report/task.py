"""Prefect's view of the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from lake.ref import Ref
from lake.schema import EVENT_PATHS, QUALITY, REPORT, Table
from lake.store import Lake, open_lake
from tasks.report.config import ReportConfig
from tasks.report.counts import COUNTS, MONTHS, count_bars, count_events
from tasks.report.digest import Digest, digest
from tasks.report.facts import Evidence, Facts
from tasks.report.page import draw_report
from tasks.report.planted import NO_TRUTH
from tasks.stage.task import stage


@stage(makes=REPORT, code=[__name__], libraries=("jinja2", "markupsafe", "plotly", "pyyaml"))
def render(
    lake: Lake,
    *,
    quality: list[Ref],
    bars: list[Ref],
    events: list[Ref],
    paths: list[Ref],
    findings: Ref,
    bridged: Ref,
    trades: Ref,
    verdicts: Ref,
    funnel: Ref,
    blueprints: Ref,
    truth: list[Ref],
    settings: dict[str, Any],
    config: ReportConfig | None = None,
) -> pl.DataFrame:
    """Draw the run's report as one page that opens offline."""
    evidence, facts = gather(
        lake,
        quality=quality,
        bars=bars,
        events=events,
        paths=paths,
        truth=truth,
        settings=settings,
        findings=findings,
        bridged=bridged,
        trades=trades,
        verdicts=verdicts,
        funnel=funnel,
        blueprints=blueprints,
    )
    return draw_report(evidence, facts, config)


def gather(
    lake: Lake,
    *,
    quality: Sequence[Ref],
    bars: Sequence[Ref],
    events: Sequence[Ref],
    paths: Sequence[Ref],
    truth: Sequence[Ref],
    settings: dict[str, Any],
    **single: Ref,
) -> tuple[Evidence, Facts]:
    """Read a run's tables: small ones whole, bars and events one by one, as counts."""
    evidence = Evidence(
        quality=_stacked(lake, QUALITY, quality),
        months=pl.concat([pl.DataFrame(schema=MONTHS), *(_months(lake, ref) for ref in bars)]),
        events=pl.concat([pl.DataFrame(schema=COUNTS), *(_counts(lake, ref) for ref in events)]),
        paths=_stacked(lake, EVENT_PATHS, paths),
        truth=pl.concat([NO_TRUTH, *(_truth(lake, ref) for ref in truth)]),
        **{name: lake.read(ref) for name, ref in single.items()},
    )
    refs = (*quality, *bars, *events, *paths, *single.values(), *truth)
    return evidence, _facts(lake, refs, settings)


def _stacked(lake: Lake, table: Table, refs: Sequence[Ref]) -> pl.DataFrame:
    return pl.concat([table.empty(), *(lake.read(ref) for ref in refs)])


def _months(lake: Lake, ref: Ref) -> pl.DataFrame:
    return count_bars(ref.market, lake.read(ref))


def _counts(lake: Lake, ref: Ref) -> pl.DataFrame:
    return count_events(lake.read(ref))


def _truth(lake: Lake, ref: Ref) -> pl.DataFrame:
    return lake.read(ref).with_columns(market=pl.lit(ref.market))


def _facts(lake: Lake, refs: tuple[Ref, ...], settings: dict[str, Any]) -> Facts:
    """Code and libraries of the parents: what their keys are made of."""
    entries = [lake.entry(ref.address) for ref in refs]
    keys = [entry.key for entry in entries if entry is not None]
    return Facts(
        refs=refs,
        code={name: digest for key in keys for name, digest in key.code.items()},
        libraries={name: version for key in keys for name, version in key.libraries.items()},
        settings=settings,
    )


def read_digest(
    uri: str,
    quality: Sequence[Ref],
    findings: Ref,
    verdicts: Ref,
    funnel: Ref,
    blueprints: Ref,
    report: Ref,
    *,
    n_best: int,
) -> Digest:
    """Read a run's last tables from the lake at `uri` and condense them."""
    lake = open_lake(uri)
    return digest(
        _stacked(lake, QUALITY, quality),
        lake.read(findings),
        lake.read(verdicts),
        lake.read(funnel),
        lake.read(blueprints),
        lake.read(report),
        n_best,
    )
