"""How files call what lies beside the bars: funding, open interest, the mark price."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.ingest.columns import KLINE_COLUMNS, NUMBERS, match_spellings
from tasks.ingest.layouts import Layout

PRICES = ("open", "high", "low", "close")
OF_FUNDING = {
    "time": ("funding_time", "calc_time", "fundingtime"),
    "rate": ("funding_rate", "last_funding_rate", "fundingrate"),
    "hours": ("funding_interval_hours", "fundingintervalhours"),
    "symbol": ("symbol",),
}
OF_INTEREST = {
    "time": ("open_time", "create_time", "timestamp"),
    "contracts": ("sum_open_interest", "sumopeninterest"),
    "value": ("sum_open_interest_value", "sumopeninterestvalue"),
    "symbol": ("symbol",),
}
OF_MARK = {"time": ("open_time",), **{name: (name,) for name in PRICES}}


def _match_funding(name: str, present: Sequence[str]) -> dict[str, str]:
    return match_spellings(name, present, OF_FUNDING, optional=("hours", "symbol"))


def _match_interest(name: str, present: Sequence[str]) -> dict[str, str]:
    return match_spellings(name, present, OF_INTEREST, optional=("value", "symbol"))


def _match_mark(name: str, present: Sequence[str]) -> dict[str, str]:
    return match_spellings(name, present, OF_MARK)


FUNDING = Layout("funding settlements", ("rate", "hours"), _match_funding)
INTEREST = Layout("open interest", ("contracts", "value"), _match_interest)
MARK = Layout("mark prices", NUMBERS, _match_mark, KLINE_COLUMNS)
