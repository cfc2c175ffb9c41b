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
