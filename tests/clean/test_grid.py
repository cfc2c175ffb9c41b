from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from lake.errors import InputError
from lake.schema import BARS, QUARANTINE
from tasks.clean.config import CleanConfig
from tasks.clean.grid import lay_on_grid
from tasks.clean.rejects import find_rejects
from tests.clean.test_rejects import MARKET, START, raw_frame, raw_row

CONFIG = CleanConfig()


def lay(*rows, market=MARKET, config=CONFIG):
    raw = raw_frame(*rows)
    return lay_on_grid(raw, find_rejects(raw, market, config), market, config)


def test_a_gap_stays_a_gap():
    bars = lay(*(raw_row(slot) for slot in (0, 1, 3, 4)))
    assert bars.schema == pl.Schema(BARS.columns)
    assert bars["is_gap"].to_list() == [False, False, True, False, False]
    for name in BARS.columns:
        if name not in ("time", "is_gap"):
            assert bars[name].is_nan()[2]
            assert bars[name].null_count() == 0


def test_every_slot_has_a_row_in_order():
    bars = lay(*(raw_row(slot) for slot in (5, 2, 3, 4, 2)))
    assert bars["time"].to_list() == [START + timedelta(minutes=5 * slot) for slot in (2, 3, 4, 5)]


def test_a_rejected_row_leaves_a_gap():
    bars = lay(raw_row(0), raw_row(1, close=math.nan), raw_row(2))
    assert bars["is_gap"].to_list() == [False, True, False]


def test_numbers_arrive_as_they_came():
    bars = lay(raw_row(1, price=7.0, part=1), raw_row(0, price=6.0), raw_row(1, price=8.0))
    assert bars.select("open", "close", "trades").rows() == [(6.0, 7.0, 1.0), (7.0, 8.0, 1.0)]


def test_one_bar_is_a_grid():
    assert lay(raw_row(0))["is_gap"].to_list() == [False]


def test_bars_of_a_longer_timeframe_are_refused():
    rows = [raw_row(2 * slot) for slot in range(50)]
    with pytest.raises(InputError, match="most bars are 10 minutes apart"):
        lay(*rows)


def test_a_stamp_in_another_century_is_refused():
    rows = [*(raw_row(slot) for slot in range(3)), raw_row(0, time=START.replace(year=2190))]
    with pytest.raises(InputError, match="a time stamp is likely wrong"):
        lay(*rows)


def test_a_grid_longer_than_allowed_is_refused():
    with pytest.raises(InputError, match="at most"):
        lay(*(raw_row(slot) for slot in range(9)), config=CleanConfig(max_slots=8))


def test_the_grid_does_not_depend_on_the_order_of_rows():
    rows = [raw_row(slot, price=100.0 + slot) for slot in range(20) if slot % 7]
    shuffled = [rows[i] for i in np.random.default_rng(3).permutation(len(rows))]
    assert lay(*rows).equals(lay(*shuffled))


def test_nothing_rejected_is_nothing_lost():
    raw = raw_frame(*(raw_row(slot) for slot in range(4)))
    bars = lay_on_grid(raw, QUARANTINE.empty(), MARKET, CONFIG)
    assert bars.height == raw.height
