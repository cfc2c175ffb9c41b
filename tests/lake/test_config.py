import pytest
from pydantic import ValidationError

from lake.config import Config


class Costs(Config):
    cost_bps: float = 5.0


class WrongDefault(Config):
    cost_bps: float = "none"


def test_a_config_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Costs().cost_bps = 1.0


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="cost_pct"):
        Costs(cost_pct=1.0)


def test_defaults_are_checked_too() -> None:
    with pytest.raises(ValidationError):
        WrongDefault()
