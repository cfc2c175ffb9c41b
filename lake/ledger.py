"""Every hypothesis that was ever asked of a lake's bars, what came of it, and who looked where.

A grid is registered before any outcome is read; its p-values are recorded after, and each look
at the confirmation era before it is opened. The same on the same bars is one entry, however often
it is run.

Hypotheses are the same where name and parameters are, and their bars overlap: a symbol one month
longer is the same data. Pooled over other markets it is another hypothesis.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from lake.chain import Link, append, read_chain, read_list, rows_digest
from lake.errors import LakeError
from lake.hypotheses import (
    IDENTITY,
    MarketBars,
    asked_by,
    check_markets,
    era_of,
    full_name,
    listed,
    overlapping,
    plain_bars,
    plain_span,
    pool_of,
    reached,
)
from lake.ref import EVERY_MARKET
from lake.schema import COUNT, LEDGER, REAL, TEXT
from lake.store import Lake, open_lake

REGISTERED, TESTED, LOOKED = "registered", "tested", "looked"
# Entries that differ in these alone say the same; it is one look, whoever found what is looked at.
_OF_THE_RUN = {"number", "previous", "time", "run", "list"}
_NOBODY = pl.DataFrame(schema=dict.fromkeys(IDENTITY, TEXT))
_UNTESTED = pl.DataFrame(schema={"hypothesis": TEXT, "p": REAL})


@dataclass(frozen=True)
class Noted:
    """What became of something to be noted.

    Attributes
    ----------
    number : int
        The entry's number.
    entry : str
        SHA-256 of the entry: its name for entries that refer to it.
    is_new : bool
        False where an earlier run noted the same.
    """

    number: int
    entry: str
    is_new: bool


@dataclass(frozen=True)
class Looks:
    """How often, and for how many hypotheses, outcomes of a confirmation era were opened."""

    n_looks: int
    n_hypotheses: int


def register(
    uri: str,
    *,
    run: str,
    grid: str,
    hypotheses: pl.DataFrame,
    bars: Sequence[MarketBars],
    start: datetime,
    end: datetime,
    settings: str,
) -> Noted:
    """Note a grid of hypotheses before any outcome is read.

    Parameters
    ----------
    run : str
        Name of the run.
    grid : str
        Content of the GRID table's ref.
    hypotheses : DataFrame
        Columns ``hypothesis`` (market|event|horizon|condition) and ``parameters`` (the event's
        parameters_key), others are ignored; only those that are asked, each once.
    bars : sequence of MarketBars
        One per market.
    start, end : datetime
        The discovery era, without its end.
    settings : str
        Hash of what defines the outcomes.

    Raises
    ------
    LakeError, SchemaError
        When the ledger is not as it was written, or the arguments make no entry.
    """
    rows = listed(hypotheses, {"hypothesis": TEXT, "parameters": TEXT})
    check_markets(rows, bars)
    about = {"bars": plain_bars(bars), **plain_span(start, end), "settings": settings}
    return _note(uri, run, {"kind": REGISTERED, "grid": grid, **about}, rows)


def record_tests(uri: str, *, run: str, entry: str, tests: pl.DataFrame) -> Noted:
    """Note the p-values of a registered grid.

    Parameters
    ----------
    entry : str
        `Noted.entry` of the grid.
    tests : DataFrame
        Columns ``hypothesis`` and ``p`` (0..1; NaN or null where the sample was too small),
        others are ignored. Hypotheses of the grid that it leaves out count as never tested.
    """
    rows = listed(tests, {"hypothesis": TEXT, "p": REAL})
    _registered(open_lake(uri), entry, rows)
    if rows.filter(~pl.col("p").is_between(0, 1)).height:
        raise LakeError("a p-value outside 0..1", "0..1, or NaN where there is none", "mend it")
    least: Any = rows["p"].min()
    return _note(uri, run, {"kind": TESTED, "of": entry, "least_p": least}, rows)


def record_look(
    uri: str, *, run: str, entry: str, hypotheses: pl.DataFrame, start: datetime, end: datetime
) -> Noted | None:
    """Note that outcomes of the confirmation era are opened; before they are.

    The same hypotheses on the same bars and era, under the same settings, are one look, whichever
    grid found them. Who looks at none notes nothing.

    Parameters
    ----------
    entry : str
        `Noted.entry` of the grid in which they were found.
    hypotheses : DataFrame
        Column ``hypothesis``, others are ignored.
    start, end : datetime
        The confirmation era, without its end.
    """
    lake = open_lake(uri)
    names = listed(hypotheses, {"hypothesis": TEXT})
    link = _registered(lake, entry, names)
    about = {name: link.content[name] for name in ("bars", "settings")} | plain_span(start, end)
    rows = read_list(lake, link).join(names, on="hypothesis", how="semi").sort("hypothesis")
    return _note(uri, run, {"kind": LOOKED, "of": entry, **about}, rows) if rows.height else None


def record_opening(
    uri: str,
    *,
    run: str,
    bars: Sequence[MarketBars],
    hypothesis: str,
    parameters: str,
    start: datetime,
    end: datetime,
) -> Noted:
    """Note that a blueprint's back-test opens an era that its research left shut; before it does.

    It needs no grid on this lake: a blueprint travels, and trades other markets than its rule's.

    Parameters
    ----------
    hypothesis, parameters : str
        What is traded, as the grid of its research called it.
    start, end : datetime
        The era, without its end.
    """
    market, _, rule = hypothesis.partition("|")
    names = [hypothesis] if market == EVERY_MARKET else [f"{b.market}|{rule}" for b in bars]
    about = {"bars": plain_bars(bars), **plain_span(start, end), "settings": ""}
    said = {"hypothesis": names, "parameters": [parameters] * len(names)}
    rows = listed(pl.DataFrame(said), dict.fromkeys(said, TEXT))
    return _note(uri, run, {"kind": LOOKED, "of": "", **about}, rows)


def earlier(uri: str, bars: Sequence[MarketBars], except_grid: str) -> pl.DataFrame:
    """What grids other than `except_grid` have asked of bars that overlap with these, as LEDGER.

    A hypothesis that `except_grid`, if it is registered, asks too has its name only; any other
    has its parameters behind it and, where markets are pooled, a hash of their names. So what was
    asked beyond the grid are the rows whose name the grid lacks.

    Raises
    ------
    LakeError
        When the ledger is not as it was written.
    """
    lake = open_lake(uri)
    chain = read_chain(lake)
    own = [_NOBODY.with_columns(is_own=True)]
    others: dict[tuple[str, ...], list[Link]] = {}
    for link in of_kind(chain, REGISTERED):
        markets = sorted(overlapping(link, bars))
        if markets and link.content["grid"] == except_grid:
            own.append(asked_by(lake, link, markets).select(*IDENTITY, is_own=True))
        elif markets:
            # Most runs ask the same list again, and long lists take their time to read.
            alike = (link.content["list"]["file"], pool_of(link), *markets)
            others.setdefault(alike, []).append(link)
    asked = [_with_p(lake, chain, links, alike[2:]) for alike, links in others.items()]
    rows = (
        pl.concat([_NOBODY.with_columns(p=pl.lit(1.0), n_times=pl.lit(0, COUNT)), *asked])
        .group_by(IDENTITY)
        .agg(p=pl.col("p").min(), n_times=pl.col("n_times").sum())
        .join(pl.concat(own).unique(), on=IDENTITY, how="left")
        .with_columns(event=pl.col("hypothesis").str.split("|").list.get(1))
        .with_columns(hypothesis=pl.when("is_own").then("hypothesis").otherwise(full_name()))
    )
    return LEDGER.conform(rows.select(list(LEDGER.columns))).sort(LEDGER.order)


def count_looks(
    uri: str,
    bars: Sequence[MarketBars],
    start: datetime | None = None,
    end: datetime | None = None,
) -> Looks:
    """Count the looks at any confirmation era that reaches into these bars.

    With a span also what was searched there: a search has seen its outcomes too.

    Parameters
    ----------
    start, end : datetime, optional
        Count only eras that overlap with this one, such as the run's own confirmation era.
    """
    lake = open_lake(uri)
    chain, looks = read_chain(lake), []
    searched = [] if start is None and end is None else of_kind(chain, REGISTERED)
    for link in [*of_kind(chain, LOOKED), *searched]:
        era = era_of(link)
        if (end is None or era[0] < end) and (start is None or start < era[1]):
            markets = overlapping(link, bars) & reached(bars, era)
            looks.append(asked_by(lake, link, markets).select(IDENTITY) if markets else _NOBODY)
    n_looks = sum(rows.height > 0 for rows in looks)
    return Looks(n_looks, pl.concat([_NOBODY, *looks]).unique().height)


def of_kind(chain: Iterable[Link], kind: str) -> list[Link]:
    """The entries of one kind."""
    return [link for link in chain if link.content["kind"] == kind]


def _note(uri: str, run: str, content: dict[str, Any], rows: pl.DataFrame) -> Noted:
    digest, said = rows_digest(rows), _says(content)

    def alike(link: Link) -> bool:
        return link.content["list"]["rows"] == digest and _says(link.content) == said

    now = datetime.now(UTC).isoformat(timespec="seconds")
    link, is_new = append(open_lake(uri), {**content, "run": run, "time": now}, rows, alike)
    return Noted(link.number, link.digest, is_new)


def _says(content: dict[str, Any]) -> dict[str, Any]:
    left_out = _OF_THE_RUN | ({"of"} if content["kind"] == LOOKED else set())
    return {name: value for name, value in content.items() if name not in left_out}


def _registered(lake: Lake, entry: str, rows: pl.DataFrame) -> Link:
    """The registered entry of that name, which must hold the hypotheses of `rows`."""
    found = [link for link in of_kind(read_chain(lake), REGISTERED) if link.digest == entry]
    if not found:
        raise LakeError(
            f"no grid {entry[:12]} is registered in the ledger of {lake.uri}",
            "one that was registered before its outcomes were read",
            "run the flow again: it registers its grid",
        )
    strange = rows.join(read_list(lake, found[0]), on="hypothesis", how="anti")["hypothesis"]
    if len(strange):
        raise LakeError(
            f"{len(strange)} hypotheses that entry {found[0].number} lacks, first {strange[0]}",
            "hypotheses that were registered before their outcomes were read",
            "register the grid that holds them",
        )
    return found[0]


def _with_p(
    lake: Lake, chain: list[Link], links: list[Link], markets: Iterable[str]
) -> pl.DataFrame:
    """The list that these entries share with the least p that was found, 1 where none was."""
    grids = {link.digest for link in links}
    tests = [link for link in of_kind(chain, TESTED) if link.content["of"] in grids]
    found = pl.concat([_UNTESTED, *(read_list(lake, link) for link in tests)])
    least = found.group_by("hypothesis").agg(pl.col("p").min())
    known = asked_by(lake, links[0], markets).join(least, on="hypothesis", how="left")
    n_times = pl.lit(len(links), COUNT).alias("n_times")
    return known.select(*IDENTITY, pl.col("p").fill_null(1.0), n_times)
