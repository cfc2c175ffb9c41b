import numpy as np
import pytest

from tasks.events.leaders import leader_pair
from tests.events.market import simulated


@pytest.mark.parametrize("t", [96, 500, 799])
def test_beta_and_correlation_are_numpys(t):
    bars = simulated(800)
    beta, correlation = leader_pair(bars, 96)
    own, lead = bars.log_return[t - 95 : t + 1], bars.leader_return[t - 95 : t + 1]
    assert beta[t] == pytest.approx(np.polyfit(lead, own, 1)[0], rel=1e-9)
    assert correlation[t] == pytest.approx(np.corrcoef(lead, own)[0, 1], rel=1e-9)


def test_a_pair_is_measured_once():
    bars = simulated(300)
    assert leader_pair(bars, 96)[0] is leader_pair(bars, 96)[0]
