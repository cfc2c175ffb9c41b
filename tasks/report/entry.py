"""One event's page in the book: definition, occurrences, how often, and what stands beside it."""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from markupsafe import Markup, escape

from tasks.events.config import EventsConfig
from tasks.events.registry import NEEDS, Analyzer
from tasks.report.candles import draw
from tasks.report.config import ReportConfig
from tasks.report.formats import count, decimal, n_of, percent
from tasks.report.grid import Column, Grid, Row, fill_grid, text
from tasks.report.heatmap import LEAST
from tasks.report.overlap import Overlap, Pair
from tasks.report.scenes import Picture

_CODE = re.compile(r"``([^`]+)``|`([^`]+)`")
_HEADING = re.compile(r"^[A-Z][\w ]*\n-{3,}\s*$", re.MULTILINE)


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of all events, by event where it can be.

    Attributes
    ----------
    coverage : mapping of str to list of dict
        Rows of COVERAGE, by market.
    tallies : mapping of str to list of dict
        Market, year, and how many there stood, up and down.
    years : sequence of int
        Every year of the book.
    pictures : mapping of str to list of Picture
    overlap : Overlap
        Of the events that stood.
    """

    coverage: Mapping[str, Sequence[Row]]
    tallies: Mapping[str, Sequence[Row]]
    years: Sequence[int]
    pictures: Mapping[str, Sequence[Picture]]
    overlap: Overlap

    def ran(self, name: str) -> list[Row]:
        """Coverage of the markets on which the event ran."""
        return [row for row in self.coverage.get(name, ()) if not row["reason"]]

    def nearest(self, name: str, n: int) -> list[Pair]:
        """The events that it has something in common with; none where it never stood."""
        pairs = self.overlap.nearest(name, n) if name in self.overlap.names else []
        return [pair for pair in pairs if pair.alike >= LEAST]


def tally(events: pl.DataFrame) -> pl.DataFrame:
    """EVENTS counted by event, market and year: `n`, `up`, `down`."""
    year = pl.col("time").dt.year().alias("year")
    side = pl.col("side")
    counted = events.lazy().group_by("event", "market", year)
    return (
        counted.agg(n=pl.len(), up=(side > 0).sum(), down=(side < 0).sum())
        .sort("event", "market", "year")
        .collect()
    )


def link(name: str) -> Markup:
    """An event's name that leads to its page."""
    return Markup('<a href="#event-{0}">{0}</a>').format(name)


def tell_entry(
    analyzer: Analyzer, known: Known, chosen: EventsConfig, config: ReportConfig
) -> dict[str, Any]:
    """What an event's page says."""
    name = analyzer.name
    ran = known.ran(name)
    return {
        "name": name,
        "family": analyzer.family,
        "needs": ", ".join(NEEDS[need] for need in analyzer.needs),
        "definition": _definition(analyzer),
        "parameters": _parameters(analyzer, chosen),
        "reasons": _reasons(known.coverage.get(name, ())),
        "silence": f"It ran on {n_of(len(ran), 'market')} and never stood." if ran else "",
        "years": _years(name, ran, known) if known.tallies.get(name) else None,
        "beside": _beside(name, known.nearest(name, config.n_beside)),
        "pictures": [
            {"svg": draw(picture.scene), "caption": picture.caption, "detail": picture.detail}
            for picture in known.pictures.get(name, ())
        ],
    }


def _definition(analyzer: Analyzer) -> list[Markup]:
    """The docstring's paragraphs before its first heading, code in backquotes set as code."""
    told = inspect.getdoc(analyzer.function) or ""
    heading = _HEADING.search(told)
    paragraphs = told[: heading.start() if heading else None].strip().split("\n\n")
    return [_set_code(" ".join(paragraph.split())) for paragraph in paragraphs if paragraph]


def _set_code(words: str) -> Markup:
    pieces: list[Markup] = []
    end = 0
    for match in _CODE.finditer(words):
        pieces.append(escape(words[end : match.start()]))
        pieces.append(Markup("<code>{}</code>").format(match[1] or match[2]))
        end = match.end()
    return Markup("").join([*pieces, escape(words[end:])])


def _parameters(analyzer: Analyzer, chosen: EventsConfig) -> list[str]:
    """Names and values; where a value is the user's own, the default too."""
    own = chosen.parameters.get(analyzer.name, {})
    return [
        f"{name} = {value}" + (f" (default {default})" if value != default else "")
        for name, default in analyzer.parameters.items()
        for value in [own.get(name, default)]
    ]


def _reasons(coverage: Sequence[Row]) -> list[str]:
    """Why it did not run, and on which markets."""
    markets = defaultdict(list)
    for row in coverage:
        if row["reason"]:
            markets[row["reason"]].append(row["market"])
    return [f"{reason} ({', '.join(on)})" for reason, on in sorted(markets.items())]


def _years(name: str, ran: Sequence[Row], known: Known) -> Grid:
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for row in known.tallies[name]:
        for what in ("n", "up", "down"):
            sums[row["market"], what] += row[what]
        sums[row["market"], str(row["year"])] += row["n"]
    rows = [_year_row(row["market"], row["n_bars"], [row["market"]], sums, known) for row in ran]
    if len(ran) > 1:
        n_bars = sum(row["n_bars"] for row in ran)
        rows.append(_year_row("all", n_bars, [row["market"] for row in ran], sums, known))
    columns = (
        text("market", "market"),
        Column("events", lambda row: count(row["n"])),
        Column("of bars", lambda row: percent(row["n"] / max(1, row["n_bars"])), "%"),
        Column("up", lambda row: decimal(100 * row["up"] / max(1, row["n"]), 0), "%"),
        Column("down", lambda row: decimal(100 * row["down"] / max(1, row["n"]), 0), "%"),
        *(_year_column(str(year)) for year in known.years),
    )
    return fill_grid(f"years-{name}", f"{name} per year", columns, rows)


def _year_row(
    called: str,
    n_bars: int,
    markets: Sequence[str],
    sums: Mapping[tuple[str, str], int],
    known: Known,
) -> dict[str, Any]:
    wanted = ("n", "up", "down", *map(str, known.years))
    totals = {what: sum(sums.get((market, what), 0) for market in markets) for what in wanted}
    return {"market": called, "n_bars": n_bars, **totals}


def _year_column(year: str) -> Column:
    return Column(year, lambda row: count(row[year]))


def _beside(name: str, pairs: Sequence[Pair]) -> Grid | None:
    rows = [vars(pair) for pair in pairs]
    columns = (
        Column("stands beside", lambda row: link(row["other"]), kind="code"),
        Column("of these", _percent_of("here"), "%", hint=f"of the occurrences of {name}"),
        Column("by chance", _percent_of("here_by_chance"), "%"),
        Column("of those", _percent_of("there"), "%", hint="of the other's occurrences"),
        Column("by chance", _percent_of("there_by_chance"), "%"),
    )
    caption = f"What stands beside {name}"
    return fill_grid(f"beside-{name}", caption, columns, rows) if rows else None


def _percent_of(field: str) -> Callable[[Row], str]:
    return lambda row: decimal(100 * row[field], 0)
