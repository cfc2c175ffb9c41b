"""The sealed era stays shut, whatever days are asked for, unless it is opened on purpose."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.errors import ConfigError
from tasks.backtest.span import Span, choose_span
from tests.backtest.researched import researched

SEALED = researched().blueprint.eras.sealed
FIRST, AFTER = SEALED.start.date(), SEALED.end.date()
DAY = timedelta(days=1)
days = st.none() | st.integers(-400, 400).map(lambda n: FIRST + n * DAY)


def ms(day: date) -> int:
    """Midnight of the day, by counting days."""
    return (day - date(1970, 1, 1)).days * 86_400_000


def chosen(first=None, last=None, open_sealed=False) -> Span:
    return choose_span(researched().blueprint, first, last, open_sealed)


def test_the_sealed_era_of_these_tests_is_what_the_world_says() -> None:
    assert (date(2024, 4, 11), date(2024, 4, 30)) == (FIRST, AFTER)


def test_without_days_it_ends_where_the_sealed_era_begins() -> None:
    assert chosen() == Span(None, ms(FIRST), opens_sealed=False)


def test_days_are_included() -> None:
    one = date(2024, 2, 3)
    assert chosen(one, one) == Span(ms(one), ms(one) + 86_400_000, opens_sealed=False)


def test_a_day_that_is_not_named_leaves_its_end_open() -> None:
    day = date(2024, 2, 3)
    assert chosen(None, day) == Span(None, ms(day + DAY), opens_sealed=False)
    assert chosen(AFTER, None) == Span(ms(AFTER), None, opens_sealed=False)


@pytest.mark.parametrize("last", [FIRST, FIRST + 3 * DAY, AFTER, AFTER + 90 * DAY, None])
def test_a_span_that_reaches_the_sealed_era_is_ended_there(last: date | None) -> None:
    start = FIRST - 30 * DAY
    assert chosen(start, last) == Span(ms(start), ms(FIRST), opens_sealed=False)
    assert chosen(None, last) == Span(None, ms(FIRST), opens_sealed=False)


def test_the_day_before_the_sealed_era_is_traded_whole() -> None:
    assert chosen(None, FIRST - DAY).end == ms(FIRST)


@pytest.mark.parametrize("first", [FIRST, FIRST + 5 * DAY, AFTER - DAY])
@pytest.mark.parametrize("last", [AFTER + DAY, None])
def test_who_begins_inside_the_sealed_era_is_refused(first: date, last: date | None) -> None:
    with pytest.raises(ConfigError, match="inside the sealed era") as caught:
        chosen(first, last)
    assert "before 2024-04-11 or from 2024-04-30 on" in caught.value.wanted
    assert "--open-sealed" in caught.value.do


def test_bars_after_the_sealed_era_are_new_and_need_no_opening() -> None:
    assert chosen(AFTER, AFTER + 9 * DAY) == Span(
        ms(AFTER), ms(AFTER + 10 * DAY), opens_sealed=False
    )


@pytest.mark.parametrize(
    ("first", "last"),
    [(None, None), (FIRST, FIRST), (None, AFTER), (FIRST - DAY, FIRST), (AFTER - DAY, None)],
)
def test_opened_the_whole_span_is_traded_and_it_says_so(first, last) -> None:
    end = None if last is None else ms(last + DAY)
    start = None if first is None else ms(first)
    assert chosen(first, last, open_sealed=True) == Span(start, end, opens_sealed=True)


@pytest.mark.parametrize(
    ("first", "last"), [(None, FIRST - DAY), (AFTER, None), (AFTER + DAY, AFTER + 2 * DAY)]
)
def test_who_may_open_it_and_does_not_reach_it_opens_nothing(first, last) -> None:
    assert not chosen(first, last, open_sealed=True).opens_sealed


@given(days, days)
def test_no_span_has_a_moment_of_the_sealed_era_while_it_is_shut(first, last) -> None:
    try:
        span = chosen(first, last)
    except ConfigError:
        assert first is not None
        assert FIRST <= first < AFTER
        return
    start = -float("inf") if span.start is None else span.start
    end = float("inf") if span.end is None else span.end
    shut = (SEALED.start.timestamp() * 1000, SEALED.end.timestamp() * 1000)
    assert not span.opens_sealed
    assert min(end, shut[1]) <= max(start, shut[0])


@given(days, days)
def test_opened_or_shut_the_span_never_has_more_than_was_asked_for(first, last) -> None:
    opened = chosen(first, last, open_sealed=True)
    assert opened.start == (None if first is None else ms(first))
    assert opened.end == (None if last is None else ms(last + DAY))


def test_eras_need_not_begin_at_midnight() -> None:
    research = researched().blueprint
    noon = datetime(2024, 4, 11, 12, tzinfo=UTC)
    sealed = research.eras.sealed.model_copy(update={"start": noon})
    eras = research.eras.model_copy(update={"sealed": sealed})
    moved = research.model_copy(update={"eras": eras})
    assert choose_span(moved, None, noon.date(), False).end == ms(noon.date()) + 43_200_000
