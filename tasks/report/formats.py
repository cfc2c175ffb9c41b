"""Numbers, days and names as the page writes them. A missing value is a dash."""

from __future__ import annotations

import math
from datetime import datetime

from lake.ref import EVERY_MARKET

MISSING, MINUS, PLUS_MINUS, DOT = "\u2013", "\u2212", "\u00b1", "\u00b7"
INFINITE, TIMES = "\u221e", "\u00d7"
_SIZES = ((1e9, "B"), (1e6, "M"), (1e3, "k"))
_SMALL = 0.001
_GATES = {
    "testable": "enough occurrences to test",
    "finding": "beyond chance among all hypotheses",
    "walk_forward": "chosen again before most test folds",
    "confirmation_trades": "enough trades in the confirmation era",
    "net_positive": "positive after costs",
    "confirmation_q": "beyond chance in the confirmation era",
    "fold_signs": "positive in most test folds",
    "cost_stress": "positive at double costs",
    "delay": "keeps its edge one bar later",
    "concentration": "not made by one trade",
    "without_best": "positive without its extreme trades",
    "placebo_shifted": "a day or a week later earns nothing",
    "placebo_opposite": "the other side earns nothing",
    "placebo_random": "better than random entries",
    "shrunk_sign": "shrunk effect exceeds the costs",
    "different": "not redundant with a broader one",
}
_REGIMES = {
    "all": "any",
    "vol_regime=0": "low volatility",
    "vol_regime=1": "middle volatility",
    "vol_regime=2": "high volatility",
    "trend_regime=-1": "downtrend",
    "trend_regime=0": "no trend",
    "trend_regime=1": "uptrend",
    "session=0": "Asian hours",
    "session=1": "European hours",
    "session=2": "American hours",
    "funding_regime=-1": "shorts pay funding",
    "funding_regime=0": "usual funding",
    "funding_regime=1": "high funding",
}


def is_missing(value: float | None) -> bool:
    """Whether there is no finite number."""
    return value is None or not math.isfinite(value)


def count(value: int | None) -> str:
    """A whole number with thousands separated.

    Examples
    --------
    >>> count(1234567)
    '1,234,567'
    """
    return MISSING if value is None else f"{value:,d}".replace("-", MINUS)


def decimal(value: float | None, digits: int = 2) -> str:
    """A number with fixed decimals, so that a column lines up.

    Examples
    --------
    >>> decimal(1.005, 1), decimal(float("nan"))
    ('1.0', '\u2013')
    """
    if value is None or is_missing(value):
        return MISSING
    return _unsigned_zero(f"{value:,.{digits}f}").replace("-", MINUS)


def signed(value: float | None, digits: int = 1) -> str:
    """A number with its sign: an effect, a net return.

    Examples
    --------
    >>> signed(12.34), signed(-0.04)
    ('+12.3', '0.0')
    """
    if value is None or is_missing(value):
        return MISSING
    return _unsigned_zero(f"{value:+,.{digits}f}").replace("-", MINUS)


def spread(value: float | None, digits: int = 1) -> str:
    """A standard deviation behind its estimate, sign of plus-minus included."""
    return f"{PLUS_MINUS} {decimal(value, digits)}"


def estimate(value: float | None, error: float | None) -> str:
    """An estimate with its standard error, or a dash where there is none.

    Examples
    --------
    >>> estimate(12.34, 2.0), estimate(None, None)
    ('+12.3 \u00b1 2.0', '\u2013')
    """
    return MISSING if is_missing(value) else f"{signed(value)} {spread(error)}"


def interval(lower: float | None, upper: float | None) -> str:
    """Ends of an interval.

    Examples
    --------
    >>> interval(30.24, 38.61), interval(float("nan"), 1.0)
    ('+30.2 to +38.6', '\u2013')
    """
    if is_missing(lower) or is_missing(upper):
        return MISSING
    return f"{signed(lower)} to {signed(upper)}"


def probability(value: float | None) -> str:
    """A p- or q-value with two digits that count, never rounded to 0.

    Examples
    --------
    >>> probability(0.0312), probability(0.5), probability(3.14e-7), probability(1.0)
    ('0.031', '0.50', '3.1e-7', '1.0')
    """
    if value is None or is_missing(value):
        return MISSING
    if value == 0:
        return "0"
    if value < _SMALL:  # below, the zeros are harder to count than an exponent is to read
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    exponent_10 = math.floor(math.log10(float(f"{value:.1e}")))
    return f"{value:.{max(1, 1 - exponent_10)}f}"


def percent(value: float | None, digits: int = 2) -> str:
    """A share in percent, without the sign of percent, never a rounded 0.

    Examples
    --------
    >>> percent(0.1234), percent(0.00001), percent(0.0)
    ('12.34', '<0.01', '0.00')
    """
    if value is None or is_missing(value):
        return MISSING
    least = 10.0**-digits
    return f"<{least:g}" if 0 < 100 * value < least / 2 else decimal(100 * value, digits)


def amount(value: float | None) -> str:
    """A large amount, short.

    Examples
    --------
    >>> amount(30_000.0), amount(1_250_000.0), amount(500.0), amount(float("inf"))
    ('30k', '1.25M', '500', '\u221e')
    """
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return INFINITE if value > 0 else MISSING
    size, sign = next(((s, n) for s, n in _SIZES if abs(value) >= s), (1.0, ""))
    return f"{value / size:.3g}{sign}".replace("-", MINUS)


def day(value: datetime | None) -> str:
    """The day of a time, ISO."""
    return MISSING if value is None else value.strftime("%Y-%m-%d")


def minute(value: datetime | None) -> str:
    """A time to the minute, ISO, UTC."""
    return MISSING if value is None else value.strftime("%Y-%m-%d %H:%M")


def market_words(market: str) -> str:
    """A market's name, where the pooled one is said in words."""
    return "all markets" if market == EVERY_MARKET else market


def condition_words(condition: str) -> str:
    """A condition in words; one that is not known stays as it is."""
    return _REGIMES.get(condition, condition)


def gate_words(gate: str) -> str:
    """What a gate of promotion asks; one that is not known keeps its name."""
    return _GATES.get(gate, gate.replace("_", " "))


def hypothesis_words(hypothesis: str) -> str:
    """``market|event|horizon|condition`` as a label: event, market, horizon, condition."""
    parts = hypothesis.split("|")
    if len(parts) != 4:
        return hypothesis
    market, event, horizon, condition = parts
    words = [event, market_words(market), horizon]
    return f" {DOT} ".join(words if condition == "all" else [*words, condition_words(condition)])


def n_of(number: int, noun: str, plural: str = "") -> str:
    """A count with its noun.

    Examples
    --------
    >>> n_of(1, "finding"), n_of(0, "finding"), n_of(2, "hypothesis", "hypotheses")
    ('1 finding', '0 findings', '2 hypotheses')
    """
    return f"{count(number)} {noun if number == 1 else plural or noun + 's'}"


def _unsigned_zero(text: str) -> str:
    return text.lstrip("+-") if float(text.replace(",", "")) == 0 else text
