"""The tail is the last rows of the whole."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from lake.schema import BARS
from tasks.live.tail import NUMBERS, SPARE, Tail

HOUR = 3_600_000
START = 473_000 * HOUR
LENGTH = 5


def numbers(k: int) -> tuple[float, ...]:
    return tuple(float(10 * k + j) for j in range(len(NUMBERS)))


def is_gap(k: int) -> bool:
    return k % 4 == 3


def filled(n: int) -> Tail:
    tail = Tail(LENGTH, HOUR)
    for k in range(n):
        tail.push(START + k * HOUR, None if is_gap(k) else numbers(k))
    return tail


@pytest.mark.parametrize("n", [1, 3, 5, 6, LENGTH * SPARE, LENGTH * SPARE + 1, 97])
def test_the_last_slots_are_kept_in_their_order(n: int) -> None:
    bars = filled(n).bars()
    kept = range(max(0, n - LENGTH), n)
    assert bars.schema == pl.Schema(BARS.columns)
    assert bars["time"].cast(pl.Int64).to_list() == [START + k * HOUR for k in kept]
    assert bars["is_gap"].to_list() == [is_gap(k) for k in kept]
    wanted = [[np.nan] * 9 if is_gap(k) else numbers(k) for k in kept]
    assert np.array_equal(bars.select(NUMBERS).to_numpy(), wanted, equal_nan=True)


def test_a_bar_is_found_by_its_time_while_it_is_kept() -> None:
    tail = filled(10)
    assert tail.at(START + 9 * HOUR) == numbers(9)
    assert tail.at(START + 5 * HOUR) == numbers(5)
    assert tail.at(START + 7 * HOUR) is None  # a gap
    assert tail.at(START + 4 * HOUR) is None  # forgotten
    assert tail.at(START + 10 * HOUR) is None  # to come


@pytest.mark.parametrize("cut", [1, 4, 19, 20, 21, 33])
def test_a_tail_that_is_saved_goes_on_as_if_it_was_not(cut: int) -> None:
    other = Tail(LENGTH, HOUR)
    other.restore(filled(cut).saved())
    for k in range(cut, 40):
        other.push(START + k * HOUR, None if is_gap(k) else numbers(k))
    assert other.bars().equals(filled(40).bars())
