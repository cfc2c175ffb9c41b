import pytest
from pydantic import ValidationError

from tasks.discovery.config import DiscoveryConfig


def test_conditions_are_kept_sorted():
    config = DiscoveryConfig(conditions=("vol_regime", "all"))
    assert config.conditions == ("all", "vol_regime")


@pytest.mark.parametrize("conditions", [("all", "all"), (), ("moon_phase",)])
def test_conditions_that_repeat_or_are_unknown_are_refused(conditions):
    with pytest.raises(ValidationError):
        DiscoveryConfig(conditions=conditions)


def test_eras_that_leave_nothing_to_search_are_refused():
    with pytest.raises(ValidationError, match="less than 1"):
        DiscoveryConfig(confirmation_share=0.7, sealed_share=0.3)


@pytest.mark.parametrize("wrong", [{"n_folds": 0}, {"refit_p": 0.0}, {"refit_p": 1.5}])
def test_a_walk_without_folds_or_a_level_that_is_no_probability_is_refused(wrong):
    with pytest.raises(ValidationError):
        DiscoveryConfig(**wrong)


def test_the_defaults_are_those_of_the_shared_statistics():
    """shared/statistics.md 0: gate 5, level 6, blocks 3; 1.2: weights, shifts; 3.3: folds."""
    config = DiscoveryConfig()
    assert (config.min_events, config.min_clusters, config.min_effective_clusters) == (30, 20, 15)
    assert (config.cluster_days, config.cluster_horizons) == (1, 5)
    assert (config.fdr_q, config.disagreement_p, config.weight_cap) == (0.05, 0.1, 5)
    assert (config.n_shifts, config.max_permutation_p) == (1999, 0.02)
    assert (config.confirmation_share, config.sealed_share) == (0.3, 0.1)
    assert config.multiplicity == "run"
    assert (config.n_folds, config.refit_p) == (4, 0.05)
