"""Smart money concepts by hand: what the textbooks draw, and what just misses it.

Every chart begins with a quiet range whose highs and lows are all alike, so that it has no swing;
its bars are one wide, and so the average range is near one afterwards.
"""

from __future__ import annotations

from tests.engines.sample import Candle, Sample

QUIET = (0.5, 0.5, -0.5, -0.5) * 13  # closes swing from 100 to 101 and back
Move = float | tuple[float, float] | Candle


def draw(*moves: Move) -> tuple[Candle, ...]:
    """The quiet range, and then candles from close to close, with wicks of a quarter on both ends.

    A pair is a move and its volume; a candle is taken as it is.
    """
    candles, last = [], 100.0
    for move in (*QUIET, *moves):
        if isinstance(move, Candle):
            candles.append(move)
        else:
            step, volume = move if isinstance(move, tuple) else (move, 100.0)
            close = last + step
            high, low = max(last, close) + 0.25, min(last, close) - 0.25
            candles.append(Candle(last, high, low, close, volume))
        last = candles[-1].close
    return tuple(candles)


def smc(
    name: str, event: str, is_positive: bool, bar: int, side: int, caption: str, *moves: Move
) -> Sample:
    """A sample of this engine."""
    return Sample(f"smc_{name}", "smc", event, is_positive, caption, draw(*moves), bar, side)


def again(step: float, n: int) -> tuple[float, ...]:
    """The same step n times."""
    return (step,) * n


AFTER = (0.25, -0.25) * 4
# The top at 106.5, at bar 63, and the valley at 99.5, at bar 75, stand alone by their longer wicks.
CLIMB = (*again(0.5, 11), Candle(105.5, 106.5, 105.25, 106.0))
HILL = (*CLIMB, *again(-0.5, 11), Candle(100.5, 100.75, 99.5, 100.0))
SECOND = (*HILL, *again(0.5, 12))
BROKEN = (*SECOND, 1.0, *again(-0.5, 14))
LEFT = ((1.0, 160.0), (1.0, 160.0), 0.25, -0.25, 0.25, -0.25, -0.5, -0.5)
# A valley at 95.5, at bar 59, known ten bars later, and price back near it.
LOW = (*again(-0.5, 7), Candle(96.5, 96.75, 95.5, 96.0))
ABOVE_LOW = (*LOW, *again(0.5, 8), *(-0.25, 0.25) * 4, *again(-0.5, 7), -0.75)

