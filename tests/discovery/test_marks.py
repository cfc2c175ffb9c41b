import numpy as np
import polars as pl
import pytest

from lake.errors import InputError
from tasks.discovery.marks import every_bar, locate, milliseconds
from tests.discovery import market

FRAME = market.bars(200)
TIMES = milliseconds(FRAME["time"])


def test_events_are_found_at_their_bars_with_their_sides_and_none_is_long():
    rows, sides = [5, 17, 100], [1, -1, 0]
    events = market.events(FRAME, {"crash": rows}, sides_of={"crash": sides})
    marks = locate(events, TIMES)
    assert (marks.names, marks.families) == (["crash"], ["volatility"])
    assert marks.parameters == ["0" * 12]
    assert marks.rows.tolist() == rows
    assert marks.sides.tolist() == [1, -1, 1]


def test_marks_are_sorted_by_event_and_bar_whatever_the_order_of_the_events():
    events = market.events(FRAME, {"b": [3, 1, 150], "a": [150, 2], "c": [0]})
    wanted = locate(events, TIMES)
    assert wanted.names == ["a", "b", "c"]
    assert wanted.codes.tolist() == [0, 0, 1, 1, 1, 2]
    assert wanted.rows.tolist() == [2, 150, 1, 3, 150, 0]
    for seed in range(5):
        found = locate(events.sample(fraction=1, shuffle=True, seed=seed), TIMES)
        for name in ("rows", "codes", "sides"):
            assert np.array_equal(getattr(found, name), getattr(wanted, name))


def test_events_after_the_last_bar_are_left_out_and_all_where_there_is_none():
    events = market.events(FRAME, {"crash": [5, 150]})
    assert locate(events, TIMES[:100]).rows.tolist() == [5]
    assert locate(events, TIMES[:0]).rows.size == 0
    assert locate(events.clear(), TIMES).names == []


@pytest.mark.parametrize("shift", ["1m", "-1d"])
def test_events_between_or_before_the_bars_are_refused(shift):
    events = market.events(FRAME, {"crash": [5]}).with_columns(pl.col("time").dt.offset_by(shift))
    with pytest.raises(InputError, match="the grid has no bar"):
        locate(events, TIMES)


def test_every_bar_is_a_mark_of_no_event_on_the_long_side():
    marks = every_bar(3)
    assert marks.names == [""]
    assert (marks.rows.tolist(), marks.codes.tolist()) == ([0, 1, 2], [0, 0, 0])
    assert marks.sides.tolist() == [1, 1, 1]
