"""Momentum by hand: the stance turns with the histogram, but not in a market without direction."""

from __future__ import annotations

from tests.engines.sample import Candle, Sample

QUIET = (0.5, 0.5, -0.5, -0.5, -0.5, -0.5, 0.5, 0.5) * 6  # closes swing from 99 to 101 and back


def draw(steps: tuple[float, ...]) -> tuple[Candle, ...]:
    """Candles from close to close, with wicks of a half on both ends."""
    candles, last = [], 100.0
    for step in steps:
        close = last + step
        candles.append(Candle(last, max(last, close) + 0.5, min(last, close) - 0.5, close))
        last = close
    return tuple(candles)


SAMPLES = (
    Sample(
        "momentum_turn",
        "momentum",
        "turn",
        True,
        "Out of a quiet range a steady rise: the histogram has been above zero since its first "
        "bar, and with the sixth the ADX passes 20.",
        draw(QUIET + (1.0,) * 10 + (0.0, 0.5) * 3),
        53,
        1,
    ),
    Sample(
        "momentum_turn_without_direction",
        "momentum",
        "turn",
        False,
        "The same rise tires after four bars and falls back: the ADX comes to 19.9, just below 20.",
        draw(QUIET + (1.0,) * 4 + (0.5,) + (-1.0,) * 4 + (-0.5, 0.5, 0.5, 0.5, 0.5, 0.0, -0.5)),
        53,
        1,
    ),
    Sample(
        "momentum_turn_over",
        "momentum",
        "turn",
        True,
        "A fall turns into a rise: the ADX, which knows no direction, is still high, and the "
        "stance turns over with the histogram.",
        draw(QUIET + (-1.0,) * 10 + (1.0,) * 10),
        62,
        1,
    ),
    Sample(
        "momentum_turn_over_missed",
        "momentum",
        "turn",
        False,
        "The same fall, but the rise ends one bar before the histogram passes zero, and the fall "
        "goes on.",
        draw(QUIET + (-1.0,) * 10 + (1.0,) * 4 + (-1.0,) * 8),
        62,
        1,
    ),
)
