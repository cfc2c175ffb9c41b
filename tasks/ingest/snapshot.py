"""What a source is about to yield, said before it is read: its fingerprint."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import Field

from lake.config import Config
from lake.time import Symbol, Timeframe, market_name

Data = Literal["bars", "funding", "interest", "spot", "mark", "leader"]
Beside = Literal["funding", "interest", "spot", "mark", "leader"]


class Snapshot(Config):
    """One market's bars at a source, or what lies beside them, with all that determines it.

    Attributes
    ----------
    data : str
        What it is of: the market's own bars, its funding settlements, its open interest, or the
        bars of its spot market, its mark price or the leader.
    symbol, timeframe : str
        The market, whatever `data` is.
    bars_of, bars_timeframe : str, optional
        For spot, mark and leader: whose bars they are and how long these are.
    parts : tuple of str
        SHA-256 of each file, in the order in which they are read.
    settings : dict
        Whatever else the bars depend on: a simulation's parameters, a request to a venue.
    places : tuple of str
        Where the parts lie on this machine; never part of a key.
    """

    source: Literal["demo", "files", "binance"]
    data: Data = "bars"
    symbol: Symbol
    timeframe: Timeframe
    bars_of: Symbol | None = None
    bars_timeframe: Timeframe | None = None
    start: date | None = None
    end: date | None = None
    parts: tuple[str, ...] = ()
    settings: dict[str, Any] = Field(default_factory=dict)
    places: tuple[str, ...] = ()

    @property
    def market(self) -> str:
        return market_name(self.symbol, self.timeframe)

    @property
    def keyed(self) -> Snapshot:
        """The same without its places."""
        return self.model_copy(update={"places": ()})

    @property
    def is_remote(self) -> bool:
        """Whether its bars have to be fetched before they can be read."""
        return self.source == "binance"

    @property
    def is_simulated(self) -> bool:
        """Whether the truth about its effects is known."""
        return self.source == "demo"
