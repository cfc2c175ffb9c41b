"""What every part of a blueprint is made of, and how one refuses what does not fit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from lake.time import market_name, symbol_of, timeframe_of

Place = tuple[int | str, ...]
Misfit = tuple[Place, str, Any]


class Part(BaseModel):
    """A part of a blueprint: frozen, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def refuse(misfits: Iterable[Misfit]) -> None:
    """Raise one ValidationError for all `misfits`: where, what is wrong, and the value there.

    A validator of a part that calls this names fields below its own, as pydantic itself does.
    """
    errors = [
        InitErrorDetails(
            type=PydanticCustomError("misfit", "{said}", {"said": said}), loc=place, input=value
        )
        for place, said, value in misfits
    ]
    if errors:
        raise ValidationError.from_exception_data("blueprint", errors)


def _in_utc(value: datetime) -> datetime:
    if value.utcoffset() != timedelta(0):
        raise ValueError(f"{value.isoformat()} is not in UTC")
    return value


def _checked_market(value: str) -> str:
    return market_name(symbol_of(value), timeframe_of(value))


Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Number = Finite | None
Probability = Share | None
Time = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Market = Annotated[str, AfterValidator(_checked_market)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ModuleName = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$", max_length=200)]


class Span(Part):
    """A stretch of time; nothing in it opens at or after `end`."""

    start: Time
    end: Time


def span_misfits(spans: Iterable[tuple[Place, Span]]) -> Iterable[Misfit]:
    """Spans that end before they begin, or begin before the one before them has ended."""
    before: Span | None = None
    for place, span in spans:
        if span.end <= span.start:
            yield (*place, "end"), f"{span.end} is not after the start, {span.start}", span.end
        if before is not None and span.start < before.end:
            yield (*place, "start"), f"{span.start} lies in the span before", span.start
        before = span
