"""The ledger for people and machines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from lake.chain import Link, read_chain
from lake.hypotheses import IDENTITY, asked_by, era_of
from lake.ledger import LOOKED, REGISTERED, of_kind
from lake.ref import EVERY_MARKET
from lake.schema import TEXT
from lake.show import aligned
from lake.store import Lake

_N_NAMED = 3


@dataclass(frozen=True)
class Row:
    """An entry of the ledger, as it is shown.

    Attributes
    ----------
    markets : tuple of str
        Whose bars it is about.
    start, end : str
        Its era (UTC): the discovery era, or for a look the confirmation era.
    least_p : float or None
        The least p-value of the entry, None where it holds none.
    of : int or None
        Number of the registered entry that it belongs to.
    """

    number: int
    time: str
    kind: str
    run: str
    markets: tuple[str, ...]
    start: str
    end: str
    n_hypotheses: int
    least_p: float | None
    of: int | None


@dataclass(frozen=True)
class LedgerTable:
    """All entries and their totals.

    Attributes
    ----------
    n_hypotheses : int
        Ever registered: name and parameters, again on bars that do not overlap.
    n_looks, n_looked : int
        Looks at confirmation eras, and the hypotheses that they were for, counted likewise.
    """

    rows: tuple[Row, ...]
    n_hypotheses: int
    n_looks: int
    n_looked: int

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def read_ledger(lake: Lake) -> LedgerTable:
    """Return every entry of the ledger; none where no run has registered anything.

    Raises
    ------
    LakeError
        When it is not as it was written.
    """
    chain = read_chain(lake)
    grids = {link.digest: link for link in of_kind(chain, REGISTERED)}
    looks = of_kind(chain, LOOKED)
    return LedgerTable(
        tuple(_row(link, grids.get(link.content.get("of", ""))) for link in chain),
        _n_distinct(lake, list(grids.values())),
        len(looks),
        _n_distinct(lake, looks),
    )


def ledger_lines(table: LedgerTable) -> Iterator[str]:
    """The ledger as columns, with its totals."""
    heads = ("NO", "TIME", "KIND", "RUN", "MARKETS", "ERA", "HYPOTHESES", "LEAST P")
    if table.rows:
        yield from aligned([heads, *map(_cells, table.rows)], right=(0, 6, 7))
    yield (
        f"{len(table.rows)} entries: {table.n_hypotheses:,} hypotheses ever asked of these bars, "
        f"{table.n_looks:,} looks at confirmation eras for {table.n_looked:,} of them"
    )


def _row(link: Link, grid: Link | None) -> Row:
    content = link.content
    about = content if "bars" in content or grid is None else grid.content
    start, end = era_of(link) if "start" in content else era_of(grid or link)
    return Row(
        number=link.number,
        time=content["time"],
        kind=content["kind"],
        run=content["run"],
        markets=tuple(bars["market"] for bars in about["bars"]),
        start=start.isoformat(),
        end=end.isoformat(),
        n_hypotheses=content["list"]["n_rows"],
        least_p=content.get("least_p"),
        of=grid.number if grid else None,
    )


def _n_distinct(lake: Lake, links: list[Link]) -> int:
    """Hypotheses of the entries; one that was asked of bars that do not meet counts for each."""
    nobody = pl.DataFrame(
        schema={**dict.fromkeys(IDENTITY, TEXT), "first": pl.Date, "last": pl.Date}
    )
    asked = (asked_by(lake, link).join(_days(link), on="market") for link in links)
    rows = pl.concat([nobody, *(rows.select(nobody.columns) for rows in asked)]).sort("first")
    until = pl.col("last").cum_max().shift(1).over(IDENTITY)
    return int(rows.select((pl.col("first") > until).fill_null(True).sum()).item())


def _days(link: Link) -> pl.DataFrame:
    """First and last day of the entry's bars by market, and of all together."""
    days = pl.DataFrame(link.content["bars"]).select(
        "market", pl.col("first", "last").str.to_date()
    )
    every = days.select(pl.lit(EVERY_MARKET).alias("market"), pl.min("first"), pl.max("last"))
    return pl.concat([days, every])


def _cells(row: Row) -> tuple[str, ...]:
    more = len(row.markets) - _N_NAMED
    named = ", ".join(row.markets[:_N_NAMED]) + (f" and {more} more" if more > 0 else "")
    return (
        str(row.number),
        row.time[:16].replace("T", " "),
        row.kind if row.of is None else f"{row.kind} (of {row.of})",
        row.run,
        named,
        f"{row.start[:10]}..{row.end[:10]}",
        f"{row.n_hypotheses:,}",
        "" if row.least_p is None else f"{row.least_p:.2g}",
    )
