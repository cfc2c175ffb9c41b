from dataclasses import replace

import numpy as np
import pytest

from tasks.events.temporal import (
    funding_timestamp,
    scheduled_news_window,
    session_close,
    session_open,
)
from tests.events.test_clocks import bars_from, opens


def stands(analyzer, bars):
    found = analyzer.marks(bars, "1h")
    assert not found.side.any()
    assert (found.strength == found.fired).all()
    return opens(bars, found.fired)


@pytest.mark.parametrize(
    ("day", "london", "new_york"),
    [
        ("2024-01-10", "08:00", "14:30"),  # winter
        ("2024-03-13", "08:00", "13:30"),  # summer time in New York alone
        ("2024-07-10", "07:00", "13:30"),  # summer
    ],
)
def test_sessions_open_by_local_time(day, london, new_york):
    wanted = [f"{day}T{hour}" for hour in ("00:00", london, new_york)]
    assert stands(session_open, bars_from(day, 96, "15m")) == wanted


@pytest.mark.parametrize(
    ("day", "london", "new_york"),
    [("2024-01-10", "16:15", "20:45"), ("2024-07-10", "15:15", "19:45")],
)
def test_a_session_ends_with_the_bar_that_closes_then(day, london, new_york):
    wanted = [f"{day}T{hour}" for hour in ("07:45", london, new_york)]
    assert stands(session_close, bars_from(day, 96, "15m")) == wanted


def test_at_weekends_only_asia_has_sessions():
    saturday = bars_from("2024-07-13", 96, "15m")
    assert stands(session_open, saturday) == ["2024-07-13T00:00"]
    assert stands(session_close, saturday) == ["2024-07-13T07:45"]


def test_long_bars_stand_once_for_each_session():
    bars = bars_from("2024-07-08", 30, "4h")
    opened, closed = session_open.function(bars), session_close.function(bars)
    assert opens(bars, opened.fired)[:3] == [f"2024-07-08T{h}:00" for h in ("00", "08", "16")]
    assert opens(bars, closed.fired)[:3] == [f"2024-07-08T{h}:00" for h in ("04", "08", "16")]
    assert opened.fired.sum() == closed.fired.sum() == 15


def test_funding_stands_at_the_bar_that_closes_when_it_is_due():
    bars = bars_from("2024-07-10", 288, "5m")
    assert stands(funding_timestamp, bars) == [f"2024-07-10T{h}:55" for h in ("07", "15", "23")]


def test_hourly_funding_is_due_within_each_long_bar():
    bars = bars_from(
        "2024-07-10", 6, "4h", funding=1e-4, funding_time=1.72e12 // 3.6e6 * 3.6e6, funding_hours=1
    )
    assert funding_timestamp.function(bars, interval="8h").fired.all()


def test_releases_are_on_thursdays_and_first_fridays():
    bars = bars_from("2024-08-01", 31 * 96, "15m")
    assert stands(scheduled_news_window, bars) == [
        f"2024-08-{day:02}T12:15" for day in (1, 2, 8, 15, 22, 29)
    ]
    winter = bars_from("2024-12-05", 96, "15m")
    assert stands(scheduled_news_window, winter) == ["2024-12-05T13:15"]


def test_the_users_calendar_comes_on_top():
    news = np.zeros(96)
    news[[20, 70]] = 1.0
    bars = bars_from("2024-07-10", 96, "15m", news=news)
    assert stands(scheduled_news_window, bars) == ["2024-07-10T05:00", "2024-07-10T17:30"]
    hole = np.arange(96) == 70
    assert stands(scheduled_news_window, replace(bars, is_gap=hole)) == ["2024-07-10T05:00"]
    assert stands(scheduled_news_window, replace(bars, news=np.full(96, np.nan))) == []
