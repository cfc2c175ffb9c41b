"""Calendar blocks: the clusters within which nothing is taken to be independent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lake.time import duration_ms
from tasks.discovery.config import DiscoveryConfig


def block_ms(horizon_ms: int, config: DiscoveryConfig) -> int:
    """How long the calendar blocks of a horizon are: milliseconds.

    `cluster_days`, or `cluster_horizons` horizons where that is longer.

    Examples
    --------
    >>> block_ms(3_600_000, DiscoveryConfig())
    86400000
    """
    return max(config.cluster_days * duration_ms("1d"), config.cluster_horizons * horizon_ms)


def number_blocks(
    times_ms: NDArray[np.int64], horizon_ms: int, config: DiscoveryConfig
) -> NDArray[np.int64]:
    """Number the calendar block of each time, counted from 1970 and common to all markets.

    Examples
    --------
    >>> number_blocks(np.array([0, 86_400_000]), 3_600_000, DiscoveryConfig()).tolist()
    [0, 1]
    """
    return times_ms // block_ms(horizon_ms, config)
