import numpy as np
import pytest

from tasks.engines.wyckoff import WYCKOFF, WyckoffConfig
from tasks.kernels.reading import BROKEN, DIED
from tests.engines.charts import turned_over
from tests.engines.samples_wyckoff import SAMPLES, SIGN

BY_NAME = {sample.name.removeprefix("wyckoff_"): sample for sample in SAMPLES}
# An event that stands earlier in the chart too, as it should.
AGAIN = {"second_test": 70, "second_test_too_soon": 70}
# The number that each near miss misses, and one that it would not have missed.
RELAXED = {
    "climax_without_wick": {"climax_wick_share": 0.27},
    "climax_without_volume": {"climax_vz": 2.3},
    "climax_in_the_middle": {"climax_range_share": 0.7},
    "recovered_climax_late": {"recovery_bars": 6},
    "reaction_too_far": {"retraced_most": 0.75},
    "reaction_on_volume": {"reaction_vz": 2.0},
    "test_too_high": {"test_share": 0.06},
    "test_on_volume": {"test_volume_share": 0.75},
    "second_test_too_soon": {"test_bars": 9},
    "spring_too_late": {"spring_bars": 4},
    "spring_without_volume": {"spring_vz": 0.3},
    "shallow_spring_dull": {"shallow_close_share": 0.85},
    "shallow_spring_on_volume": {"shallow_vz_most": 3.0},
    "sign_off_its_high": {"sign_close_share": 0.4},
    "sign_too_near": {"sign_atr": 0.05},
    "last_point_on_volume": {"last_point_vz": 0.5},
    "last_point_too_high": {"last_point_atr": 1.0},
    "phase_c_too_deep": {"deep_share": 0.08},
    "phase_d_after_break": {"break_volume_share": 0.9},
}


def heard(chart, **changed):
    return WYCKOFF.run(WYCKOFF.start(), chart, WyckoffConfig(**changed))


def fact(heard, name):
    return heard.readings["facts"][:, WYCKOFF.facts.index(name)]


def drawn_both_ways(samples):
    for sample in samples:
        yield pytest.param(sample.chart, sample, sample.side, id=sample.name)
        upside_down = f"{sample.name}_upside_down"
        yield pytest.param(turned_over(sample.chart), sample, -sample.side, id=upside_down)


@pytest.mark.parametrize(
    ("chart", "sample", "side"),
    list(drawn_both_ways(sample for sample in SAMPLES if sample.event != "phase")),
)
def test_the_event_stands_where_it_was_drawn_and_nowhere_else(chart, sample, side):
    where = heard(chart).readings["side"][:, WYCKOFF.events.index(sample.event)] == side
    earlier = AGAIN.get(sample.name.removeprefix("wyckoff_"))
    wanted = {earlier, sample.bar if sample.is_positive else None} - {None}
    assert set(np.flatnonzero(where).tolist()) == wanted


@pytest.mark.parametrize(
    ("chart", "sample", "side"),
    list(drawn_both_ways(sample for sample in SAMPLES if sample.event == "phase")),
)
def test_the_phase_changes_where_it_was_drawn(chart, sample, side):
    said = heard(chart)
    stands = said.readings["side"][sample.bar, WYCKOFF.events.index("phase")]
    assert stands == (side if sample.is_positive else 0)
    wanted = {"phase_c": 3, "phase_d": 4, "phase_e": 5}.get(sample.name.removeprefix("wyckoff_"), 0)
    assert fact(said, "phase")[sample.bar] == wanted


@pytest.mark.parametrize("name", RELAXED)
def test_a_near_miss_lacks_one_condition_only(name):
    sample = BY_NAME[name]
    number = WYCKOFF.events.index(sample.event)
    assert heard(sample.chart).readings["side"][sample.bar, number] == 0
    assert heard(sample.chart, **RELAXED[name]).readings["side"][sample.bar, number] == 1


def test_every_near_miss_of_a_number_is_relaxed():
    assert {name for name, s in BY_NAME.items() if not s.is_positive} - {*RELAXED} == {
        "test_with_new_low"
    }


def test_each_event_is_drawn_as_it_is_and_as_it_is_not():
    for event in WYCKOFF.events:
        assert {s.is_positive for s in SAMPLES if s.event == event} == {True, False}, event


def test_the_whole_story_goes_from_phase_to_phase():
    said = heard(BY_NAME["last_point"].chart)
    phase = fact(said, "phase").astype(int)
    starts = {int(p): int(np.flatnonzero(phase == p)[0]) for p in np.unique(phase)}
    assert starts == {0: 0, 1: 60, 2: 70, 3: 92, 4: 96, 5: 98}
    assert (np.diff(phase) >= 0).all()
    stance = said.readings["stance"]
    assert (stance[:92] == 0).all()
    assert (stance[92:] == 1).all()
    # From the climax's low to the highest high before the test.
    assert (fact(said, "structure_top")[[70, 98]] == 114.5).all()
    assert (fact(said, "structure_bottom")[[60, 98]] == 107.0).all()
    assert fact(said, "structure_age")[98] == 38


def test_the_confidence_is_the_mean_of_the_two_strongest_times_the_third_of_the_events():
    said = heard(BY_NAME["last_point"].chart)
    strength = said.readings["strength"]
    climax, rally, test, spring, sign = (
        strength[bar, WYCKOFF.events.index(event)]
        for bar, event in (
            (60, "climax"),
            (63, "reaction"),
            (70, "test"),
            (92, "spring"),
            (96, "sign"),
        )
    )
    for bar, seen in ((60, [climax]), (63, [climax, rally]), (70, [climax, rally, test])):
        best = sorted(seen)[-2:]
        wanted = sum(best) / len(best) * len(seen) / 3
        assert fact(said, "confidence")[bar] == pytest.approx(wanted, rel=1e-12)
    best = sorted([climax, rally, test, spring, sign])[-2:]
    assert said.readings["conviction"][96] == pytest.approx(sum(best) / 2, rel=1e-12)


def test_a_sign_without_structure_counts_half_and_is_a_stance_for_twenty_bars():
    chart = BY_NAME["sign"].chart[:, :97]
    lone = chart[:, np.r_[0:51, 71:97]].copy()
    flat = np.tile(
        np.array([SIGN.close, SIGN.close + 1, SIGN.close - 1, SIGN.close, 100.0]), (30, 1)
    ).T
    at, event = 76, WYCKOFF.events.index("sign")
    full, half = heard(chart).readings, heard(np.concatenate([lone, flat], axis=1)).readings
    assert full["side"][96, event] == half["side"][at, event] == 1
    assert half["strength"][at, event] < 0.5 < full["strength"][96, event]
    assert (half["stance"][at : at + 20] == 1).all()
    assert (half["conviction"][at : at + 20] == half["strength"][at, event]).all()
    assert (half["stance"][at + 20 :] == 0).all()


@pytest.mark.parametrize("name", ["phase_c_too_deep", "phase_d_after_break"])
def test_a_structure_that_breaks_is_noted(name):
    notes = heard(BY_NAME[name].chart).notes
    died = notes[notes["what"] == DIED]
    assert died["why"].tolist() == [BROKEN]
    assert died["anchor"].tolist() == [60]
    assert (died["top"].tolist(), died["bottom"].tolist()) == ([114.5], [107.0])
