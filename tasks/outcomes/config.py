"""Configuration of outcomes."""

from __future__ import annotations

from pydantic import Field, field_validator

from lake.config import Config
from lake.time import Duration, duration_ms


class OutcomesConfig(Config):
    """Over which horizons what follows is measured. Kept sorted, each length once."""

    horizons: tuple[Duration, ...] = Field(("15m", "1h", "4h", "1d"), min_length=1)

    @field_validator("horizons")
    @classmethod
    def _sorted_and_unique(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        lengths = [duration_ms(horizon) for horizon in value]
        if len(set(lengths)) < len(lengths):
            raise ValueError(f"{', '.join(value)} names a length twice: wanted each horizon once")
        return tuple(sorted(value, key=duration_ms))
