"""Configuration of the bridge: what a trade costs."""

from __future__ import annotations

from pydantic import Field

from lake.config import Config
from lake.time import Duration


class BridgeConfig(Config):
    """Costs of trading, in basis points of the position's value.

    The defaults are those of a taker on the most liquid perpetual futures: 12 bps per round trip
    (shared statistics.md section 6; fee: Binance VIP0 taker; impact: square-root law at a size of
    100 000 quote units). Shorts are assumed to receive no funding.

    The fields from `bootstrap_days` on weigh the search as a whole: the mean block of the
    stationary bootstrap, how often and from which seed it is drawn, the level of its tests, and
    into how many blocks the days are cut to ask whether the best of one half does well in the
    other (shared statistics.md section 3).
    """

    taker_fee_bps: float = Field(5.0, ge=0, allow_inf_nan=False)
    half_spread_bps: float = Field(0.5, ge=0, allow_inf_nan=False)
    impact_bps: float = Field(0.5, ge=0, allow_inf_nan=False)
    funding_bps_per_8h: float = Field(1.0, ge=0, allow_inf_nan=False)
    min_block: Duration = "1d"
    block_horizons: int = Field(5, ge=1)
    bootstrap_days: int = Field(5, ge=1)
    bootstrap_reps: int = Field(2000, ge=100)
    bootstrap_seed: int = Field(20261, ge=0)
    search_level: float = Field(0.05, gt=0, lt=0.5)
    overfit_blocks: int = Field(16, ge=2, le=20, multiple_of=2)

    @property
    def cost_bps_per_side(self) -> float:
        """Fee, half the spread and impact of one fill."""
        return self.taker_fee_bps + self.half_spread_bps + self.impact_bps

    @property
    def round_trip_bps(self) -> float:
        """Cost of one trade without funding."""
        return 2 * self.cost_bps_per_side
