"""The blueprint: a frozen, validated trading rule with its evidence and where that comes from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from lake.keys import canonical_json, sha256
from lake.ref import EVERY_MARKET
from lake.schema import FEATURES, OUTCOMES, SIGN
from lake.time import Duration, Timeframe, n_bars, timeframe_of
from tasks.blueprint.event import EventRule
from tasks.blueprint.evidence import Evidence
from tasks.blueprint.golden import Golden, golden_misfits
from tasks.blueprint.parts import (
    Finite,
    Market,
    Misfit,
    ModuleName,
    Part,
    Place,
    Sha256,
    Span,
    refuse,
    span_misfits,
)
from tasks.blueprint.words import LABELS
from tasks.trading.config import Terms

HASH_DIGITS = 8
VERSION = 2
CAN_BE_CONDITIONS = tuple(name for name, dtype in FEATURES.columns.items() if dtype == SIGN)


def _unreal(value: Any, place: Place = ()) -> Iterable[Misfit]:
    """Numbers below `value` that JSON has no word for."""
    if isinstance(value, float) and not math.isfinite(value):
        yield place, f"{value} is no finite number", value
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _unreal(item, (*place, name))
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _unreal(item, (*place, number))


def _plain_room(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    refuse(_unreal(value))
    return value


Room = Annotated[dict[str, JsonValue], AfterValidator(_plain_room)]


class Condition(Part):
    """A label of FEATURES at the event's own bar, known at its close."""

    label: str
    value: int

    @model_validator(mode="after")
    def _known_at_the_close(self) -> Self:
        if self.label not in CAN_BE_CONDITIONS:
            why = (
                "is an outcome: it is known only after the trade, so a rule that asks for it "
                "looks into the future"
                if self.label in OUTCOMES.columns
                else "is no label of FEATURES"
            )
            said = f"{self.label!r} {why}; wanted one of {', '.join(CAN_BE_CONDITIONS)}"
            refuse([(("label",), said, self.label)])
        known = LABELS[self.label].values
        if self.value not in known:
            said = f"{self.label} is never {self.value}: wanted one of {', '.join(map(str, known))}"
            refuse([(("value",), said, self.value)])
        return self


class Settings(Part):
    """What bars, features and events came from: the rooms' settings as plain values.

    They are no paths: of a file that was read, `ingest` names the content.
    """

    ingest: Room
    clean: Room
    features: Room
    events: Room


class Eras(Part):
    """Which bars were searched, which confirmed what was found, and which nobody has looked at."""

    discovery: Span
    confirmation: Span
    sealed: Span

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        refuse(span_misfits(((name,), getattr(self, name)) for name in Eras.model_fields))
        return self


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
    horizon, horizon_bars : str, int
        How long a position is held at most, from the event's close.
    terms : Terms
        Exits, size, limits and costs: what the evidence was simulated with.
    settings : Settings
        What bars, features and events came from.
    code, libraries : dict of str to str
        SHA-256 of every module that has part in the trades, and versions of what they call.
    eras : Eras
        So that a back-test can tell trades in sample from those out of it.
    falsified_by : tuple of str
        What would show that it does not hold, or no longer.
    golden : Golden
        Trades of the confirmation era that a back-test must reproduce.
    """

    version: Literal[2]
    hypothesis: str
    event: EventRule
    rule: Literal["follow", "fade"]
    no_side: Literal["long"]
    conditions: tuple[Condition, ...]
    markets: Annotated[tuple[Market, ...], Field(min_length=1)]
    timeframe: Timeframe
    entry: Literal["next_open"]
    horizon: Duration
    horizon_bars: Annotated[int, Field(ge=1)]
    terms: Terms
    settings: Settings
    code: dict[ModuleName, Sha256]
    libraries: dict[str, str]
    eras: Eras
    kill: KillRule
    falsified_by: tuple[str, ...]
    evidence: Evidence
    golden: Golden
    provenance: tuple[Source, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse([*_wrong_markets(self), *_twice(self), *_wrong_counts(self)])
        folds = self.evidence.folds
        refuse(golden_misfits(self.golden, self.timeframe, self.markets, folds))
        return self

    @property
    def proper_name(self) -> str:
        """Event, horizon, market and the first digits of the hash over all but the name."""
        body = self.model_dump(mode="json", exclude={"name"})
        digest = sha256(canonical_json(body).encode())[:HASH_DIGITS]
        market = self.markets[0] if len(self.markets) == 1 else EVERY_MARKET
        return f"{self.event.name}-{self.horizon}-{market}-{digest}"


class Blueprint(Strategy):
    """A named strategy; the name contains the hash of the rest, so a changed one is noticed."""

    name: str

    @model_validator(mode="after")
    def _named_by_content(self) -> Self:
        if self.name != self.proper_name:
            said = f"{self.name!r} does not fit the content: {self.proper_name!r}"
            refuse([(("name",), said, self.name)])
        return self


def seal(fields: Mapping[str, object], modules: Sequence[str] = ()) -> Blueprint:
    """The blueprint of a strategy's fields, named by them.

    Parameters
    ----------
    modules : sequence of str
        With events of the user's own, see `EventRule`.

    Raises
    ------
    ValidationError
        When the fields do not make a strategy.
    """
    context = {"modules": tuple(modules)}
    strategy = Strategy.model_validate(dict(fields), context=context)
    named = dict(strategy) | {"name": strategy.proper_name}
    return Blueprint.model_validate(named, context=context)


def _wrong_markets(strategy: Strategy) -> Iterable[Misfit]:
    for i, market in enumerate(strategy.markets):
        if timeframe_of(market) != strategy.timeframe:
            yield ("markets", i), f"{market} is not of the timeframe {strategy.timeframe}", market


def _twice(strategy: Strategy) -> Iterable[Misfit]:
    labels = tuple(condition.label for condition in strategy.conditions)
    for name, words in (("markets", strategy.markets), ("conditions", labels)):
        for i, word in enumerate(words):
            if word in words[:i]:
                yield (name, i), f"{word} stands there twice", word


def _wrong_counts(strategy: Strategy) -> Iterable[Misfit]:
    bars = n_bars(strategy.horizon, strategy.timeframe)
    if strategy.horizon_bars != bars:
        said = f"{strategy.horizon} are {bars} bars of {strategy.timeframe}"
        yield ("horizon_bars",), said, strategy.horizon_bars
    n_trades = strategy.evidence.confirmation.n_trades
    if strategy.golden.n_trades != n_trades:
        said = f"{strategy.golden.n_trades}, but the evidence is of {n_trades} trades"
        yield ("golden", "n_trades"), said, strategy.golden.n_trades
