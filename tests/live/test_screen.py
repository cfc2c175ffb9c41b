"""Rows that come one at a time are judged as clean judges the finished file."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.errors import InputError
from lake.schema import RAW_BARS
from tasks.clean.config import CleanConfig
from tasks.clean.rejects import find_rejects
from tasks.live.screen import LATE, TAKEN, Row, Screen, judge_alone
from tasks.live.tail import NUMBERS, Tail

HOUR = 3_600_000
START = 473_000 * HOUR
GOOD = (10.0, 12.0, 9.0, 11.0, 5.0, 55.0, 3.0, 2.0, 22.0)
CONFIG = CleanConfig()


def row(hour: float, prices: tuple[float, ...] = GOOD[:4], volume: float = 5.0) -> Row:
    return Row(int(START + hour * HOUR), (*prices, volume, *GOOD[5:]))


def frame(rows: list[Row]) -> pl.DataFrame:
    columns = {name: [each.numbers[k] for each in rows] for k, name in enumerate(NUMBERS)}
    times = pl.Series([each.time_ms for each in rows], dtype=pl.Int64)
    raw = pl.DataFrame({"time": times.cast(RAW_BARS.columns["time"]), **columns})
    return RAW_BARS.conform(raw.with_columns(part=pl.lit(0, pl.Int16)))


def reasons_of(rows: list[Row]) -> list[str]:
    """As clean says them of all rows at once; one good row stands apart, lest none is left."""
    apart = Row(START - 1000 * HOUR, GOOD)
    rejects = find_rejects(frame([*rows, apart]), "AAA-1h", CleanConfig(max_off_grid_share=1.0))
    said = dict(zip(rejects["row"], rejects["reason"], strict=True))
    return [said.get(k, TAKEN) for k in range(len(rows))]


def screened(rows: list[Row], config: CleanConfig = CONFIG) -> list[str]:
    tail = Tail(64, HOUR)
    screen = Screen(config, tail)
    said = []
    for each in rows:
        said.append(screen.judge(each))
        if said[-1] == TAKEN:
            assert each.time_ms is not None
            while len(tail) and tail.last_ms + HOUR < each.time_ms:
                tail.push(tail.last_ms + HOUR, None)
            tail.push(each.time_ms, each.numbers)
    return said


NUMBER = st.sampled_from([9.0, 10.0, 11.0, 12.0, 0.0, -1.0, math.nan, math.inf, -math.inf])


@given(
    st.lists(NUMBER, min_size=4, max_size=4),
    NUMBER,
    st.sampled_from([None, START, START + 1, START + HOUR]),
)
def test_what_is_wrong_with_a_row_alone_is_what_clean_says(prices, volume, time_ms) -> None:
    one = Row(time_ms, (*prices, volume, *GOOD[5:]))
    assert [judge_alone(one, HOUR)] == reasons_of([one])


LEVELS = st.sampled_from([1.0, 1.0, 1.0, 1.0, 5.0, 40.0])


@given(st.lists(st.tuples(LEVELS, LEVELS, st.integers(1, 3)), min_size=1, max_size=40))
def test_spikes_are_those_of_the_finished_file(moves) -> None:
    rows, hour = [], 0
    for level, wick, step in moves:
        reach = max(level, wick)
        rows.append(row(hour, (level, reach, level, level)))
        hour += step
    try:
        rejects = find_rejects(frame(rows), "AAA-1h", CONFIG)
    except InputError:  # no row is a bar
        assert set(screened(rows)) == {"spike"}
        return
    said = dict(zip(rejects["row"], rejects["reason"], strict=True))
    assert screened(rows) == [said.get(k, TAKEN) for k in range(len(rows))]


def test_a_new_level_is_believed_when_patience_is_over() -> None:
    charts = [(1.0,) * 4, *[(8.0,) * 4] * 5]
    rows = [row(k, prices) for k, prices in enumerate(charts)]
    assert screened(rows) == [TAKEN, "spike", "spike", "spike", TAKEN, TAKEN]


def test_a_bar_that_comes_twice_is_a_duplicate_and_one_that_contradicts_a_conflict() -> None:
    other = row(1, (10.0, 12.0, 9.0, 10.5))
    rows = [row(0), row(1), row(1), other, row(2), row(0)]
    assert screened(rows) == [TAKEN, TAKEN, "duplicate", "conflict", TAKEN, "duplicate"]


def test_a_number_that_only_one_of_two_rows_has_is_no_difference() -> None:
    assert screened([row(0), row(0, volume=math.nan)]) == [TAKEN, "duplicate"]


def test_a_bar_that_comes_when_its_slot_is_over_fills_no_gap() -> None:
    assert screened([row(0), row(2), row(1)]) == [TAKEN, TAKEN, LATE]


def test_a_bar_before_the_first_is_late() -> None:
    assert screened([row(5), row(4)]) == [TAKEN, LATE]


def test_a_row_that_was_no_bar_makes_room_for_one_of_its_time() -> None:
    broken = row(1, (10.0, 9.0, 9.0, 10.0))
    assert screened([row(0), broken, row(1)]) == [TAKEN, "bad_ohlc", TAKEN]


def test_a_spike_that_comes_twice_is_one_bar_of_a_new_level() -> None:
    wild = [row(k, (8.0,) * 4) for k in (1, 1, 2, 3, 4)]
    assert screened([row(0, (1.0,) * 4), *wild]) == [TAKEN, *["spike"] * 4, TAKEN]


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_screen_that_is_saved_goes_on_as_if_it_was_not(cut: int) -> None:
    levels = [1.0, 1.0, 8.0, 8.0, 1.0, 8.0, 8.0, 8.0, 8.0, 8.0]
    rows = [row(k, (level,) * 4) for k, level in enumerate(levels)]
    whole = screened(rows)
    tail, other = Tail(64, HOUR), Tail(64, HOUR)
    screen, next_screen = Screen(CONFIG, tail), Screen(CONFIG, other)
    said = []
    for k, each in enumerate(rows):
        if k == cut:
            next_screen.restore(screen.saved())
            other.restore(tail.saved())
            screen, tail = next_screen, other
        said.append(screen.judge(each))
        if said[-1] == TAKEN:
            while len(tail) and tail.last_ms + HOUR < each.time_ms:
                tail.push(tail.last_ms + HOUR, None)
            tail.push(each.time_ms, each.numbers)
    assert said == whole
    assert "spike" in said
    assert np.isfinite(screen.saved()["level"])
