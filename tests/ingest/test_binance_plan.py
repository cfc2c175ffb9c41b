"""Which months, days and pages: expected by hand from the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from tasks.ingest.binance_plan import (
    Request,
    Span,
    archive_path,
    days,
    end_of,
    holes,
    moment,
    months,
    ms,
    start_of,
    windows,
)

SPANS = st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda s: Span(s[0], s[0] + s[1]))


def request(start: date, until: datetime, bounded: bool = False) -> Request:
    return Request("um", "BTCUSDT", "15m", start_of(start), ms(until), bounded)


def test_months_run_from_the_starts_own_to_the_last_complete_one():
    asked = request(date(2023, 11, 20), datetime(2024, 3, 5, 12, tzinfo=UTC))
    assert [month.label for month in months(asked)] == ["2023-11", "2023-12", "2024-01", "2024-02"]
    february = months(asked)[-1]
    assert (february.start, february.end) == (start_of(date(2024, 2, 1)), end_of(date(2024, 2, 29)))


def test_a_bounded_request_may_find_its_last_month_archived():
    asked = request(date(2024, 2, 10), datetime(2024, 2, 20, tzinfo=UTC), bounded=True)
    assert [month.label for month in months(asked)] == ["2024-02"]


def test_a_request_to_the_end_of_a_month_wants_that_month_and_not_the_next():
    asked = request(date(2023, 12, 1), datetime(2024, 1, 1, tzinfo=UTC), bounded=True)
    assert [month.label for month in months(asked)] == ["2023-12"]


def test_days_are_whole_ones_before_the_end():
    span = Span(ms(datetime(2024, 2, 28, 6, tzinfo=UTC)), ms(datetime(2024, 3, 2, 23, tzinfo=UTC)))
    labels = ["2024-02-28", "2024-02-29", "2024-03-01"]
    assert [day.label for day in days(span)] == labels


def test_archives_lie_where_the_venue_publishes_them():
    asked = request(date(2024, 2, 1), datetime(2024, 3, 1, tzinfo=UTC))
    assert archive_path(asked, months(asked)[0]) == (
        "data/futures/um/monthly/klines/BTCUSDT/15m/BTCUSDT-15m-2024-02.zip"
    )


@given(SPANS, st.lists(SPANS, max_size=6))
def test_holes_are_what_no_part_covers(span, covered):
    inside = {t for part in covered for t in range(part.start, part.end)}
    left = [t for hole in holes(span, covered) for t in range(hole.start, hole.end)]
    assert left == [t for t in range(span.start, span.end) if t not in inside]


@given(SPANS, st.integers(1, 9))
def test_windows_cut_a_span_without_loss(span, width):
    cut = windows(span, width)
    assert [t for w in cut for t in range(w.start, w.end)] == list(range(span.start, span.end))
    assert all(w.end - w.start <= width for w in cut)


def test_times_survive_the_way_there_and_back():
    assert moment(1_659_312_000_000) == datetime(2022, 8, 1, tzinfo=UTC)
    assert ms(datetime(2022, 8, 1, tzinfo=UTC)) == 1_659_312_000_000
