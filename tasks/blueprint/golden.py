"""Golden trades: what a back-test of the blueprint must reproduce to the last bit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lake.keys import canonical_json, sha256
from lake.time import duration_ms
from tasks.blueprint.evidence import FoldEvidence
from tasks.blueprint.parts import Count, Finite, Market, Misfit, Part, Place, Sha256, Time, refuse

Listed = Iterator[tuple[Place, "GoldenTrade"]]


class GoldenTrade(Part):
    """A trade of the walk-forward, as TRADES has it.

    `fold` is the test fold that it was made in: each fold begins without positions.
    """

    fold: Count
    market: Market
    event_time: Time
    entry_time: Time
    exit_time: Time
    side: Literal[-1, 1]
    entry_price: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    exit_price: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    exit: Annotated[str, Field(pattern=r"^[a-z]{1,20}$")]
    net_bps: Finite


class Golden(Part):
    """All trades of the folds in which the procedure traded it.

    Attributes
    ----------
    n_trades : int
        Of them.
    sha256 : str
        Over all of them, as a list in canonical JSON, by fold and number.
    first, last : tuple of GoldenTrade
        Those listed; no trade stands in both.
    """

    n_trades: Annotated[int, Field(ge=1)]
    sha256: Sha256
    first: Annotated[tuple[GoldenTrade, ...], Field(min_length=1)]
    last: tuple[GoldenTrade, ...]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        n_listed = len(self.first) + len(self.last)
        if n_listed > self.n_trades:
            said = f"{self.n_trades} trades, of which {n_listed} are listed"
            refuse([(("n_trades",), said, self.n_trades)])
        listed = [trade.model_dump(mode="json") for _, trade in self.listed()]
        if n_listed == self.n_trades and self.sha256 != digest_of(listed):
            refuse([(("sha256",), "does not fit the trades, all of which are listed", self.sha256)])
        return self

    def listed(self) -> Listed:
        """The trades that are listed, each with its place in this part."""
        yield from ((("first", i), trade) for i, trade in enumerate(self.first))
        yield from ((("last", i), trade) for i, trade in enumerate(self.last))


def digest_of(trades: Sequence[Mapping[str, object]]) -> str:
    """SHA-256 of trades as the document would list them."""
    return sha256(canonical_json(list(trades)).encode())


def golden_misfits(
    golden: Golden, timeframe: str, markets: Sequence[str], folds: Sequence[FoldEvidence]
) -> Iterable[Misfit]:
    """Listed trades that the bars, markets or folds of their blueprint cannot hold."""
    step_ms = duration_ms(timeframe)
    traded = {fold.fold: fold for fold in folds if fold.selected}
    for place, trade in golden.listed():
        yield from ((("golden", *place, n), *said) for n, *said in _wrong_times(trade, step_ms))  # type: ignore[misc]
        if trade.market not in markets:
            said = f"{trade.market} is none of the markets"
            yield ("golden", *place, "market"), said, trade.market
        if trade.fold not in traded:
            yield ("golden", *place, "fold"), "no fold that was traded", trade.fold
        elif not traded[trade.fold].start <= trade.entry_time < traded[trade.fold].end:
            said = f"{trade.entry_time} lies outside of fold {trade.fold}"
            yield ("golden", *place, "entry_time"), said, trade.entry_time


def _wrong_times(trade: GoldenTrade, step_ms: int) -> Iterable[tuple[str, str, object]]:
    for name in ("event_time", "entry_time", "exit_time"):
        time = getattr(trade, name)
        if round(time.timestamp() * 1000) % step_ms or time.microsecond % 1000:
            yield name, f"{time} is off the grid of the bars", time
    if trade.entry_time <= trade.event_time:
        yield "entry_time", f"entry at {trade.entry_time}, not after the event", trade.entry_time
    if trade.exit_time < trade.entry_time:
        yield "exit_time", f"exit at {trade.exit_time}, before the entry", trade.exit_time
