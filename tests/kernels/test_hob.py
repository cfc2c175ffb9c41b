from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.engines.hob import HOB, HobConfig
from tasks.kernels import hob as kernel
from tasks.kernels import hob_levels, reading
from tests.engines.charts import market
from tests.kernels import naive_hob
from tests.kernels.test_chart import candles

SMALL = HobConfig(
    span=1, higher_factor=2, atr_bars=2, volume_bars=3, base_bars=2, reaction_bars=2, age_bars=9,
    hold_bars=3, strong_least=0.5, weak_least=0.3,
)  # fmt: skip
CROWD = HobConfig(span=1, higher_factor=2, merge_atr=0.01, broken_atr=50.0, age_bars=2000)
CONFIGS = {
    "default": HobConfig(),
    "small": SMALL,
    "crowded": CROWD,
    "short-lived": HobConfig(age_bars=60, broken_atr=3.0, reaction_bars=9, return_atr=1.0),
    "one share only": HobConfig(
        base_weight=0.0, volume_weight=0.0, reaction_weight=0.0, wick_weight=0.0, higher_weight=1.0
    ),
}


def heard(bars, config):
    return HOB.run(HOB.start(), bars, config)


def assert_same(got, wanted):
    readings, notes = wanted
    assert got.notes.tolist() == notes
    for t, (here, there) in enumerate(zip(got.readings, readings, strict=True)):
        columns = (here[name].tolist() for name in ("side", "strength", "anchor"))
        one = (here[name] for name in ("stance", "conviction", "is_warm"))
        assert (list(zip(*columns, strict=True)), *one) == there[:-1], t
        assert np.array_equal(here["facts"], there[-1], equal_nan=True), t


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("seed", [0, 1])
def test_readings_and_notes_are_those_of_the_definition(config, seed):
    bars = market(1200, seed)
    assert_same(heard(bars, config), naive_hob.run_hob(bars, config.model_dump()))


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(candles, min_size=1, max_size=60))
def test_rough_charts_are_read_as_defined(rows):
    bars = np.array(rows).T.copy()
    assert_same(heard(bars, SMALL), naive_hob.run_hob(bars, SMALL.model_dump()))


def test_levels_die_in_every_way():
    ways = {reading.AGED, reading.BROKEN, reading.CROWDED, reading.REPLACED}
    seen = set()
    for config in CONFIGS.values():
        notes = heard(market(1200, 0), config).notes
        seen |= set(notes["why"][notes["what"] == reading.DIED].tolist())
    assert seen == ways


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_every_level_is_born_once_and_dies_at_most_once(config):
    notes = heard(market(3000, 2), config).notes
    born = notes[notes["what"] == reading.BORN]
    died = notes[notes["what"] == reading.DIED]
    assert born["zone"].tolist() == list(range(born.size))
    assert np.unique(died["zone"]).size == died.size
    assert (died["bar"] > born["bar"][died["zone"]]).all()
    for name in ("top", "bottom", "side", "anchor"):
        assert np.array_equal(died[name], born[name][died["zone"]])


def test_there_are_never_more_levels_than_there_is_room_for():
    said = heard(market(3000, 2), CROWD).readings["facts"][:, kernel.N_LEVELS]
    assert said.max() == hob_levels.MOST


def test_a_level_ages_at_the_bar_at_which_it_is_due():
    notes = heard(market(3000, 3), HobConfig(age_bars=40)).notes
    born = dict(notes[notes["what"] == reading.BORN][["zone", "bar"]].tolist())
    aged = notes[notes["why"] == reading.AGED]
    assert aged.size > 20
    assert all(bar - born[zone] == 40 for zone, bar in aged[["zone", "bar"]].tolist())


steps = st.lists(
    st.tuples(st.sampled_from([-1, 1]), st.integers(0, 6), st.floats(0.0, 1.0), st.integers(0, 9)),
    max_size=40,
)


