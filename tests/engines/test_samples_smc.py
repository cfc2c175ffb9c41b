import numpy as np
import pytest

from tasks.engines.smc import SMC, SmcConfig
from tests.engines.charts import turned_over
from tests.engines.samples_smc import SAMPLES

# What would have to be forgiven for the near miss to be one no longer.
FORGIVEN = {
    "smc_break_of_structure_by_a_hair": {"beyond_atr": 0.05},
    "smc_gap_too_narrow": {"gap_atr": 0.15},
    "smc_gap_without_volume": {"gap_volume": 1.18},
    "smc_gap_not_quite_filled": {"fill_share": 0.68},
    "smc_block_too_weak": {"displacement_atr": 1.4},
    "smc_block_without_volume": {"displacement_volume": 1.48},
    "smc_block_too_slow": {"displacement_bars": 4},
    "smc_sweep_with_a_short_wick": {"sweep_wick": 0.5},
    "smc_sweep_without_volume": {"sweep_volume": 1.28},
    "smc_sweep_by_a_hair": {"beyond_atr": 0.05},
    "smc_swing_high_with_a_twin": {"swing_span": 9},
}
BY_NAME = {sample.name: sample for sample in SAMPLES}


def sides(sample, chart, **changed):
    readings = SMC.run(SMC.start(), chart, SmcConfig(**changed)).readings
    return readings["side"][:, SMC.events.index(sample.event)]


def drawn_both_ways():
    for sample in SAMPLES:
        yield pytest.param(sample, sample.chart, sample.side, id=sample.name)
        upside_down = f"{sample.name}_upside_down"
        yield pytest.param(sample, turned_over(sample.chart), -sample.side, id=upside_down)


@pytest.mark.parametrize(("sample", "chart", "side"), list(drawn_both_ways()))
def test_the_event_stands_where_it_was_drawn_and_not_before(sample, chart, side):
    said = sides(sample, chart)
    if not sample.is_positive:
        assert not said.any()
        return
    assert np.flatnonzero(said)[0] == sample.bar
    assert said[sample.bar] == side


@pytest.mark.parametrize("name", list(FORGIVEN))
def test_a_near_miss_misses_for_the_reason_that_is_given(name):
    sample = BY_NAME[name]
    said = sides(sample, sample.chart, **FORGIVEN[name])
    where = sample.bar - 1 if "swing_span" in FORGIVEN[name] else sample.bar
    assert np.flatnonzero(said)[0] == where
    assert said[where] == sample.side


def test_every_event_is_drawn_and_has_a_near_miss():
    for event in SMC.events:
        kinds = {sample.is_positive for sample in SAMPLES if sample.event == event}
        assert kinds == {True, False}, event
