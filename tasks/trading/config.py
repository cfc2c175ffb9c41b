"""The terms of trading: how a position is left, sized and limited, and what it costs."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lake.config import Config
from lake.time import Duration

MAX_TARGETS = 4
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, lt=1)]


class Target(Config):
    """A price at which a share of the position is left.

    Attributes
    ----------
    at : float
        Distance from the entry, in units.
    share : float
        Of the original quantity.
    """

    at: Positive
    share: Annotated[float, Field(gt=0, le=1)]


class Exits(Config):
    """How a position is left besides its horizon, which the hypothesis names.

    Attributes
    ----------
    time_at : str
        The close of the bar one horizon after the event's, or the open of the bar after it.
    unit : str
        What one unit of distance is, known at the event's close and taken in logarithms of price:
        the volatility over the horizon (sigma sqrt(H)), the average true range, or one basis point.
    stop, trail : float, optional
        Units from the entry, and from the best price so far; a trail never loosens.
    trail_from : float, optional
        Units that the best price has to lie beyond the entry before the trail begins, at the close
        of that bar; without, it trails from the entry on.
    targets : tuple of Target
        Ascending, their shares at most 1.
    stop_to_entry : bool
        From the bar after the first target on, the stop lies at the entry or better.
    """

    time_at: Literal["close", "next_open"] = "close"
    unit: Literal["volatility", "atr", "bps"] = "volatility"
    stop: Positive | None = None
    trail: Positive | None = None
    trail_from: Positive | None = None
    targets: Annotated[tuple[Target, ...], Field(max_length=MAX_TARGETS)] = ()
    stop_to_entry: bool = False

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        distances = [target.at for target in self.targets]
        if distances != sorted(set(distances)):
            raise ValueError(f"targets at {distances}: each must lie beyond the one before")
        if sum(target.share for target in self.targets) > 1 + 1e-12:
            raise ValueError("targets whose shares sum to more than 1")
        if self.stop_to_entry and not self.targets:
            raise ValueError("stop_to_entry without a target")
        if self.trail_from is not None and self.trail is None:
            raise ValueError("trail_from without a trail")
        return self


class Sizing(Config):
    """How large a position is.

    Attributes
    ----------
    capital : float
        Of the account at its start, in quote units (in coins of an inverse contract).
    method : str
        The same notional for every trade; a share of the equity; a share of it at risk between
        entry and stop; or so large that its volatility over a day is a share of the equity.
    notional : float
        Of each trade by the first method, in the units of the capital.
    share : float
        Of the equity, by the others.
    max_leverage : float
        Largest notional of one trade, as a multiple of the equity, by the others.
    max_notional : float, optional
        Largest notional of one trade, by the others.
    contract : str
        Linear: quantity in base units, results in quote units. Inverse (coin-margined): quantity in
        quote units, results in coins.
    """

    capital: Positive = 1_000_000.0
    method: Literal["fixed_notional", "equity_share", "risk_share", "volatility_target"] = (
        "fixed_notional"
    )
    notional: Positive = 100_000.0
    share: Positive = 0.01
    max_leverage: Positive = 1.0
    max_notional: Positive | None = None
    contract: Literal["linear", "inverse"] = "linear"


class Limits(Config):
    """What an order may not break; one that would is refused, with the reason counted.

    Attributes
    ----------
    per_market : int
        Positions open at once in one market.
    max_open : int
        Positions open at once in all.
    max_gross : float, optional
        Sum of the notionals as a multiple of the equity.
    max_participation : float, optional
        Notional as a share of the usual volume of a bar.
    cooldown : str, optional
        After a position was left, none is opened in its market for so long.
    lockout : str, optional
        The same after a stop, for the same side alone.
    day_loss, week_loss : float, optional
        None is opened while the equity has fallen by such a share since the day or the week began
        (UTC, from Monday).
    drawdown : float, optional
        None is opened any more after the equity has fallen by such a share from its peak.
    loss_streak : int, optional
        After so many losses in a row in a market none is opened there until a structure has formed
        that is younger. Orders of plain events know of no structure: for them the streak is final.
    """

    per_market: Annotated[int, Field(ge=1, le=64)] = 1
    max_open: Annotated[int, Field(ge=1, le=4096)] = 1024
    max_gross: Positive | None = None
    max_participation: Positive | None = None
    cooldown: Duration | None = None
    lockout: Duration | None = None
    day_loss: Share | None = None
    week_loss: Share | None = None
    drawdown: Share | None = None
    loss_streak: Annotated[int, Field(ge=1, le=1024)] | None = None


class Costs(Config):
    """What trading costs: bps of the value of a fill, each way (shared statistics.md section 6).

    Attributes
    ----------
    taker_fee_bps, maker_fee_bps : float
        Entries, stops and exits by time are taken; targets are resting orders.
    half_spread_bps : float
        In usual times; as many times as much as the volatility is above that of the past day.
        Taken fills alone pay it, and the impact.
    impact : float
        Y of the square-root law ``Y sigma sqrt(Q / V)``: Q the notional, V the lesser of the last
        bar's and the usual quote volume, sigma the volatility of a bar.
    unknown_impact_bps : float
        Impact where volume or volatility is not known.
    funding : str
        By the market's own settlements, where there are any; else assumed.
    assumed_funding_bps : float
        Paid by longs at 00:00, 08:00 and 16:00 UTC; shorts receive nothing.
    multiple : float
        Of fees, spread and impact: 2 asks what is left when everything costs twice as much.
    """

    taker_fee_bps: NotNegative = 5.0
    maker_fee_bps: NotNegative = 2.0
    half_spread_bps: NotNegative = 0.5
    impact: NotNegative = 0.7
    unknown_impact_bps: NotNegative = 0.5
    funding: Literal["own", "assumed"] = "own"
    assumed_funding_bps: NotNegative = 1.0
    multiple: NotNegative = 1.0


class Terms(Config):
    """All terms of one strategy."""

    exits: Exits = Exits()
    sizing: Sizing = Sizing()
    limits: Limits = Limits()
    costs: Costs = Costs()

    @model_validator(mode="after")
    def _risk_needs_a_stop(self) -> Self:
        if self.sizing.method == "risk_share" and self.exits.stop is None:
            raise ValueError("risk_share sizes by the distance of the stop, and there is none")
        return self

    def at_costs(self, multiple: float) -> Terms:
        """The same with fees, spread and impact so many times as large."""
        return self.model_copy(
            update={"costs": self.costs.model_copy(update={"multiple": multiple})}
        )

    def at_notional(self, notional: float) -> Terms:
        """The same with one notional of each trade, and no limit that it would run into.

        The capital grows with it, or a large notional would be ruined where a small one is not.
        """
        capital = self.sizing.capital * notional / self.sizing.notional
        update = {"method": "fixed_notional", "notional": notional, "capital": capital}
        sizing = self.sizing.model_copy(update=update)
        limits = self.limits.model_copy(update={"max_gross": None, "max_participation": None})
        return self.model_copy(update={"sizing": sizing, "limits": limits})
