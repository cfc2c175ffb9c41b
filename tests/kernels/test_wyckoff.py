import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.engines.wyckoff import WYCKOFF, WyckoffConfig
from tasks.kernels.wyckoff import EVENTS
from tests.engines.charts import market, turned_over
from tests.engines.schematics import schematics
from tests.kernels import naive_wyckoff_phases

# Windows so short and limits so low that a few bars make a structure.
QUICK = WyckoffConfig(
    score_bars=4,
    atr_bars=3,
    extreme_bars=4,
    climax_range_bars=6,
    climax_vz=0.5,
    climax_rz=0.3,
    climax_range_share=0.4,
    climax_wick_share=0.1,
    reaction_bars=6,
    move_bars=4,
    retraced_least=0.1,
    retraced_most=1.5,
    reaction_vz=5.0,
    reaction_close_share=0.8,
    test_share=0.4,
    test_volume_share=1.0,
    test_bars=2,
    spring_vz=-1.0,
    sign_vz=0.0,
    sign_bars=5,
    last_point_vz=1.0,
    deep_share=0.5,
    age_bars=12,
)


def assert_as_defined(chart, config):
    memory = WYCKOFF.start()
    heard = WYCKOFF.run(memory, chart, config)
    readings, notes = naive_wyckoff_phases.run_wyckoff(chart, config)
    r = heard.readings
    for t, wanted in enumerate(readings):
        said = zip(*(r[name][t].tolist() for name in ("side", "strength", "anchor")), strict=True)
        assert list(said) == wanted["events"], t
        assert (r["stance"][t], r["conviction"][t]) == wanted["stance"], t
        assert r["is_warm"][t] == wanted["is_warm"], t
        assert np.array_equal(r["facts"][t], np.array(wanted["facts"], float), equal_nan=True), t
    assert [tuple(note) for note in heard.notes.tolist()] == notes
    return r


@pytest.mark.parametrize("seed", range(3))
def test_readings_and_notes_are_those_of_the_definition(seed):
    assert_as_defined(market(1200, seed), WyckoffConfig())
    assert_as_defined(market(1200, seed), QUICK)


@pytest.mark.parametrize("config", [WyckoffConfig(), QUICK], ids=["usual", "quick"])
def test_stories_are_told_as_defined_to_the_last_phase(config):
    chart = schematics(14, seed=4)
    readings = assert_as_defined(chart, config)
    for number, name in enumerate(EVENTS):
        assert {-1, 0, 1} == set(readings["side"][:, number].tolist()), name
    assert set(readings["facts"][:, 0]) == {0, 1, 2, 3, 4, 5}


@st.composite
def rough_charts(draw):
    """Few prices and volumes, so that nearly everything ties: flat bars, flat stretches, none."""
    n = draw(st.integers(0, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    span = draw(st.sampled_from([1, 2, 6, 20]))
    prices = rng.integers(100, 101 + span, (4, n)).astype(float)
    still = rng.random(n) < draw(st.sampled_from([0.0, 0.3, 0.9]))
    prices[:, still] = prices[0, still]
    volume = rng.choice([0.0, 1.0, 2.0, 10.0], n, p=[0.1, 0.6, 0.2, 0.1])
    return np.array([prices[0], prices.max(axis=0), prices.min(axis=0), prices[3], volume])


@settings(max_examples=150)
@given(chart=rough_charts())
def test_rough_charts_are_read_as_defined(chart):
    assert_as_defined(chart, QUICK)


@settings(max_examples=100)
@given(chart=rough_charts())
def test_rough_charts_are_read_alike_upside_down(chart):
    here, there = (
        WYCKOFF.run(WYCKOFF.start(), bars, QUICK).readings for bars in (chart, turned_over(chart))
    )
    assert np.array_equal(here["side"], -there["side"])
    assert np.array_equal(here["stance"], -there["stance"])
    for name in ("strength", "anchor", "conviction"):
        assert np.array_equal(here[name], there[name]), name


@settings(max_examples=100)
@given(chart=rough_charts())
def test_what_stands_is_in_bounds(chart):
    heard = WYCKOFF.run(WYCKOFF.start(), chart, QUICK)
    stands = heard.readings["side"] != 0
    strength = heard.readings["strength"]
    assert (strength[stands] > 0.0).all()
    assert (strength <= 1.0).all()
    assert (strength[~stands] == 0.0).all()
    bars = np.arange(chart.shape[1])
    assert (heard.readings["anchor"] <= bars[:, None]).all()
    assert ((heard.readings["stance"] != 0) == (heard.readings["conviction"] > 0.0)).all()


def test_two_springs_of_equal_strength_at_one_bar_are_none():
    # Flat bars of two ticks, then one that breaks both ends alike and closes in the middle.
    flat = np.tile(np.array([100.0, 101.0, 99.0, 100.0, 1.0]), (30, 1)).T
    flat[4, ::2] = 2.0
    outside = np.array([[100.0], [104.0], [96.0], [100.0], [3.0]])
    chart = np.concatenate([flat, outside], axis=1)
    spring = EVENTS.index("spring")
    assert WYCKOFF.run(WYCKOFF.start(), chart, QUICK).readings["side"][-1, spring] == 0
    chart[3, -1] = 100.5
    assert WYCKOFF.run(WYCKOFF.start(), chart, QUICK).readings["side"][-1, spring] == 1


def test_a_market_that_never_moved_says_nothing():
    still = np.tile(np.array([100.0, 100.0, 100.0, 100.0, 1.0]), (200, 1)).T
    still[4] = np.random.default_rng(0).uniform(0.0, 9.0, 200)
    # Even if a close in the middle of its bar is near enough to the end.
    config = QUICK.model_copy(update={"sign_close_share": 0.6})
    readings = WYCKOFF.run(WYCKOFF.start(), still, config).readings
    assert not readings["side"].any()
    assert not readings["stance"].any()
