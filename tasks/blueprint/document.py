"""The blueprint: a frozen, validated trading rule with its evidence and where that comes from."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from lake.keys import canonical_json, sha256
from lake.ref import EVERY_MARKET
from lake.schema import FEATURES
from lake.time import Duration, Timeframe, n_bars, timeframe_of

Finite = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Parameter = bool | int | float | str
HASH_DIGITS = 8


class Part(BaseModel):
    """A part of a blueprint: frozen, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EventRule(Part):
    """What must happen: an analyzer of a module, with every parameter it was run with."""

    module: str
    family: str
    name: str
    parameters: dict[str, Parameter]
    cooldown: Duration
    parameters_key: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]


class Condition(Part):
    """A label of FEATURES at the event's own bar, known at its close."""

    label: str
    value: int

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.label not in FEATURES.columns:
            raise ValueError(f"{self.label!r} is no column of FEATURES")
        return self


class TimeExit(Part):
    """Left at the close of the bar so many bars after the event's."""

    at: Literal["close"] = "close"
    horizon: Duration
    time_stop_bars: Annotated[int, Field(ge=1)]


class Sizing(Part):
    """The same notional for every trade, in units of the account's choice."""

    method: Literal["fixed_notional"] = "fixed_notional"
    units: Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Costs(Part):
    """Costs assumed by the evidence: the first three per side; longs pay the funding."""

    taker_fee_bps: NotNegative
    half_spread_bps: NotNegative
    impact_bps: NotNegative
    funding_bps_per_8h: NotNegative


class DiscoveryEvidence(Part):
    """What the discovery era said of the effect, against its baseline.

    `scaled_bps` is what was selected for being large; `shrunk_bps` is what is believed of it, from
    `lower_bps` to `upper_bps` with 95 %; `kept_share` is the second over the first.
    """

    n: int
    n_clusters: int
    scaled_bps: Finite
    scaled_se_bps: Finite
    effect_bps: Finite
    weighted_bps: Finite
    t: Finite
    p: Share
    q: Share
    p_permutation: Share
    shrunk_bps: Finite
    lower_bps: Finite
    upper_bps: Finite
    sign_rate: Share
    kept_share: Finite


class ConfirmationEvidence(Part):
    """What trading it in the confirmation era left after costs."""

    n_trades: int
    n_clusters: int
    gross_bps: Finite
    cost_bps: Finite
    net_bps: Finite
    se_bps: Finite
    t: Finite
    q: Share
    break_even_cost_bps: Finite
    hit_rate: Share
    worst_bps: Finite


class Evidence(Part):
    """Why anyone believes it."""

    discovery: DiscoveryEvidence
    confirmation: ConfirmationEvidence
    verdict: str


class KillRule(Part):
    """Stop trading it when the mean of the last `n_trades` live trades is below the threshold.

    The threshold is the mean of the confirmation era less `standard_errors` standard errors of a
    mean over so many trades.
    """

    n_trades: Annotated[int, Field(ge=2)]
    standard_errors: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    stop_below_bps: Finite


class Source(Part):
    """A table that the evidence was made of; raw tables are known by their content alone."""

    table: str
    key: str | None
    content: str


class GoldenTrade(Part):
    """A trade of the confirmation era that a back-test of this blueprint must reproduce."""

    market: str
    event_time: AwareDatetime
    entry_time: AwareDatetime
    exit_time: AwareDatetime
    side: Literal[-1, 1]
    entry_price: Finite
    exit_price: Finite
    net_bps: Finite


class Strategy(Part):
    """A blueprint without its name.

    Attributes
    ----------
    version : int
        Of this format.
    hypothesis : str
        ``market|event|horizon|condition``, as FINDINGS has it.
    rule : str
        Whether the event's side is followed or faded; an event without a side counts as long.
    conditions : tuple of Condition
        All must hold.
    positions : str
        An event while a position is open in its market is ignored.
    golden : tuple of GoldenTrade
        First and last trades of the confirmation era.
    """

    version: Literal[1] = 1
    hypothesis: str
    event: EventRule
    rule: Literal["follow", "fade"]
    no_side: Literal["long"] = "long"
    conditions: tuple[Condition, ...]
    markets: Annotated[tuple[str, ...], Field(min_length=1)]
    timeframe: Timeframe
    entry: Literal["next_open"] = "next_open"
    exit: TimeExit
    positions: Literal["one_per_market"] = "one_per_market"
    sizing: Sizing
    costs: Costs
    kill: KillRule
    evidence: Evidence
    golden: Annotated[tuple[GoldenTrade, ...], Field(min_length=1)]
    provenance: tuple[Source, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        strange = [market for market in self.markets if timeframe_of(market) != self.timeframe]
        if strange:
            raise ValueError(f"markets {strange} are not of the timeframe {self.timeframe}")
        bars = n_bars(self.exit.horizon, self.timeframe)
        if self.exit.time_stop_bars != bars:
            raise ValueError(
                f"exit after {self.exit.time_stop_bars} bars, "
                f"but {self.exit.horizon} are {bars} bars of {self.timeframe}"
            )
        return self

    @property
    def proper_name(self) -> str:
        """Event, horizon, market and the first digits of the hash over all but the name."""
        body = self.model_dump(mode="json", exclude={"name"})
        digest = sha256(canonical_json(body).encode())[:HASH_DIGITS]
        market = self.markets[0] if len(self.markets) == 1 else EVERY_MARKET
        return f"{self.event.name}-{self.exit.horizon}-{market}-{digest}"


class Blueprint(Strategy):
    """A named strategy; the name contains the hash of the rest, so a changed one is noticed."""

    name: str

    @model_validator(mode="after")
    def _named_by_content(self) -> Self:
        if self.name != self.proper_name:
            raise ValueError(f"name {self.name!r} does not fit the content: {self.proper_name!r}")
        return self


def seal(strategy: Strategy) -> Blueprint:
    """Give a strategy its name."""
    return Blueprint(name=strategy.proper_name, **dict(strategy))
