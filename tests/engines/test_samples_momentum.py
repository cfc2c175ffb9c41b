import numpy as np
import pytest

from tasks.engines.momentum import MOMENTUM, MomentumConfig
from tasks.kernels.momentum import ADX, HISTOGRAM, TURN
from tests.engines.charts import turned_over
from tests.engines.samples_momentum import SAMPLES


def read(chart):
    return MOMENTUM.run(MOMENTUM.start(), chart, MomentumConfig()).readings


def drawn_both_ways():
    for sample in SAMPLES:
        yield pytest.param(sample.chart, sample, sample.side, id=sample.name)
        upside_down = f"{sample.name}_upside_down"
        yield pytest.param(turned_over(sample.chart), sample, -sample.side, id=upside_down)


@pytest.mark.parametrize(("chart", "sample", "side"), list(drawn_both_ways()))
def test_the_event_stands_where_it_was_drawn_and_nowhere_else(chart, sample, side):
    where = np.flatnonzero(read(chart)["side"][:, TURN] == side)
    assert where.tolist() == ([sample.bar] if sample.is_positive else [])


def test_the_direction_is_missed_by_a_hair():
    sample = next(s for s in SAMPLES if s.name == "momentum_turn_without_direction")
    facts = read(sample.chart)["facts"]
    assert 19.5 < facts[45:, ADX].max() < 20.0
    assert facts[sample.bar, HISTOGRAM] > 0.0


def test_the_histogram_misses_zero_by_a_bar():
    sample = next(s for s in SAMPLES if s.name == "momentum_turn_over_missed")
    other = next(s for s in SAMPLES if s.name == "momentum_turn_over")
    assert (sample.chart[:, : sample.bar] == other.chart[:, : sample.bar]).all()
    assert read(sample.chart)["facts"][sample.bar - 1, HISTOGRAM] < 0.0
