import numpy as np

from tasks.discovery.blocks import number_blocks
from tasks.discovery.config import DiscoveryConfig

DAY = 86_400_000


def test_a_block_lasts_a_day_or_five_horizons():
    times = np.arange(0, 30) * DAY
    assert number_blocks(times, DAY // 24, DiscoveryConfig()).tolist() == list(range(30))
    assert number_blocks(times, DAY, DiscoveryConfig()).tolist() == [i // 5 for i in range(30)]
