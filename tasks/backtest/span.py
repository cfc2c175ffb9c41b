"""Which bars a back-test may trade: the sealed era stays shut unless it is opened on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from lake.errors import ConfigError
from tasks.blueprint.document import Blueprint


@dataclass(frozen=True)
class Span:
    """What is traded.

    Attributes
    ----------
    start, end : int or None
        ms since 1970, the end excluded; None where the bars begin and end.
    opens_sealed : bool
        Whether bars of the sealed era are among it.
    """

    start: int | None
    end: int | None
    opens_sealed: bool


def choose_span(
    blueprint: Blueprint, first_day: date | None, last_day: date | None, open_sealed: bool
) -> Span:
    """The span between two days, ended where the sealed era begins.

    Bars from the sealed era's end on are new: they may be traded from there.

    Raises
    ------
    ConfigError
        When it begins inside the sealed era and that is not to be opened.
    """
    sealed = blueprint.eras.sealed
    start = _midnight(first_day) if first_day else None
    end = _midnight(last_day) + timedelta(days=1) if last_day else None
    touches = (end is None or end > sealed.start) and (start is None or start < sealed.end)
    if not touches or open_sealed:
        return Span(_ms(start), _ms(end), touches)
    if start is not None and start >= sealed.start:
        raise ConfigError(
            f"a back-test from {start:%Y-%m-%d}, inside the sealed era of the research",
            f"bars before {sealed.start:%Y-%m-%d} or from {sealed.end:%Y-%m-%d} on",
            "take other days, or open the era with --open-sealed: the ledger counts the look",
        )
    return Span(_ms(start), _ms(sealed.start), False)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)
