"""What the tear sheet of an engine has besides: its members, its charts, its last decisions."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tasks.backtest.engine_member import Member
from tasks.backtest.sheet_formats import money, money_digits, price, side_words
from tasks.kernels.fusion_memory import MEMBERS
from tasks.report.formats import MISSING, count, decimal, minute, n_of, percent, signed
from tasks.report.grid import Column, Grid, fill_grid, text

N_LAST = 40
N_PICTURES = 6
SECTIONS = (("engines", "Engines"), ("structure", "Structure"), ("decisions", "Decisions"))


@dataclass(frozen=True, eq=False)
class ShownEngine:
    """What an engine's tear sheet is drawn from, besides the account.

    Attributes
    ----------
    members : sequence of Member
        The engines beside each other.
    comparison : str
        Whether a fusion beats its best member, empty where it is none.
    decisions : pl.DataFrame
        DECISIONS with their fates.
    pictures : mapping of str to bytes
        Charts by market, PNG.
    """

    members: Sequence[Member]
    comparison: str
    decisions: pl.DataFrame
    pictures: Mapping[str, bytes]


def tell_engine(shown: ShownEngine) -> dict[str, Any]:
    """Tables, charts and sentences of the sections."""
    n, n_pictures = shown.decisions.height, len(shown.pictures)
    more = f"the last {N_LAST} of {count(n)}" if n > N_LAST else f"all {count(n)}"
    drawn = list(shown.pictures.items())[:N_PICTURES]
    return {
        "comparison": shown.comparison,
        "members": _members(shown.members),
        "pictures": [{"market": m, "source": _embedded(png)} for m, png in drawn],
        "rest": n_of(n_pictures - len(drawn), "more chart") if n_pictures > len(drawn) else "",
        "n_decisions": n_of(n, "decision"),
        "decisions": _decisions(shown.decisions.sort("time", "market").tail(N_LAST), more),
    }


def _embedded(png: bytes) -> str:
    return f"data:image/png;base64,{b64encode(png).decode('ascii')}"


def _members(members: Sequence[Member]) -> Grid:
    digits = money_digits([row.net for row in members])
    columns = (
        text("engine", "engine"),
        text("reads", "timeframe"),
        Column("bars", lambda row: count(row["n_bars"])),
        Column("in a stance", lambda row: percent(row["in_stance"], 1), "% of bars"),
        Column(
            "says",
            lambda row: decimal(row["contribution"], 3),
            hint="mean size of its contribution to the score; of the fusion, of the score",
        ),
        Column("net on its own", lambda row: money(row["net"], digits), "currency"),
        Column("net on its own", lambda row: _share(row["net_share"]), "%"),
        Column("Sharpe ratio", lambda row: decimal(row["sharpe"])),
        Column("trades", lambda row: _whole(row["n_trades"])),
    )
    caption = "Each engine, and its own account under the same terms"
    return fill_grid("engines", caption, columns, [row.model_dump() for row in members])


def _decisions(decisions: pl.DataFrame, which: str) -> Grid | None:
    if decisions.is_empty():
        return None
    columns = (
        Column("bar", lambda row: minute(row["time"]), "UTC", kind="text"),
        text("market", "market"),
        text("decision", "decision"),
        Column("side", lambda row: side_words(row["side"]), kind="text"),
        Column("because", lambda row: row["reasons"].replace(",", ", "), kind="prose"),
        Column("fate", lambda row: row["fate"] or MISSING, kind="text"),
        Column("score", lambda row: signed(row["score"], 2)),
        *(_added(name) for name in MEMBERS),
        Column("aligned", lambda row: decimal(row["alignment"])),
        Column("close", lambda row: price(row["close"])),
        Column("broken at", lambda row: price(row["guard"]), hint="structure stop"),
    )
    rows = decisions.to_dicts()[::-1]
    return fill_grid("decisions", f"Decisions, {which}, latest first", columns, rows)


def _added(member: str) -> Column:
    return Column(member.replace("_", " "), lambda row: signed(row[member], 2), hint="of the score")


def _share(value: float | None) -> str:
    return MISSING if value is None else signed(100 * value, 1)


def _whole(value: float | None) -> str:
    return MISSING if value is None else count(int(value))
