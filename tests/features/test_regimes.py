from dataclasses import replace

import numpy as np
import pytest

from tasks.events.bars import Bars
from tasks.features.config import FeaturesConfig
from tasks.features.regimes import funding_regime
from tasks.features.table import features_of
from tests.events.market import simulated

CONFIG = FeaturesConfig()


def settled(rates_bps, **options) -> Bars:
    rates = 1e-4 * np.array(rates_bps)
    return replace(simulated(rates.size), funding=rates, **options)


@pytest.mark.parametrize(
    ("rate_bps", "regime"),
    [(-0.01, -1), (-30, -1), (0.0, 0), (1.0, 0), (1.99, 0), (2.01, 1), (30, 1)],
)
def test_shorts_pay_longs_pay_much_or_the_usual(rate_bps, regime):
    assert funding_regime(settled([rate_bps] * 3), CONFIG).tolist() == [regime] * 3


def test_the_regime_is_a_feature_of_the_bars_funding():
    bars = settled([-1.0, 1.0, 5.0, np.nan])
    assert features_of(bars, CONFIG)["funding_regime"].to_list() == [-1, 0, 1, None]


def test_the_rate_from_which_longs_pay_much_is_the_configs():
    bars = settled([1.0, 5.0, -1.0])
    for high, wanted in ((0.5, [1, 1, -1]), (6.0, [0, 0, -1])):
        config = FeaturesConfig(high_funding_bps=high)
        assert funding_regime(bars, config).tolist() == wanted


def test_without_funding_the_regime_is_unknown():
    assert features_of(settled([np.nan] * 50), CONFIG)["funding_regime"].null_count() == 50


def test_in_a_gap_the_regime_is_unknown():
    gap = np.array([False, True, False])
    regimes = features_of(settled([5.0] * 3, is_gap=gap), CONFIG)["funding_regime"]
    assert regimes.to_list() == [1, None, 1]


def test_a_later_settlement_changes_no_earlier_regime():
    rates = np.random.default_rng(0).normal(1, 2, 400)
    other = np.concatenate([rates[:200], -10 * rates[200:]])
    before, after = (features_of(settled(r), CONFIG)["funding_regime"] for r in (rates, other))
    assert before[:200].equals(after[:200])
    assert before.n_unique() == 3
