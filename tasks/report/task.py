"""Prefect's view of the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from lake.ref import WHOLE, Ref
from lake.schema import COVERAGE, EFFECTS, EVENT_PATHS, EVENTS, QUALITY, REPORT, Table
from lake.store import Lake, open_lake
from tasks.events.config import EventsConfig
from tasks.report.book import Material, draw_book
from tasks.report.config import ReportConfig
from tasks.report.counts import COUNTS, MONTHS, count_bars, count_events
from tasks.report.digest import Digest, digest
from tasks.report.facts import Evidence, Facts
from tasks.report.fusion import FAMILY
from tasks.report.page import draw_report
from tasks.report.planted import NO_TRUTH
from tasks.report.scenes import choose, scenes_of
from tasks.stage.task import stage

PAGE_LIBRARIES = ("jinja2", "markupsafe")


@stage(
    makes=REPORT, code=[__name__], libraries=(*PAGE_LIBRARIES, "plotly", "pyyaml", "markdown-it-py")
)
def render(
    lake: Lake,
    *,
    quality: list[Ref],
    bars: list[Ref],
    events: list[Ref],
    paths: list[Ref],
    findings: Ref,
    stability: Ref,
    confirmed: Ref,
    judgement: Ref,
    folds: Ref,
    refits: Ref,
    trades: Ref,
    stressed: Ref,
    bridged: Ref,
    gated: Ref,
    verdicts: Ref,
    search: Ref,
    funnel: Ref,
    blueprints: Ref,
    truth: list[Ref],
    coverage: list[Ref],
    book: Ref,
    settings: dict[str, Any],
    effects: Sequence[Ref] = (),
    config: ReportConfig | None = None,
) -> pl.DataFrame:
    """Draw the run's report as one page that opens offline; beside it lies the book of events."""
    markets: dict[str, Any] = {"bars": bars, "events": events, "coverage": coverage}
    markets |= {"quality": quality, "paths": paths, "effects": effects, "truth": truth}
    evidence, facts = gather(
        lake,
        **markets,
        settings=settings,
        findings=findings,
        stability=stability,
        confirmed=confirmed,
        judgement=judgement,
        folds=folds,
        refits=refits,
        trades=trades,
        stressed=stressed,
        bridged=bridged,
        gated=gated,
        verdicts=verdicts,
        search=search,
        funnel=funnel,
        blueprints=blueprints,
    )
    return draw_report(evidence, facts, config, book=page_name(book))


def page_name(ref: Ref) -> str:
    """The file's name under which a page of REPORT lies among the documents."""
    return f"{'report' if ref.part == WHOLE else ref.part}-{ref.key[:12]}.html"


@stage(makes=REPORT, code=[__name__], libraries=PAGE_LIBRARIES)
def draw_events(
    lake: Lake,
    *,
    part: str,
    bars: list[Ref],
    events: list[Ref],
    coverage: list[Ref],
    chosen: EventsConfig,
    config: ReportConfig,
) -> pl.DataFrame:
    """Draw the book of events: a page for each, with real occurrences."""
    found = _stacked(lake, EVENTS, events)
    pictured = choose(found, config.n_scenes)
    around = (config.scene_bars_before, config.scene_bars_after)
    pictures = []
    for ref in bars:
        own = pictured.filter(pl.col("market") == ref.market)
        pictures += scenes_of(own, lake.read(ref), *around)
    return draw_book(Material(found, _stacked(lake, COVERAGE, coverage), pictures), chosen, config)


def gather(
    lake: Lake,
    *,
    quality: Sequence[Ref],
    bars: Sequence[Ref],
    events: Sequence[Ref],
    paths: Sequence[Ref],
    truth: Sequence[Ref],
    coverage: Sequence[Ref],
    settings: dict[str, Any],
    effects: Sequence[Ref] = (),
    **single: Ref,
) -> tuple[Evidence, Facts]:
    """Read a run's tables: small ones whole, bars and events one by one, as counts."""
    evidence = Evidence(
        quality=_stacked(lake, QUALITY, quality),
        months=pl.concat([pl.DataFrame(schema=MONTHS), *(_months(lake, ref) for ref in bars)]),
        events=pl.concat([pl.DataFrame(schema=COUNTS), *(_counts(lake, ref) for ref in events)]),
        paths=_stacked(lake, EVENT_PATHS, paths),
        coverage=_stacked(lake, COVERAGE, coverage),
        truth=pl.concat([NO_TRUTH, *(_truth(lake, ref) for ref in truth)]),
        effects=pl.concat([EFFECTS.empty(), *(_compared(lake, ref) for ref in effects)]),
        **{name: lake.read(ref) for name, ref in single.items()},
    )
    refs = (*quality, *bars, *events, *coverage, *paths, *effects, *single.values(), *truth)
    return evidence, _facts(lake, refs, settings)


def _stacked(lake: Lake, table: Table, refs: Sequence[Ref]) -> pl.DataFrame:
    return pl.concat([table.empty(), *(lake.read(ref) for ref in refs)])


def _months(lake: Lake, ref: Ref) -> pl.DataFrame:
    return count_bars(ref.market, lake.read(ref))


def _counts(lake: Lake, ref: Ref) -> pl.DataFrame:
    return count_events(lake.read(ref))


def _compared(lake: Lake, ref: Ref) -> pl.DataFrame:
    """The sums by block of the few entries that are compared, out of a large table."""
    is_needed = (pl.col("family") == FAMILY) | (pl.col("event") == "")
    return lake.read(ref).filter(is_needed, pl.col("condition") == "all")


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
    *,
    coverage: Sequence[Ref],
    pages: Sequence[Ref],
    n_best: int,
    **single: Ref,
) -> Digest:
    """Read a run's last tables from the lake at `uri` and condense them, see `digest`."""
    lake = open_lake(uri)
    return digest(
        _stacked(lake, QUALITY, quality),
        _stacked(lake, COVERAGE, coverage),
        {page_name(ref): lake.read(ref).item(0, "html") for ref in pages},
        n_best=n_best,
        **{name: lake.read(ref) for name, ref in single.items()},
    )
