import pytest
from pydantic import ValidationError

from tasks.outcomes.config import OutcomesConfig


def test_horizons_are_kept_from_short_to_long():
    assert OutcomesConfig(horizons=("1d", "90m", "1h")).horizons == ("1h", "90m", "1d")


@pytest.mark.parametrize("horizons", [("1h", "60m"), (), ("soon",)])
def test_horizons_that_repeat_or_are_none_are_refused(horizons):
    with pytest.raises(ValidationError):
        OutcomesConfig(horizons=horizons)
