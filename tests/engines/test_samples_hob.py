import numpy as np
import pytest

from tasks.engines.hob import HOB, HobConfig
from tasks.kernels.hob import N_STRONG
from tests.engines.charts import turned_over
from tests.engines.samples_hob import SAMPLES

# What would have to be forgiven for the near miss to be one no longer, and when it is known then.
FORGIVEN = {
    "hob_level_with_a_twin": ({"span": 4}, 56),
    "hob_return_too_early": ({"return_atr": 0.35}, 69),
    "hob_return_to_a_weak_level": ({"strong_least": 0.68}, 69),
    "hob_weak_return_to_a_poor_level": ({"weak_least": 0.45}, 69),
    "hob_touch_too_slow": ({"reaction_bars": 4}, 73),
}
BY_NAME = {sample.name: sample for sample in SAMPLES}


def heard(chart, **changed):
    return HOB.run(HOB.start(), chart, HobConfig(**changed))


def bars_of(sample, chart, side, **changed):
    said = heard(chart, **changed).readings["side"][:, HOB.events.index(sample.event)]
    return np.flatnonzero(said == side).tolist()


def drawn_both_ways():
    for sample in SAMPLES:
        yield pytest.param(sample, sample.chart, sample.side, id=sample.name)
        upside_down = f"{sample.name}_upside_down"
        yield pytest.param(sample, turned_over(sample.chart), -sample.side, id=upside_down)


@pytest.mark.parametrize(("sample", "chart", "side"), list(drawn_both_ways()))
def test_the_event_stands_where_it_was_drawn_and_not_before(sample, chart, side):
    bars = bars_of(sample, chart, side)
    assert bars[:1] == ([sample.bar] if sample.is_positive else [])


@pytest.mark.parametrize("name", list(FORGIVEN))
def test_a_near_miss_misses_for_the_reason_that_is_given(name):
    sample, (changed, bar) = BY_NAME[name], FORGIVEN[name]
    assert bars_of(sample, sample.chart, sample.side, **changed)[:1] == [bar]


def test_every_event_is_drawn_and_has_a_near_miss():
    for event in HOB.events:
        kinds = {sample.is_positive for sample in SAMPLES if sample.event == event}
        assert kinds == {True, False}, event


def test_a_level_becomes_strong_with_the_higher_timeframe():
    sample = BY_NAME["hob_return_to_a_touched_level"]
    strong = heard(sample.chart).readings["facts"][:, N_STRONG]
    assert np.flatnonzero(strong)[0] == 72
    assert strong[sample.bar] == 1
    levels = BY_NAME["hob_level"]
    assert bars_of(levels, sample.chart, 1) == [72]


def test_the_stance_stands_by_the_return_until_it_is_old():
    sample = BY_NAME["hob_return"]
    chart = np.concatenate([sample.chart, np.repeat(sample.chart[:, -1:], 9, axis=1)], axis=1)
    readings = heard(chart).readings
    assert np.flatnonzero(readings["stance"] == 1).tolist() == list(range(69, 81))
    assert set(readings["conviction"][69:81]) == {readings["strength"][69, 1]}


def test_the_stance_falls_with_its_level():
    chart = BY_NAME["hob_return"].chart
    chart[:, 72] = [99.0, 99.25, 96.0, 96.25, 100.0]
    assert np.flatnonzero(heard(chart).readings["stance"]).tolist() == [69, 70, 71]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"span": 50, "higher_factor": 4}, "span times higher_factor"),
        ({"narrow_atr": 5.0}, "narrow_atr must be below"),
        ({"weak_least": 0.8}, "weak_least must be at most"),
        (dict.fromkeys([n for n in HobConfig.model_fields if "weight" in n], 0.0), "above zero"),
    ],
)
def test_rules_that_contradict_each_other_are_refused(wrong, why):
    with pytest.raises(ValueError, match=why):
        HobConfig(**wrong)
