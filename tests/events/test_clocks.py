from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tasks.events.bars import Bars
from tasks.events.clocks import (
    LONDON,
    MONDAY_TO_FRIDAY,
    NEW_YORK,
    US_RELEASES,
    Clock,
    first_bars_after,
    last_bars_before,
    last_bars_before_funding,
    strikes,
)
from tests.events.market import bars_of


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def bars_from(start: str, n: int, timeframe: str, **context: object) -> Bars:
    bars = bars_of(np.full(n, 100.0), timeframe=timeframe, **context)
    return replace(bars, time=bars.time - bars.time[0] + ms(start))


def opens(bars: Bars, flags: np.ndarray) -> list[str]:
    return [str(t)[:16] for t in bars.time[flags].astype("datetime64[ms]")]


def texts(instants: np.ndarray) -> list[str]:
    return [str(t)[:16] for t in instants.astype("datetime64[ms]")]


@pytest.mark.parametrize(
    ("zone", "hour", "minute"),
    [(LONDON, 8, 0), (LONDON, 16, 30), (NEW_YORK, 9, 30), (NEW_YORK, 16, 0), ("UTC", 0, 0)],
)
def test_a_clock_strikes_when_python_says(zone, hour, minute):
    found = strikes(Clock(zone, hour, minute, MONDAY_TO_FRIDAY), ms("2018-01-02"), ms("2026-12-30"))
    days = (datetime(2018, 1, 1) + timedelta(days=n) for n in range(3287))
    wanted = [
        int(day.replace(hour=hour, minute=minute, tzinfo=ZoneInfo(zone)).timestamp() * 1000)
        for day in days
        if day.weekday() < 5
    ]
    assert found.tolist() == wanted


def test_summer_time_begins_on_another_day_in_new_york():
    clock = Clock(NEW_YORK, 9, 30, MONDAY_TO_FRIDAY)
    assert texts(strikes(clock, ms("2024-03-09"), ms("2024-03-10"))) == [
        "2024-03-08T14:30",
        "2024-03-11T13:30",
    ]
    assert texts(strikes(Clock(LONDON, 8, 0, (0,)), ms("2024-03-25"), ms("2024-04-01"))) == [
        "2024-03-25T08:00",
        "2024-04-01T07:00",
    ]


def test_us_employment_is_on_first_fridays():
    found = strikes(US_RELEASES[1], ms("2024-08-01"), ms("2025-01-31"))
    assert texts(found) == [
        "2024-08-02T12:30",
        "2024-09-06T12:30",
        "2024-10-04T12:30",
        "2024-11-01T12:30",
        "2024-12-06T13:30",
        "2025-01-03T13:30",
    ]


NOON_AND_A_BIT = (Clock("UTC", 12, 30, tuple(range(7))),)


@pytest.mark.parametrize(
    ("timeframe", "after", "before"),
    [
        ("5m", "2024-05-01T12:30", "2024-05-01T12:25"),
        ("30m", "2024-05-01T12:30", "2024-05-01T12:00"),
        ("1h", "2024-05-01T13:00", "2024-05-01T11:00"),
        ("4h", "2024-05-01T16:00", "2024-05-01T08:00"),
    ],
)
def test_the_nearest_bars_that_do_not_hold_the_hour_stand(timeframe, after, before):
    bars = bars_from(
        "2024-05-01", 24 * 3_600_000 // bars_of([1.0], timeframe=timeframe).step_ms, timeframe
    )
    assert opens(bars, first_bars_after(bars, NOON_AND_A_BIT)) == [after]
    assert opens(bars, last_bars_before(bars, NOON_AND_A_BIT)) == [before]


def test_bars_that_begin_late_or_end_early_do_not_stand_for_the_hour():
    late = bars_from("2024-05-01T14:00", 8, "1h")
    early = bars_from("2024-05-01T01:00", 8, "1h")
    for bars in (late, early, late.part(0, 0)):
        assert not first_bars_after(bars, NOON_AND_A_BIT).any()
        assert not last_bars_before(bars, NOON_AND_A_BIT).any()


def test_a_bar_says_the_same_alone():
    bars = bars_from("2024-05-01", 48, "1h")
    for stand in (first_bars_after, last_bars_before):
        whole = stand(bars, NOON_AND_A_BIT)
        alone = [bool(stand(bars.part(t, t + 1), NOON_AND_A_BIT)[0]) for t in range(48)]
        assert whole.tolist() == alone


def test_a_gap_does_not_stand():
    bars = bars_from("2024-05-01", 24, "1h")
    gone = replace(bars, is_gap=np.ones(24, dtype=bool))
    for stand in (first_bars_after, last_bars_before):
        assert stand(bars, NOON_AND_A_BIT).any()
        assert not stand(gone, NOON_AND_A_BIT).any()
    assert not last_bars_before_funding(gone, 28_800_000).any()


def test_funding_is_due_an_interval_after_the_last():
    known = ms("2024-05-01T02:00") + np.array([0.0] * 6 + [4.0] * 4 + [8.0] * 2) * 3_600_000
    bars = bars_from(
        "2024-05-01T01:00", 12, "1h", funding=1e-4, funding_time=known, funding_hours=4.0
    )
    assert opens(bars, last_bars_before_funding(bars, 28_800_000)) == [
        "2024-05-01T01:00",
        "2024-05-01T05:00",
        "2024-05-01T09:00",
    ]


def test_a_settlement_a_little_late_is_after_the_bar_that_just_closes():
    known = float(ms("2024-05-01T08:00") + 3)
    bars = bars_from(
        "2024-05-01T14:00", 4, "1h", funding=1e-4, funding_time=known, funding_hours=8.0
    )
    assert opens(bars, last_bars_before_funding(bars, 28_800_000)) == ["2024-05-01T15:00"]


def test_without_data_funding_keeps_its_schedule():
    bars = bars_from("2024-05-01", 48, "30m")
    assert opens(bars, last_bars_before_funding(bars, 28_800_000)) == [
        "2024-05-01T07:30",
        "2024-05-01T15:30",
        "2024-05-01T23:30",
    ]