SAMPLES = (
    smc(
        "swing_high",
        "swing",
        True,
        73,
        -1,
        "A hill: the ten bars on either side of the top have lower highs; with the tenth the top "
        "is known, ten bars late.",
        *CLIMB,
        *again(-0.5, 10),
    ),
    smc(
        "swing_high_with_a_twin",
        "swing",
        False,
        73,
        -1,
        "The tenth bar after the top comes back to exactly its high: no swing.",
        *CLIMB,
        *again(-0.5, 9),
        Candle(101.5, 106.5, 101.25, 102.0),
        *AFTER,
    ),
    smc(
        "break_of_structure",
        "break_of_structure",
        True,
        88,
        1,
        "After the hill a second rise closes half a bar above the swing high at 106.5.",
        *SECOND,
        1.0,
        *AFTER,
    ),
    smc(
        "break_of_structure_by_a_wick",
        "break_of_structure",
        False,
        88,
        1,
        "The second rise trades above the swing high, but closes below it.",
        *SECOND,
        Candle(106.0, 107.5, 105.75, 106.25),
        *(-0.5, 0.25) * 4,
    ),
    smc(
        "break_of_structure_by_a_hair",
        "break_of_structure",
        False,
        88,
        1,
        "The second rise closes above the swing high, but by less than a tenth of the usual range.",
        *SECOND,
        Candle(106.0, 107.0, 105.75, 106.5625),
        *(-0.5, 0.25) * 4,
    ),
    smc(
        "change_of_character",
        "change_of_character",
        True,
        103,
        -1,
        "The trend is up since the break at 106.5; then price falls back and closes below the "
        "swing low at 99.5.",
        *BROKEN,
        -1.0,
        *AFTER,
    ),
    smc(
        "change_of_character_by_a_wick",
        "change_of_character",
        False,
        103,
        -1,
        "The same fall trades below the swing low, but closes above it.",
        *BROKEN,
        Candle(100.0, 100.25, 98.5, 99.75),
        *(0.5, -0.25) * 4,
    ),
    smc(
        "change_of_character_without_a_trend",
        "change_of_character",
        False,
        103,
        -1,
        "The same fall, but the second rise did not break the swing high: there is no trend yet "
        "that could change, and the break is one of structure.",
        *SECOND,
        Candle(106.0, 107.5, 105.75, 106.25),
        -0.25,
        *again(-0.5, 12),
        0.0,
        -1.0,
        *AFTER,
    ),
    smc(
        "gap",
        "gap",
        True,
        53,
        1,
        "A leap on 1.5 times the usual volume: the bar after it stays above 102.75, the one before "
        "had been below 100.75, and what lies between was traded by one bar alone.",
        (3.0, 150.0),
        0.5,
        *AFTER,
    ),
    smc(
        "gap_too_narrow",
        "gap",
        False,
        53,
        1,
        "The bar after the leap comes back so far that less than a quarter of the average range "
        "stays open.",
        (3.0, 150.0),
        Candle(103.0, 103.75, 101.0, 103.5),
        *AFTER,
    ),
    smc(
        "gap_without_volume",
        "gap",
        False,
        53,
        1,
        "The same leap, on 1.19 times the usual volume.",
        (3.0, 119.0),
        0.5,
        *AFTER,
    ),
    smc(
        "gap_filled",
        "gap_filled",
        True,
        59,
        1,
        "The gap from 100.75 to 102.75 is dead once price comes back to 101.3125: 72 % are filled.",
        *((3.0, 150.0), 0.5, 0.25, -0.25, *again(-0.5, 3)),
        Candle(102.0, 102.25, 101.3125, 101.75),
        *AFTER,
    ),
    smc(
        "gap_not_quite_filled",
        "gap_filled",
        False,
        59,
        1,
        "Price comes back to 101.375 and turns: 69 % are filled, and the gap lives.",
        *((3.0, 150.0), 0.5, 0.25, -0.25, *again(-0.5, 3)),
        Candle(102.0, 102.25, 101.375, 101.75),
        *AFTER,
    ),
    smc(
        "block",
        "block",
        True,
        53,
        1,
        "Two bars leave the last falling one by twice the average range on 1.6 times the usual "
        "volume: it is a block, from its open at 100.5 to its low, and known with the second bar.",
        (1.0, 160.0),
        (1.0, 160.0),
        *AFTER,
    ),
    smc(
        "block_too_weak",
        "block",
        False,
        53,
        1,
        "They leave it by 1.45 average ranges.",
        (0.75, 160.0),
        (0.75, 160.0),
        -0.25,
        *AFTER,
    ),
    smc(
        "block_without_volume",
        "block",
        False,
        53,
        1,
        "They leave it by as much, on 1.49 times the usual volume.",
        (1.0, 149.0),
        (1.0, 149.0),
        *AFTER,
    ),
    smc(
        "block_too_slow",
        "block",
        False,
        55,
        1,
        "It takes four bars to leave it by as much.",
        (0.5, 160.0),
        (0.5, 160.0),
        (0.25, 160.0),
        (0.75, 160.0),
        *AFTER,
    ),
    smc(
        "block_touched",
        "block_touched",
        True,
        60,
        1,
        "Price comes back into the block below 100.5 for the first time and closes above it.",
        *LEFT,
        Candle(101.0, 101.25, 100.375, 101.0),
        *AFTER,
    ),
    smc(
        "block_not_reached",
        "block_touched",
        False,
        60,
        1,
        "Price turns at 100.5625, just above the block.",
        *LEFT,
        Candle(101.0, 101.25, 100.5625, 101.0),
        *AFTER,
    ),
    smc(
        "block_broken",
        "block_touched",
        False,
        60,
        1,
        "The bar that comes back into the block closes below its low at 99.75: it is broken, and "
        "no support.",
        *LEFT,
        Candle(101.0, 101.25, 99.25, 99.5),
        *AFTER,
    ),
    smc(
        "sweep",
        "sweep",
        True,
        84,
        1,
        "Price falls through the swing low at 95.5 and is back above it at the close: the wick is "
        "73 % of the bar, the volume 1.5 times the usual.",
        *ABOVE_LOW,
        Candle(95.75, 96.5, 93.75, 96.25, 150.0),
        *AFTER,
    ),
    smc(
        "sweep_closed_below",
        "sweep",
        False,
        84,
        1,
        "The bar closes at 95.375, below the swing low.",
        *ABOVE_LOW,
        Candle(95.75, 96.0, 93.5, 95.375, 150.0),
        *AFTER,
    ),
    smc(
        "sweep_with_a_short_wick",
        "sweep",
        False,
        84,
        1,
        "The bar closes far up, and its wick is only half of it.",
        *ABOVE_LOW,
        Candle(95.75, 97.5, 94.0, 97.25, 150.0),
        *AFTER,
    ),
    smc(
        "sweep_without_volume",
        "sweep",
        False,
        84,
        1,
        "The same sweep on 1.29 times the usual volume.",
        *ABOVE_LOW,
        Candle(95.75, 96.5, 93.75, 96.25, 129.0),
        *AFTER,
    ),
    smc(
        "sweep_by_a_hair",
        "sweep",
        False,
        84,
        1,
        "The bar trades less than a tenth of the average range below the swing low.",
        *ABOVE_LOW,
        Candle(95.75, 95.8125, 95.4375, 95.75, 150.0),
        *AFTER,
    ),
)
