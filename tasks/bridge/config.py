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
    """

    taker_fee_bps: float = Field(5.0, ge=0, allow_inf_nan=False)
    half_spread_bps: float = Field(0.5, ge=0, allow_inf_nan=False)
    impact_bps: float = Field(0.5, ge=0, allow_inf_nan=False)
    funding_bps_per_8h: float = Field(1.0, ge=0, allow_inf_nan=False)
    min_block: Duration = "1d"
    block_horizons: int = Field(5, ge=1)

    @property
    def cost_bps_per_side(self) -> float:
        """Fee, half the spread and impact of one fill."""
        return self.taker_fee_bps + self.half_spread_bps + self.impact_bps

    @property
    def round_trip_bps(self) -> float:
        """Cost of one trade without funding."""
        return 2 * self.cost_bps_per_side
