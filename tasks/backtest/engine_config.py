"""How the decisions of an engine are traded. Source: shared engines.md, Exits and sizing."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lake.config import Config
from tasks.trading.config import Exits, Limits, Positive, Sizing, Target, Terms

STOP_ATR = 2.0


class EngineExits(Exits):
    """A stop at two average true ranges; half is left at once that distance, the rest at twice.

    Attributes
    ----------
    unit : str
        The average true range at the decision, as a share of the close.
    """

    unit: Literal["atr"] = "atr"
    stop: Positive | None = STOP_ATR
    targets: tuple[Target, ...] = Field(
        (Target(at=STOP_ATR, share=0.5), Target(at=2 * STOP_ATR, share=0.5)), max_length=4
    )
    stop_to_entry: bool = True


class EngineSizing(Sizing):
    """A hundredth of the equity is lost at the stop; never more than the equity is at stake."""

    method: Literal["fixed_notional", "equity_share", "risk_share", "volatility_target"] = (
        "risk_share"
    )


class EngineLimits(Limits):
    """What halts the account: losses in a row until a fresh structure, and circuit breakers."""

    loss_streak: int | None = Field(3, ge=1, le=1024)
    day_loss: float | None = Field(0.05, gt=0, lt=1)
    week_loss: float | None = Field(0.10, gt=0, lt=1)
    drawdown: float | None = Field(0.20, gt=0, lt=1)


class EngineTerms(Terms):
    """The terms of an engine; each field is a flag: ``--backtest.engine_terms.exits.stop 3``."""

    exits: EngineExits = EngineExits()
    sizing: EngineSizing = EngineSizing()
    limits: EngineLimits = EngineLimits()


class EngineTrading(Config):
    """All that a decision's way through the account depends on.

    Attributes
    ----------
    horizon_bars : int
        Bars from the decision's until the position is left; 0 for never.
    structure_stop : bool
        Whether a close beyond the zone that a decision stood on ends the position.
    terms : EngineTerms
    """

    horizon_bars: int = Field(96, ge=0, le=1_000_000)
    structure_stop: bool = True
    terms: EngineTerms = EngineTerms()
