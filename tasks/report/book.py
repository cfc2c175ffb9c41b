"""The book of events: what each means, real occurrences, how often, and beside which others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from lake.schema import REPORT
from lake.time import duration_ms
from tasks.events.config import EventsConfig
from tasks.events.registry import Analyzer
from tasks.report.absent import list_absent
from tasks.report.config import ReportConfig
from tasks.report.entry import Known, link, tally, tell_entry
from tasks.report.formats import DOT, count, day, decimal, n_of, percent
from tasks.report.grid import Column, Grid, Row, fill_grid, text
from tasks.report.heatmap import KEY, draw_heatmap
from tasks.report.overlap import Overlap, measure_overlap
from tasks.report.scenes import Picture
from tasks.report.setting import set_page

NAME = "events"
_TIME = pl.col("time")
_SOURCE = re.compile(r" \([^()]*\)(?=\.?$)")


@dataclass(frozen=True)
class Material:
    """What the book is made of.

    Attributes
    ----------
    events : DataFrame of EVENTS
        Of all markets.
    coverage : DataFrame of COVERAGE
        Of all markets.
    pictures : sequence of Picture
        See `tasks.report.scenes`.
    """

    events: pl.DataFrame
    coverage: pl.DataFrame
    pictures: Sequence[Picture]


def draw_book(material: Material, chosen: EventsConfig, config: ReportConfig) -> pl.DataFrame:
    """Draw the book: one self-contained page of REPORT that opens offline and needs no script."""
    told = tell_book(material, chosen, config)
    return pl.DataFrame({"name": [NAME], "html": [set_page("book", **told)]}, schema=REPORT.columns)


def tell_book(material: Material, chosen: EventsConfig, config: ReportConfig) -> dict[str, Any]:
    """What the book says, before it is set."""
    analyzers = [a for family in chosen.chosen() for a in chosen.analyzers(family)]
    known = _known(material, analyzers, config)
    return {
        "title": n_of(len(analyzers), "event"),
        "span": _span(material),
        "tiles": _tiles(known, analyzers, config),
        "sentence": _sentence(known, analyzers),
        "cooldown": chosen.cooldown,
        "around": (config.scene_bars_before, config.scene_bars_after),
        "index": _index(known, analyzers),
        "absent": list_absent(material.coverage),
        "overlap": _tell_overlap(known.overlap, analyzers, config),
        "families": [(f, [a.name for a in chosen.analyzers(f)]) for f in chosen.chosen()],
        "entries": [tell_entry(a, known, chosen, config) for a in analyzers],
    }


def _known(material: Material, analyzers: Sequence[Analyzer], config: ReportConfig) -> Known:
    tallies = tally(material.events)
    seen = set(tallies["event"])
    stood = [a.name for a in analyzers if a.name in seen]
    within = duration_ms(config.overlap_within)
    years = tallies["year"].to_list()
    return Known(
        coverage=_by_event(material.coverage.sort("market")),
        tallies=_by_event(tallies),
        years=range(min(years), max(years) + 1) if years else (),
        pictures={
            name: [picture for picture in material.pictures if picture.event == name]
            for name in stood
        },
        overlap=measure_overlap(material.events, material.coverage, stood, within),
    )


def _by_event(frame: pl.DataFrame) -> dict[str, list[Row]]:
    parts = frame.partition_by("event", as_dict=True, maintain_order=True)
    return {str(name): [*part.to_dicts()] for (name,), part in parts.items()}


def _span(material: Material) -> str:
    markets = material.coverage["market"].unique().sort().to_list()
    told = [", ".join(markets) if len(markets) < 5 else n_of(len(markets), "market")]
    if material.events.height:
        first, last = material.events.select(first=_TIME.min(), last=_TIME.max()).row(0)
        told.append(f"occurrences from {day(first)} to {day(last)}")
    return f" {DOT} ".join(said for said in told if said)


def _tiles(
    known: Known, analyzers: Sequence[Analyzer], config: ReportConfig
) -> list[tuple[str, str]]:
    n_stood = sum(row["n"] for rows in known.tallies.values() for row in rows)
    n_pairs = len(known.overlap.near_duplicates(config.duplicate_share))
    return [
        (count(len(analyzers)), "asked for"),
        (count(sum(bool(known.ran(a.name)) for a in analyzers)), "ran"),
        (count(len(known.overlap.names)), "stood"),
        (count(n_stood), "occurrences"),
        (count(n_pairs), "near-duplicate pair" if n_pairs == 1 else "near-duplicate pairs"),
    ]


def _sentence(known: Known, analyzers: Sequence[Analyzer]) -> str:
    ran = [a.name for a in analyzers if known.ran(a.name)]
    if not ran:
        return "None of them could run."
    silent = [name for name in ran if name not in known.tallies]
    told = "Every one ran" if len(ran) == len(analyzers) else f"{len(ran)} of them ran"
    return f"{told}; never standing: {', '.join(silent)}." if silent else f"{told}, and each stood."


def _index(known: Known, analyzers: Sequence[Analyzer]) -> Grid:
    columns = (
        Column("event", lambda row: link(row["event"]), kind="code"),
        text("family", "family"),
        Column("events", lambda row: count(row["n"]) if row["ran"] else "not run"),
        Column("of bars", lambda row: percent(row["share"]), "%"),
        Column("most like", lambda row: row["nearest"], kind="code", hint=_LIKE),
        Column("alike", lambda row: row["alike"], "%", hint=_LIKE),
        text("meaning", "meaning", "prose"),
    )
    return fill_grid("index", "All events", columns, [_index_row(known, a) for a in analyzers])


_LIKE = (
    "the event that it stands beside most: the lesser of both shares of occurrences beyond chance"
)


def _index_row(known: Known, analyzer: Analyzer) -> dict[str, Any]:
    ran = known.ran(analyzer.name)
    n = sum(row["n"] for row in known.tallies.get(analyzer.name, ()))
    nearest = known.nearest(analyzer.name, 1)
    return {
        "event": analyzer.name,
        "family": analyzer.family,
        "ran": bool(ran),
        "n": n,
        "share": n / max(1, sum(row["n_bars"] for row in ran)) if ran else None,
        "nearest": link(nearest[0].other) if nearest else "",
        "alike": decimal(100 * nearest[0].alike, 0) if nearest else "",
        "meaning": _SOURCE.sub("", analyzer.meaning),
    }


def _tell_overlap(
    overlap: Overlap, analyzers: Sequence[Analyzer], config: ReportConfig
) -> dict[str, Any]:
    families = {analyzer.name: analyzer.family for analyzer in analyzers}
    least = config.duplicate_share
    own = [families[name] for name in overlap.names]
    return {
        "within": config.overlap_within,
        "least": decimal(100 * least, 0),
        "heatmap": draw_heatmap(overlap, own, least) if len(own) > 1 else "",
        "key": [(decimal(100 * step, 0), step) for step in KEY],
        "duplicates": _duplicates(overlap, least),
    }


def _duplicates(overlap: Overlap, least: float) -> Grid | None:
    rows = [vars(pair) for pair in overlap.near_duplicates(least)]

    def share(title: str, field: str) -> Column:
        return Column(title, lambda row: decimal(100 * row[field], 0), "%")

    columns = (
        Column("event", lambda row: link(row["one"]), kind="code"),
        Column("beside", lambda row: link(row["other"]), kind="code"),
        share("of the first", "here"),
        share("by chance", "here_by_chance"),
        share("of the second", "there"),
        share("by chance", "there_by_chance"),
    )
    return fill_grid("duplicates", "Near-duplicates", columns, rows) if rows else None
