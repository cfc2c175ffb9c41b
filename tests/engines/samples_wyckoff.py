"""Wyckoff's events, drawn by hand: each as the textbook has it, and just missed.

All are drawn for the side +1; upside down they are those of the side -1. Prices are in eighths,
which floats hold exactly. Long quiet stretches are drawn by their closes, all else bar by bar.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.engines.sample import Candle, Sample

VOLUMES = (80, 100, 120, 90, 110)


def walk(start: float, closes: Sequence[float], volume: float = 1.0) -> tuple[Candle, ...]:
    """Quiet bars from close to close, with wicks of a quarter, on volumes from 80 to 120."""
    opens = (start, *closes)
    return tuple(
        Candle(o, max(o, c) + 0.25, min(o, c) - 0.25, c, volume * VOLUMES[i % 5])
        for i, (o, c) in enumerate(zip(opens, closes, strict=False))
    )


def changed(candle: Candle, **values: float) -> Candle:
    return candle._replace(**values)


# Bars 0 to 59: a slide from 145 to 115 that closes below the low before at each bar.
SLIDE = tuple(
    Candle(
        145.0 - 0.5 * t,
        145.375 - 0.5 * t + 0.25 * (t % 3),
        144.25 - 0.5 * t,
        144.5 - 0.5 * t,
        VOLUMES[t % 5],
    )
    for t in range(60)
)
# Bar 60: the wick is 2.75 of 8.5, the volume three times the usual one.
CLIMAX = Candle(115.25, 115.5, 107.0, 109.75, 300)
# Instead of the last twenty bars of the slide: a rise from 125 to 140.
TURN = walk(125.0, [125.5 + 0.75 * k + 0.25 * (k % 3) for k in range(20)])
# Bars 61 to 65: the ten bars into the climax fell from 120.875 to 107; 112.75 is 41 % of it.
RISE = (
    Candle(109.75, 110.75, 109.5, 110.5, 140),
    Candle(110.5, 111.75, 110.25, 111.5, 120),
)
RALLY = Candle(111.5, 113.0, 111.25, 112.75, 110)
PEAK = (
    Candle(112.75, 114.0, 112.5, 113.75, 105),
    Candle(113.75, 114.5, 113.25, 113.5, 100),
)
# Bars 66 to 69, and at 70 the test: 0.125 of the structure's 7.5 above the climax.
BACK = walk(113.5, (112.25, 111.0, 109.75, 108.5))
TEST = Candle(108.5, 109.0, 107.125, 108.75, 120)
TESTED = (*SLIDE, CLIMAX, *RISE, RALLY, *PEAK, *BACK, TEST)
# Bars 71 to 90: the range, between 108.25 and 113.25, with dull ends.
RANGE = walk(
    108.75,
    (
        *(110, 111, 112, 112.75, 112, 111.25, 110.25, 111, 112, 113),
        *(112.25, 111.25, 110.25, 109.5, 110.25, 111, 110, 109.25, 108.75, 108.5),
    ),
)
RANGED = (*TESTED, *RANGE)
# Bars 91 and 92: 1.5 under the range on lively volume, 3 % of the structure under the climax; and
# back.
UNDER = Candle(108.5, 108.75, 106.75, 107.5, 115)
OVER = Candle(107.5, 109.75, 107.375, 109.5, 120)
SPRUNG = (*RANGED, UNDER, OVER)
# Instead of them: a close under the climax on 80 % of its volume, and back.
COLLAPSE = (
    Candle(108.5, 108.75, 106.625, 106.75, 240),
    Candle(106.75, 109.75, 106.75, 109.5, 80),
)
# Or a break of the floor, at 108.25, by 0.375: won back at once, or barely.
DIP = Candle(108.5, 109.25, 107.875, 109.0, 100)
DULL = Candle(109.5, 109.875, 107.875, 108.25, 100)
# Bars 93 to 95, and at 96 the sign, beyond the range's 113.25.
CLIMB = walk(109.5, (110.25, 111.25, 112))
SIGN = Candle(112.0, 115.0, 111.75, 114.75, 230)
SIGNED = (*SPRUNG, *CLIMB, SIGN)
# Bar 97, and at 98 the last point, back at 113.25.
EBB = Candle(114.75, 115.0, 113.875, 114.0, 95)
LAST_POINT = Candle(114.0, 114.25, 113.25, 114.0, 80)
AFTER = walk(114.0, (114.5, 115.25, 115.75))


def positive(
    name: str, event: str, caption: str, candles: tuple[Candle, ...], bar: int = -1
) -> Sample:
    """A sample whose event stands at its last bar, or at another counted from the end."""
    return Sample(
        f"wyckoff_{name}", "wyckoff", event, True, caption, candles, len(candles) + bar, 1
    )


def missed(
    name: str, event: str, caption: str, candles: tuple[Candle, ...], bar: int = -1
) -> Sample:
    """A sample that lacks the event at its last bar, or at another counted from the end."""
    return Sample(
        f"wyckoff_{name}", "wyckoff", event, False, caption, candles, len(candles) + bar, 1
    )


SAMPLES: tuple[Sample, ...] = (
    positive(
        "climax",
        "climax",
        "A long slide ends in a huge bar on huge volume; buyers leave a third of it as wick.",
        (*SLIDE, CLIMAX, *RISE),
        -3,
    ),
    missed(
        "climax_without_wick",
        "climax",
        "The same bar closes lower: its lower wick is 28 % of it, where 30 % are wanted.",
        (*SLIDE, changed(CLIMAX, close=109.375)),
    ),
    missed(
        "climax_without_volume",
        "climax",
        "The same bar on a volume 2.4 standard deviations above the mean, where 2.5 are wanted.",
        (*SLIDE, changed(CLIMAX, volume=134)),
    ),
    missed(
        "climax_in_the_middle",
        "climax",
        "The same bar after a rise: it closes in the middle of the range of the last fifty bars.",
        (*SLIDE[:40], *TURN, Candle(140.25, 140.5, 132.0, 134.75, 300)),
    ),
    positive(
        "recovered_climax",
        "recovered_climax",
        "Two bars after the climax a close has recovered half of its bar.",
        (*SLIDE, CLIMAX, *RISE, RALLY),
        -2,
    ),
    missed(
        "recovered_climax_late",
        "recovered_climax",
        "Half of the climax's bar is recovered by the sixth close after it, where five are given.",
        (*SLIDE, CLIMAX, *walk(109.75, (110, 110.25, 110.5, 110.75, 111, 112))),
    ),
    positive(
        "reaction",
        "reaction",
        "The automatic rally: 41 % of the ten bars' fall is retraced on volume that has dried up.",
        (*SLIDE, CLIMAX, *RISE, RALLY, *PEAK),
        -3,
    ),
    missed(
        "reaction_too_far",
        "reaction",
        "The price leaps across: the close has retraced 73 % of the fall, where 70 are most.",
        (*SLIDE, CLIMAX, *RISE, Candle(111.5, 117.25, 111.25, 117.125, 110)),
    ),
    missed(
        "reaction_on_volume",
        "reaction",
        "The rally's bar has a volume of more than one standard deviation above the mean.",
        (*SLIDE, CLIMAX, *RISE, changed(RALLY, volume=180)),
    ),
    positive(
        "test",
        "test",
        "The price comes back to within 2 % of the structure above the climax, on little volume.",
        (*TESTED, *RANGE[:4]),
        -5,
    ),
    missed(
        "test_too_high",
        "test",
        "The price turns 5 % of the structure above the climax, where 3 are most.",
        (*TESTED[:-1], changed(TEST, low=107.375)),
    ),
    missed(
        "test_with_new_low",
        "test",
        "The price comes back and trades an eighth below the climax.",
        (*TESTED[:-1], changed(TEST, low=106.875)),
    ),
    missed(
        "test_on_volume",
        "test",
        "The test has 71 % of the climax's volume, where less than 70 are wanted.",
        (*TESTED[:-1], changed(TEST, volume=213)),
    ),
    positive(
        "second_test",
        "test",
        "A second test ten bars after the first.",
        (*TESTED, *walk(108.75, (110, 111, 112, 112, 111, 110, 109.5, 109, 108.5)), TEST),
    ),
    missed(
        "second_test_too_soon",
        "test",
        "A second test nine bars after the first, where ten are wanted.",
        (*TESTED, *walk(108.75, (110, 111, 112, 111, 110, 109.5, 109, 108.5)), TEST),
    ),
    positive(
        "spring",
        "spring",
        "The range's floor gives way by more than half an average range, and is won back a bar on.",
        (*SPRUNG, *CLIMB),
        -4,
    ),
    missed(
        "spring_too_late",
        "spring",
        "The floor is won back by the fourth close after the break, where three are given.",
        (*RANGED, UNDER, *walk(107.5, (107.5, 107.75, 108)), OVER),
    ),
    missed(
        "spring_without_volume",
        "spring",
        "The floor gives way on a volume a third of a standard deviation above the mean.",
        (*RANGED, changed(UNDER, volume=105), OVER),
    ),
    positive(
        "shallow_spring",
        "shallow_spring",
        "The floor gives way by a quarter of an average range, and is won back at once.",
        (*RANGED, DIP, *walk(109.0, (109.75, 110.5))),
        -3,
    ),
    missed(
        "shallow_spring_dull",
        "shallow_spring",
        "The close that wins the floor back lies in the lowest quarter of its bar.",
        (*RANGED, DULL, *walk(108.25, (108.125, 108.0))),
        -3,
    ),
    missed(
        "shallow_spring_on_volume",
        "shallow_spring",
        "The same break on a volume of more than two standard deviations above the mean.",
        (*RANGED, changed(DIP, volume=140), *walk(109.0, (109.75, 110.5))),
        -3,
    ),
    positive(
        "sign",
        "sign",
        "A wide bar on large volume closes at its high, beyond the highest of twenty bars.",
        (*SIGNED, EBB),
        -2,
    ),
    missed(
        "sign_off_its_high",
        "sign",
        "The same bar leaves a wick: it closes in its third quarter.",
        (*SIGNED[:-1], changed(SIGN, high=116.25)),
    ),
    missed(
        "sign_too_near",
        "sign",
        "The close is an eighth beyond the highest of twenty bars: less than 0.25 average ranges.",
        (*SIGNED[:-1], changed(SIGN, high=113.5, close=113.375)),
    ),
    positive(
        "last_point",
        "last_point",
        "After the sign the price ebbs back to the broken ceiling on small volume, and holds.",
        (*SIGNED, EBB, LAST_POINT, *AFTER),
        -4,
    ),
    missed(
        "last_point_on_volume",
        "last_point",
        "The same pull-back on more than the usual volume.",
        (*SIGNED, EBB, changed(LAST_POINT, volume=120)),
    ),
    missed(
        "last_point_too_high",
        "last_point",
        "The pull-back ends more than half an average range above the broken ceiling.",
        (*SIGNED, changed(EBB, low=114.5, close=114.625), Candle(114.625, 115.25, 114.5, 115, 80)),
    ),
    positive(
        "phase_c",
        "phase",
        "The spring of a tested range brings its structure from phase B to phase C.",
        SPRUNG,
    ),
    missed(
        "phase_c_too_deep",
        "phase",
        "The spring goes 7 % of the structure below the climax: the structure is over.",
        (*RANGED, changed(UNDER, low=106.5), OVER),
    ),
    positive(
        "phase_d",
        "phase",
        "A sign brings it to phase D; the chart goes on to the last point, and phase E.",
        SIGNED,
    ),
    missed(
        "phase_d_after_break",
        "phase",
        "A close under the climax on 80 % of its volume has ended the structure: the sign is lone.",
        (*RANGED, *COLLAPSE, *walk(109.5, (111, 112)), SIGN),
    ),
    positive(
        "phase_e",
        "phase",
        "The last point of support brings the structure to phase E.",
        (*SIGNED, EBB, LAST_POINT),
    ),
)
