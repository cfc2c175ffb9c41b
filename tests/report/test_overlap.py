import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.schema import COVERAGE, EVENTS
from tasks.report.overlap import measure_overlap
from tests.report import naive_overlap
from tests.report.naive_overlap import MINUTE
from tests.report.occurrences import MARKET, occur, ran

NAMES = ("climax", "gap", "shock", "spike")
MARKETS = ("A-15m", "B-15m")
ONE = st.tuples(st.sampled_from(MARKETS), st.sampled_from(NAMES), st.integers(0, 60))
HOUR = 60 * MINUTE


def overlap_of(*found, n_bars=1000, within=HOUR, names=None):
    events = occur(*((MARKET, name, minute) for name, minute in found))
    wanted = names or sorted({name for name, _ in found})
    return measure_overlap(events, ran(events, wanted, n_bars=n_bars), wanted, within)


@settings(max_examples=150, deadline=None)
@given(
    st.sets(ONE, max_size=60),
    st.sets(st.tuples(st.sampled_from(MARKETS), st.sampled_from(NAMES)), max_size=4),
    st.sampled_from([0, 7, 15, 60, 100]),
    st.integers(1, 200),
)
def test_shares_and_chances_are_those_of_the_definition(found, absent, within, n_bars):
    own = [(m, name, 15 * bar) for m, name, bar in found if (m, name) not in absent]
    events = occur(*own)
    covered = ran(events, NAMES, MARKETS, n_bars, absent)
    got = measure_overlap(events, covered, NAMES, within * MINUTE)
    able = {m: [name for name in NAMES if (m, name) not in absent] for m in MARKETS}
    bars = dict.fromkeys(MARKETS, n_bars)
    share, chance = naive_overlap.overlap(own, able, bars, NAMES, within, 15)
    np.testing.assert_array_equal(got.share, share)
    np.testing.assert_allclose(got.chance, chance, rtol=1e-12)


@pytest.mark.parametrize(("minute", "near"), [(0, 1), (60, 1), (75, 0), (-60, 1), (-75, 0)])
def test_the_tolerance_counts_on_either_side_and_no_bar_further(minute, near):
    got = overlap_of(("gap", 600), ("spike", 600 + minute))
    assert got.share[0, 1] == got.share[1, 0] == near


def test_the_share_is_of_the_rows_occurrences():
    got = overlap_of(("gap", 0), ("gap", 600), ("gap", 1200), ("spike", 615))
    assert got.share.tolist() == [[1.0, pytest.approx(1 / 3)], [1.0, 1.0]]


def test_a_neighbour_in_another_market_does_not_count():
    events = occur(("A-15m", "gap", 0), ("B-15m", "spike", 0))
    got = measure_overlap(events, ran(events, NAMES, MARKETS), ("gap", "spike"), HOUR)
    assert got.share.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_a_market_in_which_the_other_could_not_run_does_not_count():
    events = occur(("A-15m", "gap", 0), ("B-15m", "gap", 0), ("B-15m", "spike", 0))
    covered = ran(events, NAMES, MARKETS, absent={("A-15m", "spike")})
    assert measure_overlap(events, covered, ("gap", "spike"), HOUR).share[0, 1] == 1.0


def test_two_that_never_ran_on_the_same_market_have_no_overlap():
    events = occur(("A-15m", "gap", 0), ("B-15m", "spike", 0))
    absent = {("A-15m", "spike"), ("B-15m", "gap")}
    got = measure_overlap(events, ran(events, NAMES, MARKETS, absent=absent), NAMES[1::2], HOUR)
    assert np.isnan(got.share[0, 1])
    assert np.isnan(got.beyond[1, 0])
    assert got.alike[0, 1] == 0.0
    assert got.nearest("gap", 3) == got.near_duplicates(0.1) == []


def test_chance_is_the_part_of_the_bars_that_is_near():
    # Nine bars about each of two far occurrences, of 90 bars.
    got = overlap_of(("gap", 0), ("spike", 300), ("spike", 900), n_bars=90)
    assert got.chance[0, 1] == pytest.approx(18 / 90)
    assert got.beyond[0, 1] == 0.0


def test_an_event_at_every_bar_stands_beside_others_by_chance_alone():
    found = [("always", 15 * bar) for bar in range(100)]
    got = overlap_of(*found, ("gap", 300), n_bars=100)
    assert got.share[1, 0] == got.chance[1, 0] == 1.0
    assert got.beyond[1, 0] == 0.0
    assert np.isfinite(got.beyond).all()


def test_independent_moments_are_no_more_alike_than_chance():
    rng = np.random.default_rng(3)
    found = [(name, 15 * int(t)) for name in ("gap", "spike") for t in rng.integers(0, 40_000, 900)]
    got = overlap_of(*sorted(set(found)), n_bars=40_000)
    assert got.share[0, 1] == pytest.approx(got.chance[0, 1], abs=0.03)
    assert got.share[0, 1] > 0.1


def test_near_duplicates_are_pairs_that_share_both_ways_and_come_once():
    found = [(name, 300 * k) for k in range(10) for name in ("gap", "spike")]
    found += [("shock", 300 * k) for k in range(3)] + [("climax", 300 * k + 15) for k in range(8)]
    got = overlap_of(*found, n_bars=100_000)
    pairs = got.near_duplicates(0.75)
    assert [(p.one, p.other) for p in pairs] == [
        ("gap", "spike"),
        ("climax", "gap"),
        ("climax", "spike"),
    ]
    first, second, _ = pairs
    assert (first.here, first.there) == (1.0, 1.0)
    assert (second.here, second.there) == (1.0, 0.8)
    assert second.alike == pytest.approx(0.8, abs=0.01)
    assert second.here_by_chance == pytest.approx(90 / 100_000)
    assert second.there_by_chance == pytest.approx(72 / 100_000)


def test_the_nearest_are_the_most_alike_and_never_the_event_itself():
    found = [(name, 300 * k) for k in range(10) for name in ("gap", "spike")]
    found += [("shock", 300 * k) for k in range(3)] + [("climax", 100_000)]
    got = overlap_of(*found, n_bars=100_000)
    assert [pair.other for pair in got.nearest("gap", 5)] == ["spike", "shock"]
    assert [pair.other for pair in got.nearest("gap", 1)] == ["spike"]
    assert got.nearest("climax", 5) == []


def test_without_events_there_is_nothing_to_share():
    got = measure_overlap(EVENTS.empty(), COVERAGE.empty(), (), HOUR)
    assert got.names == ()
    assert got.near_duplicates(0.5) == []


def test_the_order_of_the_rows_changes_no_bit():
    rng = np.random.default_rng(5)
    found = {
        (m, name, 15 * int(t)) for m in MARKETS for name in NAMES for t in rng.integers(0, 500, 60)
    }
    events = occur(*sorted(found))
    covered = ran(events, NAMES, MARKETS, 777)
    shuffled = events.sample(fraction=1.0, shuffle=True, seed=2)
    one, other = (measure_overlap(e, covered, NAMES, HOUR) for e in (events, shuffled))
    assert one.share.tobytes() == other.share.tobytes()
    assert one.chance.tobytes() == other.chance.tobytes()


def test_events_that_are_not_asked_for_do_not_matter():
    some = overlap_of(("gap", 0), ("spike", 15), ("shock", 0), names=["gap", "spike"])
    assert some.share.tolist() == [[1.0, 1.0], [1.0, 1.0]]
