from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from lake.time import (
    TIMEFRAMES,
    Duration,
    Symbol,
    Timeframe,
    duration_ms,
    market_name,
    n_bars,
    symbol_of,
    timeframe_of,
)

WORDS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
numbers = st.integers(1, 999_999)
units = st.sampled_from(sorted(WORDS))


@given(numbers, units)
def test_a_duration_is_what_the_calendar_says(number: int, unit: str) -> None:
    expected = timedelta(**{WORDS[unit]: number}) / timedelta(milliseconds=1)
    assert duration_ms(f"{number}{unit}") == expected


@pytest.mark.parametrize(
    "text",
    ["", "5", "m", "0m", "-5m", "05m", "5 m", "5M", "5s", "1.5h", "5m ", "5m\n", "\u0665m", "1mo"],
)
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="like 8h"):
        duration_ms(text)


@given(numbers, units, st.sampled_from(TIMEFRAMES))
def test_so_many_bars_cover_the_duration_and_one_less_does_not(
    number: int, unit: str, timeframe: str
) -> None:
    n, bar, wanted = (
        n_bars(f"{number}{unit}", timeframe),
        duration_ms(timeframe),
        duration_ms(f"{number}{unit}"),
    )
    assert n >= 1
    assert n * bar >= wanted
    assert n == 1 or (n - 1) * bar < wanted


@pytest.mark.parametrize(
    ("duration", "timeframe", "n"),
    [("1d", "5m", 288), ("8h", "15m", 32), ("1h", "4h", 1), ("7m", "5m", 2), ("1w", "1d", 7)],
)
def test_bars_in_a_duration(duration: str, timeframe: str, n: int) -> None:
    assert n_bars(duration, timeframe) == n


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [(Duration, "8h", "8x"), (Timeframe, "5m", "7m"), (Symbol, "BTCUSDT", "btcusdt")],
)
def test_a_config_accepts_good_words_and_refuses_bad_ones(kind, good: str, bad: str) -> None:
    adapter = TypeAdapter(kind)
    assert adapter.validate_python(good) == good
    with pytest.raises(ValidationError, match=bad):
        adapter.validate_python(bad)


@pytest.mark.parametrize(
    "symbol", ["../../x", "", "BTC/USDT", "BTC-USDT", ".BTC", "A..B", "A" * 41, "BTC USDT", "ÄBC"]
)
def test_a_symbol_that_could_leave_the_lake_is_refused(symbol: str) -> None:
    with pytest.raises(ValueError, match="no symbol"):
        market_name(symbol, "5m")


@given(st.from_regex(r"[A-Z0-9][A-Z0-9_]{0,39}", fullmatch=True), st.sampled_from(TIMEFRAMES))
def test_a_market_says_its_symbol_and_timeframe(symbol: str, timeframe: str) -> None:
    market = market_name(symbol, timeframe)
    assert (symbol_of(market), timeframe_of(market)) == (symbol, timeframe)


@pytest.mark.parametrize("market", ["BTCUSDT", "BTCUSDT-", "BTCUSDT-7m", "all"])
def test_a_market_without_a_timeframe_is_refused(market: str) -> None:
    with pytest.raises(ValueError, match="no timeframe"):
        timeframe_of(market)
