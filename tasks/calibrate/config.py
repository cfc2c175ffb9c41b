"""How many markets of which kind, and what is wanted of them."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from lake.config import Config
from lake.errors import ConfigError
from lake.keys import sha256
from lake.time import Duration
from tasks.calibrate.world import PLACEBOS, PLANTED_EVENT, Procedure, World

LARGEST_BPS = 1000.0


class Bounds(Config):
    """What is wanted of a calibration; see `tasks.calibrate.checks`.

    Attributes
    ----------
    size_5, size_01 : (float, float)
        Size of the default test at 5 % and at 0.1 %.
    any : float
        Share of null markets, and of placebos of each kind, with a finding.
    promoted : float
        Upper bound of promotions per null market.
    bias : float
        Of the unselected estimate, as a share of the true effect.
    coverage : (float, float)
        Of 95 % intervals.
    first : float
        Share of markets in which the planted event ranks first.
    """

    size_5: tuple[float, float] = (0.04, 0.06)
    size_01: tuple[float, float] = (0.0005, 0.002)
    any: float = 0.07
    promoted: float = 1.0 / 60.0
    bias: float = 0.05
    coverage: tuple[float, float] = (0.93, 0.97)
    first: float = 0.9


class CalibrateConfig(Config):
    """How many markets of which kind.

    Attributes
    ----------
    markets : int
        Simulated markets for each effect.
    effect : tuple of float
        Planted after each spike, in bps over `horizon`; 0 is the null market. Kept sorted.
    horizon : str
        How long the planted effect lasts.
    placebos : int
        Of each kind, on the user's own bars; 0 leaves them out.
    seed : int
        Of the markets and the placebos; market i is the same under every effect but for it.
    level : float
        Of the intervals of what is counted.
    n_resamples : int
        Draws of markets for the test that p-values are uniform.
    """

    markets: int = Field(50, ge=1, le=100_000)
    effect: tuple[float, ...] = Field((0.0, 2.0, 5.0, 10.0, 20.0), min_length=1)
    horizon: Duration = "1h"
    placebos: int = Field(5, ge=0, le=10_000)
    seed: int = Field(20_261_121, ge=0)
    level: float = Field(0.95, gt=0, lt=1)
    n_resamples: int = Field(999, ge=99)
    bounds: Bounds = Bounds()

    @field_validator("effect", mode="before")
    @classmethod
    def _one_is_many(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [word for word in value.split(",") if word]
        return [value] if isinstance(value, int | float) else value

    @field_validator("effect")
    @classmethod
    def _sizes(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        for size in value:
            if not 0.0 <= size <= LARGEST_BPS:
                raise ValueError(f"{size:g} bps: wanted effects from 0 to {LARGEST_BPS:g} bps")
        if len(set(value)) < len(value):
            raise ValueError("an effect twice: wanted each once")
        return tuple(sorted(value))


def list_worlds(config: CalibrateConfig) -> list[World]:
    """The simulated markets that `config` asks for, effect by effect, each with its seed.

    Market i is drawn from the same numbers under every effect.
    """
    seeds = [_seed(config.seed, "market", i) for i in range(config.markets)]
    return [
        World(kind="planted", number=i, effect_bps=size, horizon=config.horizon, seed=seed)
        if size > 0.0
        else World(number=i, seed=seed)
        for size in config.effect
        for i, seed in enumerate(seeds)
    ]


def list_placebos(config: CalibrateConfig) -> list[World]:
    """The placebos that `config` asks for, kind by kind, each with its seed."""
    return [
        World(kind=kind, number=i, seed=_seed(config.seed, kind, i))
        for kind in PLACEBOS
        for i in range(config.placebos)
    ]


def check_askable(config: CalibrateConfig, procedure: Procedure) -> None:
    """Refuse to plant what discovery would not look at.

    Raises
    ------
    ConfigError
        When the planted event, or the horizon of its effect, is not among what is asked.
    """
    if not any(config.effect):
        return
    events, horizons = procedure.events, procedure.outcomes.horizons
    names = {a.name for family in events.chosen() for a in events.analyzers(family)}
    if PLANTED_EVENT not in names:
        raise ConfigError(
            f"effects after {PLANTED_EVENT}, which is not among the events that are looked for",
            f"{PLANTED_EVENT} among them, or nothing planted",
            "widen --events and --families, or ask for --effect 0",
        )
    if config.horizon not in horizons:
        raise ConfigError(
            f"an effect planted over {config.horizon}",
            f"one of the horizons that are measured: {', '.join(horizons)}",
            "mend --calibrate.horizon or --outcomes.horizons, or ask for --effect 0",
        )


def _seed(seed: int, *words: object) -> int:
    said = "|".join(["calibrate", str(seed), *map(str, words)])
    return int(sha256(said.encode())[:12], 16)
