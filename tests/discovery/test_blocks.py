import numpy as np
import pytest

from tasks.discovery.blocks import block_ms, number_blocks
from tasks.discovery.config import DiscoveryConfig

HOUR, DAY = 3_600_000, 86_400_000


@pytest.mark.parametrize(
    ("horizon_ms", "length"),
    [(HOUR, DAY), (5 * HOUR, 25 * HOUR), (DAY, 5 * DAY), (7 * DAY, 35 * DAY)],
)
def test_a_block_lasts_a_day_or_five_horizons(horizon_ms, length):
    assert block_ms(horizon_ms, DiscoveryConfig()) == length


def test_blocks_are_counted_from_1970_whatever_the_bars():
    times = np.arange(0, 30) * DAY
    assert number_blocks(times, HOUR, DiscoveryConfig()).tolist() == list(range(30))
    assert number_blocks(times, DAY, DiscoveryConfig()).tolist() == [i // 5 for i in range(30)]
    late = number_blocks(times[7:], DAY, DiscoveryConfig())
    assert late.tolist() == [i // 5 for i in range(7, 30)]


def test_a_config_may_ask_for_longer_blocks():
    config = DiscoveryConfig(cluster_days=7, cluster_horizons=10)
    assert block_ms(HOUR, config) == 7 * DAY
    assert block_ms(DAY, config) == 10 * DAY