@given(steps=steps)
def test_the_stacks_hold_what_a_plain_list_holds(steps):
    record, plain = np.zeros(1, hob_levels.LEVELS)[0], []
    for number, (side, price, quality, drop) in enumerate(steps):
        slot = hob_levels.add_level(record, side, float(price))
        record["quality"][slot] = round(quality, 1)
        naive_hob.add_level(plain, side, float(price), number).quality = round(quality, 1)
        weakest = hob_levels.weakest_level(record)
        assert record["zone"][weakest] == naive_hob.weakest_level(plain).zone
        if drop < 4:
            gone = plain[drop % len(plain)]
            there = record["order"][0 if gone.side > 0 else 1].tolist()
            hob_levels.drop_level(record, next(s for s in there if record["zone"][s] == gone.zone))
            naive_hob.drop_level(plain, gone)
        for stack, side in enumerate((1, -1)):
            slots = record["order"][stack, : record["n"][stack]][::-1]
            wanted = [x for x in naive_hob.nearest_first(plain) if x.side == side]
            assert record["zone"][slots].tolist() == [x.zone for x in wanted]


def test_without_levels_none_is_the_weakest():
    assert hob_levels.weakest_level(np.zeros(1, hob_levels.LEVELS)[0]) == -1
    assert naive_hob.weakest_level([]) is None


@given(side=st.sampled_from([-1, 1]), what=st.sampled_from([reading.BORN, reading.DIED]))
def test_a_note_tells_of_the_level(side, what):
    record, notes = np.zeros(1, hob_levels.LEVELS)[0], np.zeros(1, reading.NOTE)
    slot = hob_levels.add_level(record, side, 100.0)
    record["half"][slot], record["quality"][slot], record["anchor"][slot] = 2.0, 0.6, 5
    why = reading.BROKEN if what == reading.DIED else 0
    hob_levels.note_level(record, slot, notes[0], 11, what, why)
    level = naive_hob.Level(side, 100.0, half=2.0, quality=0.6, anchor=5)
    assert notes.tolist() == [naive_hob.note_level(level, 11, what, why)]


def test_a_quality_by_hand():
    # Bars from 98 to 102, then one down to 94 and back. The base spans 4, about one average range,
    # so it counts fully; of the wick (98.5 - 94) / 6 = 0.75 does.
    rows = [(100.0, 102.0, 98.0, 100.0, 50.0)] * 46
    rows += [(100.0, 100.0, 94.0, 98.5, 50.0)]
    rows += [(98.5, 101.0, 98.0, 100.0, 50.0)] * 6
    config = HobConfig(volume_weight=0.0, reaction_weight=0.0, higher_weight=0.0)
    notes = heard(np.array(rows).T.copy(), config).notes
    level = notes[notes["side"] == 1]
    assert level["value"].tolist() == [pytest.approx((0.25 + 0.15 * 0.75) / 0.40)]
    assert level[["bar", "anchor"]].tolist() == [(51, 46)]


# Bars of a true range of 4 each, so that the average range is 4 exactly; a level at 96 from bar 51.
LOW = [(100.0, 102.0, 98.0, 100.0, 50.0)] * 46 + [(100.0, 100.0, 96.0, 98.0, 50.0)]
LOW += [(98.0, 102.0, 98.0, 100.0, 50.0)] + [(100.0, 102.0, 98.0, 100.0, 50.0)] * 4


@pytest.mark.parametrize(("close", "is_broken"), [(94.0, True), (94.0625, False)])
def test_a_close_half_an_average_range_beyond_breaks_a_level(close, is_broken):
    rows = [*LOW, (100.0, 100.0, 96.0, 97.0, 50.0), (97.0, 97.5, 93.5, close, 50.0)]
    notes = heard(np.array(rows).T.copy(), HobConfig()).notes
    died = notes[notes["what"] == reading.DIED][["bar", "why"]].tolist()
    assert died == ([(53, reading.BROKEN)] if is_broken else [])


@pytest.mark.parametrize(("low", "is_merged"), [(95.0, False), (95.0625, True)])
def test_levels_a_quarter_of_an_average_range_apart_are_two(low, is_merged):
    rows = [*LOW, (100.0, 100.0, 96.0, 97.0, 50.0), (97.0, low + 4, low, 97.0, 50.0)]
    rows += [(97.0, 100.5, 96.5, 99.0, 50.0)] + [(99.0, 102.0, 98.0, 100.0, 50.0)] * 5
    notes = heard(np.array(rows).T.copy(), HobConfig()).notes
    died = notes[notes["what"] == reading.DIED][["bar", "why", "zone"]].tolist()
    assert notes[notes["what"] == reading.BORN]["bar"].tolist() == [51, 58]
    assert died == ([(58, reading.REPLACED, 0)] if is_merged else [])
