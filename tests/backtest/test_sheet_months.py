"""Returns by month and year."""

from collections import OrderedDict
from datetime import datetime, timedelta, timezone

import numpy as np
import polars as pl
import pytest

from lake.schema import EQUITY
from tasks.backtest.sheet_months import monthly_returns, yearly_returns
from tests.backtest.sample import CAPITAL, make_ruined, make_shown

UTC = timezone.utc  # noqa: UP017 - the project runs on 3.11 too


def equity_at(rows):
    times, levels = zip(*rows, strict=True)
    zeros = [0.0] * len(rows)
    frame = pl.DataFrame(
        {"time": times, "equity": levels, "cash": zeros, "gross": zeros, "n_open": [0] * len(rows)},
        schema=EQUITY.columns,
    )
    return EQUITY.conform(frame)


def test_a_bar_that_closes_at_midnight_belongs_to_the_month_that_ends():
    equity = equity_at(
        [
            (datetime(2024, 1, 15, tzinfo=UTC), 110.0),
            (datetime(2024, 2, 1, tzinfo=UTC), 121.0),
            (datetime(2024, 2, 1, 1, tzinfo=UTC), 242.0),
        ]
    )
    months = monthly_returns(equity, 100.0)
    assert months.select("year", "month").rows() == [(2024, 1), (2024, 2)]
    assert months["share"].to_list() == pytest.approx([0.21, 1.0])
    assert yearly_returns(equity, 100.0).row(0) == (2024, pytest.approx(1.42))


def test_months_are_what_a_walk_by_hand_gives_and_compound_to_the_years():
    equity = make_shown().equity
    ends = OrderedDict()
    for time, level in equity.select("time", "equity").rows():
        opened = time - timedelta(hours=1)
        ends[opened.year, opened.month] = level
    before, expected = CAPITAL, {}
    for month, level in ends.items():
        expected[month], before = level / before - 1, level
    months = monthly_returns(equity, CAPITAL)
    assert months.select("year", "month").rows() == list(expected)
    assert months["share"].to_list() == pytest.approx(list(expected.values()), abs=1e-12)
    for year, share in yearly_returns(equity, CAPITAL).rows():
        grown = np.prod([1 + s for (y, _), s in expected.items() if y == year])
        assert share == pytest.approx(grown - 1, abs=1e-12)


def test_the_month_of_ruin_loses_all_and_later_ones_have_no_return():
    equity = equity_at(
        [
            (datetime(2024, 1, 15, tzinfo=UTC), 110.0),
            (datetime(2024, 2, 15, tzinfo=UTC), -3.0),
            (datetime(2024, 2, 16, tzinfo=UTC), 40.0),
            (datetime(2024, 3, 15, tzinfo=UTC), 50.0),
        ]
    )
    shares = monthly_returns(equity, 100.0)["share"].to_list()
    assert shares == pytest.approx([0.1, -1.0, np.nan], nan_ok=True)
    assert yearly_returns(equity, 100.0)["share"].to_list() == [-1.0]


def test_no_bars_are_no_months():
    assert monthly_returns(make_ruined().equity.clear(), 100.0).is_empty()
