"""Golden trades of a table of trades, and where a replay of them first differs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from lake.keys import canonical_json
from tasks.blueprint.golden import Golden, GoldenTrade, digest_of

Plain = dict[str, Any]
FIELDS = tuple(GoldenTrade.model_fields)
_ORDER = ("fold", "trade")


def golden_of(trades: pl.DataFrame, count: int) -> Golden:
    """The golden trades of one hypothesis.

    Parameters
    ----------
    trades : DataFrame
        TRADES, at least one.
    count : int
        So many are listed from the beginning, and from the end.
    """
    plain = plain_trades(trades)
    return Golden(
        n_trades=len(plain),
        sha256=digest_of(plain),
        first=tuple(GoldenTrade(**trade) for trade in plain[:count]),
        last=tuple(GoldenTrade(**trade) for trade in plain[count:][-count:]),
    )


def plain_trades(trades: pl.DataFrame) -> list[Plain]:
    """TRADES by fold and number, each as the document lists it; a missing number is null."""
    rows = trades.sort(_ORDER).select(FIELDS).iter_rows(named=True)
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def first_difference(golden: Golden, trades: pl.DataFrame) -> str | None:
    """Name the first golden trade that `trades` do not reproduce, or return None.

    Parameters
    ----------
    golden : Golden
    trades : DataFrame
        TRADES of the replay, fold by fold; their `hypothesis` does not matter.

    Returns
    -------
    str or None
        The trade, and that it is missing, or extra, or the first field that differs with both
        values; numbers are compared bit for bit. Where all that are listed are equal and only the
        digest is not, that.
    """
    replayed = plain_trades(trades)
    first, last = ([t.model_dump(mode="json") for t in ts] for ts in (golden.first, golden.last))
    if len(replayed) == golden.n_trades and digest_of(replayed) == golden.sha256:
        # The digest says nothing of what the document lists beside it.
        return _walk(first, replayed) or _walk(last, replayed[len(replayed) - len(last) :])
    begin = _begin(last, replayed, len(first))
    behind = replayed[begin + len(last) :]
    return (
        _walk(first, replayed)
        or _walk(last, replayed[begin:])
        or (_extra(behind[0]) if behind else _unlisted(golden, len(replayed)))
    )


def _begin(last: Sequence[Plain], replayed: Sequence[Plain], after: int) -> int:
    """Where the last trades begin among those replayed, at the end where they do not."""
    if not last:
        return after
    found = (i for i in range(after, len(replayed)) if _same(last[0], replayed[i]))
    return next(found, len(replayed))


def _walk(listed: Sequence[Plain], replayed: Sequence[Plain]) -> str | None:
    """The first difference between the trades listed and those replayed from there on."""
    for number, wanted in enumerate(listed):
        rest = replayed[number:]
        if not any(_same(wanted, trade) for trade in rest):
            return f"{_name(wanted)}: missing, the replay does not have it"
        if not _same(wanted, rest[0]):
            return _extra(rest[0])
        for field in FIELDS:
            golden, came = canonical_json(wanted[field]), canonical_json(rest[0][field])
            if golden != came:
                return f"{_name(wanted)}: {field}: golden {golden}, replayed {came}"
    return None


def _extra(trade: Plain) -> str:
    return f"{_name(trade)}: extra, the golden trades do not have it"


def _unlisted(golden: Golden, n_replayed: int) -> str:
    n_listed = len(golden.first) + len(golden.last)
    return (
        f"the {n_listed} golden trades that are listed are equal, but the digest over all "
        f"{golden.n_trades} is not: of the {n_replayed} replayed, one differs that is not listed, "
        f"after {_name(golden.first[-1].model_dump(mode='json'))}"
    )


def _same(one: Plain, other: Plain) -> bool:
    """Whether two trades are the same position, however their numbers may differ."""
    place = one["fold"] == other["fold"] and one["market"] == other["market"]
    return place and any(one[n] == other[n] for n in ("event_time", "entry_time"))


def _name(trade: Plain) -> str:
    return f"trade of fold {trade['fold']} in {trade['market']} entered {trade['entry_time']}"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return None if isinstance(value, float) and not math.isfinite(value) else value
