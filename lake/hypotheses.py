"""Which hypotheses an entry of the ledger speaks of, and of which bars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta

import polars as pl

from lake.chain import Link, read_list
from lake.errors import LakeError, SchemaError
from lake.keys import sha256
from lake.ref import EVERY_MARKET
from lake.schema import TEXT, Dtype
from lake.store import Lake

Span = tuple[datetime, datetime]
# One hypothesis, as far as its bars overlap: where markets are pooled, `pool` says which.
IDENTITY = ("hypothesis", "parameters", "pool")
_N_PARTS = 4
_SHORT = 12


@dataclass(frozen=True)
class MarketBars:
    """The bars of one market that a run is about.

    Attributes
    ----------
    market : str
        ``BTCUSDT-5m``.
    source : str
        Where they came from.
    content : str
        The content of the BARS table's ref.
    first, last : date
        Days (UTC) of the first and of the last bar.
    """

    market: str
    source: str
    content: str
    first: date
    last: date


def plain_bars(bars: Sequence[MarketBars]) -> list[dict[str, str]]:
    """The bars as an entry holds them, sorted by market."""
    markets = [b.market for b in bars]
    if not bars or len(set(markets)) < len(markets) or any(b.last < b.first for b in bars):
        raise LakeError(
            f"bars of {', '.join(markets) or 'no market'} for the ledger",
            "at least one market, each once, none that ends before it begins",
            "name the bars of the run",
        )
    return [
        asdict(b) | {"first": b.first.isoformat(), "last": b.last.isoformat()}
        for b in sorted(bars, key=lambda b: b.market)
    ]


def plain_span(start: datetime, end: datetime) -> dict[str, str]:
    """An era as an entry holds it."""
    if start.tzinfo is None or end.tzinfo is None or end <= start:
        raise LakeError(f"the era {start}..{end}", "times with a zone, in order", "see ERAS")
    return {"start": start.astimezone(UTC).isoformat(), "end": end.astimezone(UTC).isoformat()}


def listed(frame: pl.DataFrame, columns: Mapping[str, Dtype]) -> pl.DataFrame:
    """The `columns` of `frame` as an entry's list holds them, sorted by hypothesis.

    NaN becomes null, so that one list has one spelling.
    """
    wrong = {n: frame.schema.get(n) for n, d in columns.items() if frame.schema.get(n) != d}
    if wrong:
        raise SchemaError(
            f"a list of hypotheses with {wrong}", f"{dict(columns)}", "add or cast these columns"
        )
    rows = frame.select(list(columns)).sort("hypothesis")
    texts = [name for name, dtype in columns.items() if dtype == TEXT]
    n_parts = rows["hypothesis"].str.split("|").list.len()
    if rows.select(texts).null_count().sum_horizontal().sum() or (n_parts < _N_PARTS).any():
        raise SchemaError(
            "a hypothesis without a name", "market|event|horizon|condition", "name it"
        )
    if rows["hypothesis"].n_unique() < rows.height:
        twice = rows.filter(pl.col("hypothesis").is_duplicated())["hypothesis"][0]
        raise SchemaError(f"{twice} more than once", "each hypothesis once", "drop the others")
    return rows.with_columns(pl.selectors.float().fill_nan(None))


def check_markets(rows: pl.DataFrame, bars: Iterable[MarketBars]) -> None:
    """Refuse hypotheses of markets whose bars are not named."""
    known = [EVERY_MARKET, *(b.market for b in bars)]
    strange = rows.filter(~_market().is_in(known))["hypothesis"]
    if len(strange):
        raise LakeError(
            f"the hypothesis {strange[0]}", f"one of {', '.join(known)}", "name that market's bars"
        )


def overlapping(link: Link, bars: Iterable[MarketBars]) -> set[str]:
    """Markets of the entry on bars that share a day with `bars`."""
    there = {b["market"]: _days(b["first"], b["last"]) for b in link.content["bars"]}
    here = {b.market: _days(b.first.isoformat(), b.last.isoformat()) for b in bars}
    return {market for market in here.keys() & there if _meet(here[market], there[market])}


def era_of(link: Link) -> Span:
    """The era of the entry."""
    return _moment(link.content["start"]), _moment(link.content["end"])


def reached(bars: Iterable[MarketBars], era: Span) -> set[str]:
    """Markets whose bars reach into the era."""
    return {b.market for b in bars if _meet(_days(b.first.isoformat(), b.last.isoformat()), era)}


def pool_of(link: Link) -> str:
    """Short hash of the names of the entry's markets."""
    return sha256(",".join(b["market"] for b in link.content["bars"]).encode())[:_SHORT]


def asked_by(lake: Lake, link: Link, markets: Iterable[str] | None = None) -> pl.DataFrame:
    """Its list with `IDENTITY` and market; only what concerns `markets`, alone or pooled."""
    is_pooled = pl.col("market") == EVERY_MARKET
    pool = pl.when(is_pooled).then(pl.lit(pool_of(link))).otherwise(pl.lit(""))
    rows = read_list(lake, link).with_columns(market=_market()).with_columns(pool=pool)
    return (
        rows if markets is None else rows.filter(is_pooled | pl.col("market").is_in(list(markets)))
    )


def full_name() -> pl.Expr:
    """The name of a hypothesis with its parameters, and its pool where it has one."""
    return pl.concat_str(
        "hypothesis",
        pl.lit("|"),
        "parameters",
        pl.when(pl.col("pool") == "").then(pl.lit("")).otherwise(pl.lit("|") + pl.col("pool")),
    )


def _market() -> pl.Expr:
    return pl.col("hypothesis").str.split("|").list.get(0)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _days(first: str, last: str) -> Span:
    return _moment(first), _moment(last) + timedelta(days=1)


def _meet(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
