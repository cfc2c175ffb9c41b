"""Metrics, prices and money as the tear sheet writes them."""

from __future__ import annotations

import math
from collections.abc import Iterable

import polars as pl

from tasks.report.formats import MISSING, count, decimal, is_missing

_COUNTED = ("trades", "days", "bars", "trials")
_PRICE_DIGITS, _MONEY_DIGITS, _LARGE = 7, 6, 100.0


def is_share(unit: str) -> bool:
    """Whether numbers of a unit are written in percent."""
    return unit.startswith("share") or unit == "probability"


def unit_words(unit: str) -> str:
    """A unit beside a number: shares and probabilities are written in percent.

    Examples
    --------
    >>> unit_words("share per year"), unit_words("probability"), unit_words("bps")
    ('% per year', '%', 'bps')
    """
    if unit == "probability":
        return "%"
    plain = "" if unit in ("ratio", "moment") else unit
    return plain.replace("share", "%", 1) if is_share(unit) else plain


def measured(value: float | None, unit: str) -> str:
    """A metric without its unit.

    Examples
    --------
    >>> measured(0.1234, "share"), measured(1234.0, "trades"), measured(1.005, "ratio")
    ('12.34', '1,234', '1.00')
    """
    if value is None or is_missing(value):
        return MISSING
    if is_share(unit):
        return decimal(100 * value)
    if unit == "currency":
        return money(value, money_digits([value]))
    if unit in _COUNTED:
        return count(int(value)) if float(value).is_integer() else decimal(value, 1)
    return decimal(value)


def between(lower: float | None, upper: float | None, unit: str) -> str:
    """The ends of a metric's interval; one that is missing is a dash, both are nothing.

    Examples
    --------
    >>> between(0.1, 0.25, "share"), between(float("nan"), float("nan"), "share")
    ('10.00 to 25.00', '')
    """
    if is_missing(lower) and is_missing(upper):
        return ""
    return f"{measured(lower, unit)} to {measured(upper, unit)}"


def price(value: float | None) -> str:
    """A price with seven digits that count.

    Examples
    --------
    >>> price(60123.4), price(0.000012345)
    ('60,123.40', '0.00001234500')
    """
    if value is None or is_missing(value):
        return MISSING
    return decimal(value, max(0, _PRICE_DIGITS - 1 - _exponent(value)))


def money(value: float | None, digits: int) -> str:
    """An amount in the account's currency."""
    return decimal(value, digits)


def money_digits(values: Iterable[float | None]) -> int:
    """Decimals for a column of amounts: few for quote units, more for coins.

    Examples
    --------
    >>> money_digits([12.0, -5000.0]), money_digits([0.0123])
    (2, 7)
    """
    largest = max((abs(v) for v in values if v is not None and math.isfinite(v)), default=0.0)
    if largest >= _LARGE:
        return 2
    return min(8, max(2, _MONEY_DIGITS - 1 - _exponent(largest)))


def side_words(side: int) -> str:
    """Long or short."""
    return "long" if side > 0 else "short"


def finite(column: pl.Series) -> pl.Series:
    """What is there of a column of numbers."""
    return column.drop_nulls().filter(column.drop_nulls().is_finite())


def _exponent(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value else 0
