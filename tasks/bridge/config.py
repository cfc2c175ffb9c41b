"""Configuration of the bridge: on which terms findings are traded, and what they must withstand."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from lake.config import Config
from lake.time import Duration
from tasks.trading.config import NotNegative, Positive, Terms

Several = Field(min_length=1)


class BridgeConfig(Config):
    """How findings are traded, stressed and weighed.

    Attributes
    ----------
    terms : Terms
        Exits, sizes, limits and costs; the defaults are those of a taker on the most liquid
        perpetual futures (shared statistics.md section 6).
    min_block, block_horizons : str, int
        Errors of means are clustered by calendar blocks of at least so long, or so many horizons.
    min_fold_trades : int
        From which the result of a fold has a sign.
    cost_multiples : tuple of float
        Of fees, spread and impact; 1 and 2 among them.
    delays_bars : tuple of int
        Bars by which everything is done later; 1 among them.
    notionals : tuple of float
        Of each trade, in quote units.
    trimmed_share : float
        Of the trades, best or worst, that are left out.
    shifts : tuple of str
        How much later the placebos trade.
    random_replicas : int
        Draws of random entries per candidate.
    seed : int
        Of these draws.
    bootstrap_days, bootstrap_reps, bootstrap_seed, search_level : int, int, int, float
        How the search as a whole is weighed: mean block of the stationary bootstrap, how often and
        from which seed it is drawn, and the level of its tests (shared statistics.md section 3).
    overfit_blocks : int
        Into so many the days are cut to ask whether the best of one half does well in the other.
    """

    terms: Terms = Terms()
    min_block: Duration = "1d"
    block_horizons: int = Field(5, ge=1)
    min_fold_trades: int = Field(10, ge=1)
    cost_multiples: Annotated[tuple[NotNegative, ...], Several] = (0.5, 1.0, 1.5, 2.0, 3.0)
    delays_bars: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Several] = (1, 2, 3)
    notionals: Annotated[tuple[Positive, ...], Several] = (
        *(10_000.0, 30_000.0, 100_000.0, 300_000.0),
        *(1_000_000.0, 3_000_000.0, 10_000_000.0, 30_000_000.0),
    )
    trimmed_share: float = Field(0.05, gt=0, lt=0.5)
    shifts: Annotated[tuple[Duration, ...], Several] = ("1d", "7d")
    random_replicas: int = Field(9, ge=1)
    seed: int = Field(20262, ge=0)
    bootstrap_days: int = Field(5, ge=1)
    bootstrap_reps: int = Field(2000, ge=100)
    bootstrap_seed: int = Field(20261, ge=0)
    search_level: float = Field(0.05, gt=0, lt=0.5)
    overfit_blocks: int = Field(16, ge=2, le=20, multiple_of=2)

    @model_validator(mode="after")
    def _gates_have_their_tests(self) -> Self:
        for name in ("cost_multiples", "delays_bars", "notionals"):
            levels = getattr(self, name)
            if list(levels) != sorted(set(levels)):
                raise ValueError(f"{name} {levels}: each must be above the one before")
        if not {1.0, 2.0} <= set(self.cost_multiples):
            raise ValueError(f"cost_multiples {self.cost_multiples}: 1 and 2 must be among them")
        if 1 not in self.delays_bars:
            raise ValueError(f"delays_bars {self.delays_bars}: 1 must be among them")
        return self
