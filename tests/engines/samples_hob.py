"""Hidden order blocks by hand: a level at a swing low, and what happens when price comes back.

Every chart begins with a quiet range whose highs and lows are all alike, so that it has no swing;
its bars are one wide, and so the average range is near one afterwards.
"""

from __future__ import annotations

from tests.engines.sample import Candle, Sample

QUIET = (0.5, 0.5, -0.5, -0.5) * 13  # closes swing from 100 to 101 and back
VOLUMES = (90.0, 110.0)
Move = float | Candle


def draw(*moves: Move) -> tuple[Candle, ...]:
    """The quiet range, and then candles from close to close, with wicks of a quarter on both ends.

    A candle is taken as it is.
    """
    candles, last = [], 100.0
    for number, move in enumerate((*QUIET, *moves)):
        if isinstance(move, Candle):
            candles.append(move)
        else:
            close = last + move
            high, low = max(last, close) + 0.25, min(last, close) - 0.25
            candles.append(Candle(last, high, low, close, VOLUMES[number % 2]))
        last = candles[-1].close
    return tuple(candles)


def hob(name: str, event: str, is_positive: bool, bar: int, caption: str, *moves: Move) -> Sample:
    """A sample of this engine, at a swing low."""
    return Sample(f"hob_{name}", "hob", event, is_positive, caption, draw(*moves), bar, 1)


# The low at 97, at bar 52, and the rise from it, with which it is known at bar 57.
RISE = (0.75, 0.75, 0.5, 0.25, 0.25)
STRONG = (Candle(100.0, 100.25, 97.0, 99.5, 160.0), *RISE)
WEAK = (Candle(100.0, 100.25, 97.0, 99.5, 110.0), *RISE)
POOR = (Candle(100.0, 100.25, 97.0, 97.5, 90.0), 1.25, 1.5, 1.25, 0.25, 0.25)
# On to 104 and down again to 98.25, at bar 68; then the bar that is back at the level.
HILL = (*(0.5,) * 4, -0.25, -0.5, *(-1.0,) * 5)
BACK = Candle(98.25, 98.5, 97.25, 97.5, 110.0)
UP = (1.0, 0.75, 0.75, 0.5, 0.25, 0.25, -0.25, 0.25)
LINGER = Candle(97.5, 97.75, 97.375, 97.5, 90.0)
LEAVE = (Candle(97.5, 98.75, 97.375, 98.5, 110.0), *UP[1:])

SAMPLES = (
    hob(
        "level",
        "level",
        True,
        57,
        "Out of a quiet range a stab downwards with high volume and a long wick, and a quick way "
        "back: with the fifth bar after it the low is a strong level.",
        *STRONG,
        0.5,
        0.5,
        0.25,
        -0.25,
        0.25,
    ),
    hob(
        "level_with_a_twin",
        "level",
        False,
        57,
        "The fifth bar after the low comes back to exactly its price: no swing, and no level.",
        *STRONG[:5],
        Candle(101.75, 102.0, 97.0, 99.5, 110.0),
        *RISE[:3],
        0.5,
    ),
    hob(
        "level_on_usual_volume",
        "level",
        False,
        57,
        "The same stab on the usual volume: a level, but not quite a strong one.",
        *WEAK,
        0.5,
        0.5,
        0.25,
    ),
    hob(
        "return",
        "return",
        True,
        69,
        "Price comes back to within a quarter of the average range of a strong level that nobody "
        "has touched.",
        *STRONG,
        *HILL,
        BACK,
        *UP,
    ),
    hob(
        "return_too_early",
        "return",
        False,
        69,
        "The same level, but price turns round before it is near enough.",
        *STRONG,
        *HILL,
        BACK._replace(low=97.375, close=97.75),
        *UP,
    ),
    hob(
        "return_to_a_weak_level",
        "return",
        False,
        69,
        "The same picture, but the volume of the low is usual: the level is not quite strong.",
        *WEAK,
        *HILL,
        BACK,
        *UP[:2],
    ),
    hob(
        "return_to_a_touched_level",
        "return",
        False,
        84,
        "The weak level becomes strong at bar 72, when its low turns out to be one of the higher "
        "timeframe as well; but when price comes back again it has been touched.",
        *WEAK,
        *HILL,
        BACK,
        *UP,
        *(-1.0,) * 4,
        0.25,
        -0.5,
        Candle(97.75, 98.0, 97.125, 97.5, 110.0),
        *UP,
    ),
    hob(
        "weak_return",
        "weak_return",
        True,
        69,
        "Price comes back to a level at a low of usual volume.",
        *WEAK,
        *HILL,
        BACK,
        *UP,
    ),
    hob(
        "weak_return_to_a_poor_level",
        "weak_return",
        False,
        69,
        "The low has neither volume nor a wick: the level is there, but it is not even weak.",
        *POOR,
        *HILL,
        BACK,
        *UP,
    ),
    hob(
        "touch",
        "touch",
        True,
        72,
        "Price lingers at the level and leaves it with the third bar after the contact.",
        *STRONG,
        *HILL,
        BACK,
        LINGER,
        LINGER,
        *LEAVE,
    ),
    hob(
        "touch_too_slow",
        "touch",
        False,
        73,
        "It leaves only with the fourth.",
        *STRONG,
        *HILL,
        BACK,
        LINGER,
        LINGER,
        LINGER,
        *LEAVE,
    ),
)
