"""What the simulated market looks like, and what is planted in it."""

from __future__ import annotations

from pydantic import Field, model_validator

from lake.config import Config
from lake.time import Duration

HOUR_PROFILE = (
    *(0.08, 0.06, -0.06, -0.2, -0.3, -0.3, -0.26, -0.23, -0.15, -0.18, -0.21, -0.19),
    *(0.0, 0.22, 0.45, 0.42, 0.33, 0.24, 0.18, 0.14, 0.09, -0.01, -0.03, -0.09),
)
DAY_PROFILE = (0.18, 0.18, 0.18, 0.17, 0.15, -0.5, -0.36)


class VolatilityConfig(Config):
    """Volatility of 5m bars; other timeframes are derived from it.

    Attributes
    ----------
    median_bps : float
        Volatility of a bar in its middle state.
    level_sd, within_bar_sd : float
        Standard deviation, in logs, of a symbol's own level and of each bar's own volatility.
    memories : tuple of str
        Time constants of the components.
    sds, kicks, levers : tuple of float
        Of each component, in logs: its standard deviation, and what a shock of unit size and a
        fall of unit size add to it.
    shock_cap : float
        Size, in volatilities, beyond which a shock adds no more.
    common_share : float
        Share of variance that the symbols' volatilities have in common.
    hour_profile, day_profile : tuple of float
        Log volatility by hour UTC and by weekday from Monday, as in BTC perpetual bars 2023-26.
    """

    median_bps: float = Field(9.0, gt=0)
    level_sd: float = Field(0.05, ge=0)
    within_bar_sd: float = Field(0.26, ge=0)
    memories: tuple[Duration, ...] = ("30m", "4h", "36h", "20d")
    sds: tuple[float, ...] = (0.33, 0.22, 0.22, 0.36)
    kicks: tuple[float, ...] = (0.08, 0.03, 0.0, 0.0)
    levers: tuple[float, ...] = (0.025, 0.012, 0.0, 0.0)
    shock_cap: float = Field(4.0, gt=0)
    common_share: float = Field(0.8, ge=0, le=1)
    hour_profile: tuple[float, ...] = Field(HOUR_PROFILE, min_length=24, max_length=24)
    day_profile: tuple[float, ...] = Field(DAY_PROFILE, min_length=7, max_length=7)

    @model_validator(mode="after")
    def _one_each(self) -> VolatilityConfig:
        if not len(self.memories) == len(self.sds) == len(self.kicks) == len(self.levers):
            raise ValueError("memories, sds, kicks and levers must be equally many")
        return self


class ShockConfig(Config):
    """The bars' shocks, in units of their volatility.

    Attributes
    ----------
    common_share : float
        Share of variance that the symbols' shocks have in common.
    jumps_per_day, jump_offspring, jump_memory : float, float, str
        Jumps that come by themselves, jumps that each of them causes, and how long it may take.
    jump_common_share : float
        Share of the jumps that hit every symbol.
    jump_size, jump_size_sd : float
        Median size of a jump in volatilities of 5m, and its standard deviation in logs.
    gap_bps : float
        Standard deviation of the open from the last close.
    greatest : float
        Largest simple return of a bar, either way.
    """

    common_share: float = Field(0.9, ge=0, le=1)
    jumps_per_day: float = Field(1.2, ge=0)
    jump_offspring: float = Field(0.48, ge=0, lt=1)
    jump_memory: Duration = "2h"
    jump_common_share: float = Field(0.7, ge=0, le=1)
    jump_size: float = Field(3.5, ge=0)
    jump_size_sd: float = Field(0.5, ge=0)
    gap_bps: float = Field(0.05, ge=0)
    greatest: float = Field(0.3, gt=0, lt=0.5)


class VolumeConfig(Config):
    """Volume and its taker share.

    Attributes
    ----------
    turnover : float
        Quote units that change hands in a 5m bar in its middle state.
    of_volatility, of_range, of_season : float
        Elasticities to volatility, to the range in volatilities, and beyond both to the season.
    slow_sd, fast_sd, slow_memory : float, float, str
        Own noise in logs, lasting and of one bar.
    trade_value, trades_sd : float
        Quote units of a trade, and noise of the number of trades in logs.
    taker_tilt, taker_sd, least_taker_share : float
        How far the bar's own shock moves the taker share from one half, its noise and its floor.
    first_price_decades : float
        First prices lie between 1 and ten to this power.
    """

    turnover: float = Field(5e6, gt=0)
    of_volatility: float = 1.15
    of_range: float = 0.55
    of_season: float = 0.3
    slow_sd: float = Field(0.3, ge=0)
    fast_sd: float = Field(0.36, ge=0)
    slow_memory: Duration = "1d"
    trade_value: float = Field(1500.0, gt=0)
    trades_sd: float = Field(0.15, ge=0)
    taker_tilt: float = Field(0.09, ge=0)
    taker_sd: float = Field(0.07, ge=0)
    least_taker_share: float = Field(0.02, ge=0, lt=0.5)
    first_price_decades: float = Field(4.5, gt=0, le=6)


class DirtConfig(Config):
    """What is wrong with the bars, so that cleaning has something to say.

    Attributes
    ----------
    outages_per_year : int
        Outages of the venue in each 365 days, the same for every symbol.
    outage : str
        How long each lasts; bars that lie wholly in it are missing.
    n_duplicates : int
        Rows that come twice.
    """

    outages_per_year: int = Field(1, ge=0, le=100)
    outage: Duration = "40m"
    n_duplicates: int = Field(3, ge=0, le=100)


class FundingConfig(Config):
    """Funding: a premium that lasts and follows slow past returns, and what is settled for it.

    Attributes
    ----------
    interval : str
        Between settlements, from the first day's midnight.
    interest_bps, band_bps : float
        Settled is the interest where the premium is within the band around it; beyond, the
        premium less the band: Binance's rule, which is why so many settlements are equal.
    centre_bps, narrow_bps, wide_bps : float
        Premium in its middle state, and what a standard deviation below and above it makes.
    trend_share, trend_memory : float, str
        Share of the premium's variance that past returns explain, and how far back they reach.
    volatility_memory : str
        Of the past volatility in which those returns are measured.
    memory, common_share : str, float
        Of the rest: time constant, and share of variance that the symbols have in common.
    greatest_bps : float
        Cap of a rate, either way.
    latest_ms : int
        Settlements are stamped up to so many milliseconds after they are due.
    """

    interval: Duration = "8h"
    interest_bps: float = 1.0
    band_bps: float = Field(5.0, ge=0)
    centre_bps: float = -3.6
    narrow_bps: float = Field(1.2, ge=0)
    wide_bps: float = Field(8.0, ge=0)
    trend_share: float = Field(0.3, ge=0, le=1)
    trend_memory: Duration = "7d"
    volatility_memory: Duration = "20d"
    memory: Duration = "4d"
    common_share: float = Field(0.6, ge=0, le=1)
    greatest_bps: float = Field(75.0, gt=0)
    latest_ms: int = Field(20, ge=1, lt=60_000)


class InterestConfig(Config):
    """Open interest: it builds up slowly and is flushed by large moves.

    Attributes
    ----------
    step : str
        Between readings.
    of_turnover : float
        Its middle state in units of a day's turnover.
    slow_sd, slow_memory, fast_sd, fast_memory : float, str, float, str
        Own noise in logs, lasting long and not so long.
    reading_sd : float
        Noise in logs of a single reading.
    flush, flush_volatilities, volatility_memory : float, float, str
        Share of a large move that open interest loses, in logs, to regain it with the fast
        memory; from how many past volatilities on a move is large; how far back those reach.
    n_zeros, n_late, latest_s, outage : int, int, int, str
        Readings of zero, readings stamped too late, by how many seconds at most, and one time
        without readings.
    """

    step: Duration = "5m"
    of_turnover: float = Field(0.4, gt=0)
    slow_sd: float = Field(0.14, ge=0)
    slow_memory: Duration = "30d"
    fast_sd: float = Field(0.006, ge=0)
    fast_memory: Duration = "1d"
    reading_sd: float = Field(0.0003, ge=0)
    flush: float = Field(0.8, ge=0)
    flush_volatilities: float = Field(4.0, gt=0)
    volatility_memory: Duration = "1d"
    n_zeros: int = Field(3, ge=0, le=100)
    n_late: int = Field(20, ge=0, le=1000)
    latest_s: int = Field(30, ge=1, le=240)
    outage: Duration = "3h"


class BasisConfig(Config):
    """Log distance of the perpetual from its spot market, and from its mark price.

    Attributes
    ----------
    mean_bps : float
        Of the basis.
    memories, sds_bps : tuple of str, tuple of float
        Its components: time constants and standard deviations.
    of_return : float
        Share of a bar's log return that spot has yet to follow at its close, to be made good with
        the first memory.
    mark_memory, mark_sd_bps : str, float
        The same of the distance from the mark price.
    volume_share, volume_sd : float, float
        Spot's volume in the perpetual's, and its noise in logs.
    """

    mean_bps: float = -1.0
    memories: tuple[Duration, Duration] = ("2h", "10d")
    sds_bps: tuple[float, float] = (2.0, 4.0)
    of_return: float = Field(0.02, ge=0, lt=1)
    mark_memory: Duration = "30m"
    mark_sd_bps: float = Field(0.8, ge=0)
    volume_share: float = Field(0.25, gt=0)
    volume_sd: float = Field(0.3, ge=0)


class PlantConfig(Config):
    """Drift planted after an event.

    Attributes
    ----------
    effect_bps : float
        Drift over the horizon, in the event's direction: negative, the price comes back.
    horizon : str
        How long the drift lasts, the same in every bar.
    threshold : float
        Of the event.
    window : str
        Past bars that the event looks at.
    """

    effect_bps: float
    horizon: Duration
    threshold: float = Field(4.0, gt=0)
    window: Duration = "1d"


class SpikeConfig(PlantConfig):
    """After a return of `threshold` times past volatility: event `vol_spike`."""

    effect_bps: float = 35.0
    horizon: Duration = "1h"


class ThinMoveConfig(PlantConfig):
    """After a return on little volume, `threshold` robust deviations out: `liquidity_shock`."""

    effect_bps: float = -40.0
    horizon: Duration = "4h"
    volume_share: float = Field(0.5, gt=0)
