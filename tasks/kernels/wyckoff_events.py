"""The events of Wyckoff's method: when each stands, and how strongly.

Source: shared engines.md, Wyckoff. Each is written once, for a side: +1 reads the chart as it is
(selling climax, spring, sign of strength), -1 reads it upside down (buying climax, upthrust, sign
of weakness); the good and the bad end of a bar, and what is indexed by side, are `wyckoff_bar`'s.

Strengths. An event's strength is the mean of a `grade` per condition, of the margin by which the
condition is exceeded (scores in standard deviations, distances in average ranges, shares in shares
of what was left to them), and of what effort and result say at its bar: `held` where a side should
hold against effort, `driven` where effort should move the price.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import part
from tasks.kernels.chart import HIGH, LOW, Record, highest_before, lowest_before
from tasks.kernels.wyckoff_bar import driven, grade, held, surplus

Reals = NDArray[np.float64]
CLIMAX = np.dtype(
    [
        *((name, "i8") for name in ("bar", "side", "is_awaited")),
        *((name, "f8") for name in ("extreme", "range", "strength")),
    ],
    align=True,
)
NONE, DEEP, SHALLOW = range(3)  # kinds of breaks
BREAK = np.dtype(
    [
        *((name, "i8") for name in ("bar", "kind")),
        *((name, "f8") for name in ("level", "depth", "atr", "vz")),
    ],
    align=True,
)
SIGN = np.dtype(
    [
        *((name, "i8") for name in ("bar", "side", "is_lone", "is_awaited")),
        *((name, "f8") for name in ("level", "strength")),
    ],
    align=True,
)


@part
def climax(bar: Record, recent: Reals, r: Record, side: int) -> float:
    """Strength of a selling (buying) climax, 0 where there is none.

    Reading of its row: `vz` and `rz` above their limits; the close, counted from the lowest low of
    the `climax_range_bars` bars before this one, at most `climax_range_share` of their whole range
    up, or under all of it; the wick at the bad end at least `climax_wick_share` of the bar. Range
    and scores leave this bar out. Where those bars have no range there is no climax.
    Source: shared engines.md, Wyckoff.
    """
    i = (1 - side) // 2
    if not (bar.vz > r.climax_vz and bar.rz > r.climax_rz and bar.wick[i] >= r.climax_wick_share):
        return 0.0
    lowest = lowest_before(recent, LOW, bar.now, r.climax_range_bars)
    highest = highest_before(recent, HIGH, bar.now, r.climax_range_bars)
    room = r.climax_range_share * (highest - lowest)
    height = side * (bar.close - (lowest if side > 0 else highest))
    if not (highest > lowest and height <= room):
        return 0.0
    total = grade(bar.vz - r.climax_vz) + grade(bar.rz - r.climax_rz)
    total = total + grade((room - height) / room) + grade(bar.wick[i] / r.climax_wick_share - 1.0)
    return (total + held(bar, side)) / 5.0


@part
def recovered_climax(c: Record, bar: Record, r: Record) -> float:
    """Strength of the climax that is confirmed at this bar ("v2"), 0 where none is.

    Reading of its row: the first close among the `recovery_bars` bars after the last climax that
    lies at least `recovery_share` of the climax's own bar away from its extreme. The close of the
    climax itself does not count, nor what became of its structure meanwhile. The strength is the
    mean of the climax's and of the grade of the recovery. Source: shared engines.md, Wyckoff.
    """
    if c.is_awaited == 0 or bar.n - c.bar > r.recovery_bars:
        return 0.0
    share = c.side * (bar.close - c.extreme) / c.range
    if share < r.recovery_share:
        return 0.0
    return (c.strength + grade(share / r.recovery_share - 1.0)) / 2.0


@part
def reaction(s: Record, bar: Record, r: Record) -> float:
    """Strength of the automatic rally (reaction) of a structure, 0 where there is none.

    Reading of its row: within `reaction_bars` bars after the climax, the close has retraced from
    `retraced_least` to `retraced_most` of the move into it, with `vz` under its limit and the close
    in the good `reaction_close_share` of its bar. The first such bar is the rally.
    Source: shared engines.md, Wyckoff.
    """
    share = s.side * (bar.close - s.extreme) / s.move
    place = bar.place[(1 - s.side) // 2] - (1.0 - r.reaction_close_share)
    if not (r.retraced_least <= share <= r.retraced_most and bar.vz < r.reaction_vz):
        return 0.0
    if not (place >= 0.0 and 0 < bar.n - s.anchor <= r.reaction_bars):
        return 0.0
    half = (r.retraced_most - r.retraced_least) / 2.0
    total = grade(min(share - r.retraced_least, r.retraced_most - share) / half)
    total = total + grade(r.reaction_vz - bar.vz) + grade(place / r.reaction_close_share)
    return (total + driven(bar, s.side)) / 4.0


@part
def secondary_test(s: Record, bar: Record, r: Record) -> float:
    """Strength of a secondary test of a structure's climax, 0 where there is none.

    Reading of its row: the bad end of the bar comes within `test_share` of the structure, from the
    climax's extreme to the rally's, of that extreme, but not past it, on a volume under
    `test_volume_share` of the climax's. There are at most `tests_most`, at least `test_bars` bars
    apart. Source: shared engines.md, Wyckoff.
    """
    if s.n_tests >= r.tests_most or (s.n_tests > 0 and bar.n - s.test_bar < r.test_bars):
        return 0.0
    near = r.test_share * (s.side * (s.far - s.extreme))
    distance = s.side * (bar.end[(1 - s.side) // 2] - s.extreme)
    most = r.test_volume_share * s.volume
    if not (0.0 <= distance <= near and bar.volume < most):
        return 0.0
    total = grade((near - distance) / near) + grade((most - bar.volume) / most)
    return (total + held(bar, s.side)) / 3.0


@part
def follow_break(b: Record, bar: Record, r: Record, side: int) -> None:
    """Take a bar into the break of the prior extreme that waits on a side, or begin one.

    Reading of the springs' rows: a bar breaks by how far its bad end lies beyond the extreme of the
    `extreme_bars` bars before it, in the atr of its own close. More than `spring_atr` with `vz`
    above `spring_vz` is deep (A); from `shallow_atr` to `spring_atr` with `vz` from
    `shallow_vz_least` to `shallow_vz_most` is shallow (B). A break waits for its own close and for
    `spring_bars` bars more; meanwhile no other begins on its side. A shallow one that goes deeper
    than `spring_atr` is dropped, and the bar that did it may break anew.
    Source: shared engines.md, Wyckoff.
    """
    i = (1 - side) // 2
    if b.kind != NONE:
        b.depth = max(b.depth, side * (b.level - bar.end[i]))
        is_too_deep = b.kind == SHALLOW and b.depth > r.spring_atr * b.atr
        if is_too_deep or bar.n - b.bar > r.spring_bars:
            b.kind = NONE
    depth = side * (bar.prior[i] - bar.end[i])
    if b.kind != NONE or not depth > 0.0:
        return
    if depth > r.spring_atr * bar.atr:
        kind = DEEP if bar.vz > r.spring_vz else NONE
    else:
        is_shallow = depth >= r.shallow_atr * bar.atr
        is_usual = r.shallow_vz_least <= bar.vz <= r.shallow_vz_most
        kind = SHALLOW if is_shallow and is_usual else NONE
    if kind != NONE:
        b.kind, b.bar, b.level, b.depth = kind, bar.n, bar.prior[i], depth
        b.atr, b.vz = bar.atr, bar.vz


@part
def spring(b: Record, bar: Record, r: Record, side: int) -> float:
    """Strength of the spring (upthrust) that closes back at this bar, 0 where none does.

    Reading of both rows: the close lies at the broken extreme or inside of it; for a shallow break
    it must lie besides in the `shallow_close_share` of its bar that are far from the bad end. The
    margins of the depth (the deepest so far) and of `vz` are the break's; those of the close, and
    what effort and result say, are this bar's. Source: shared engines.md, Wyckoff.
    """
    if b.kind == NONE:
        return 0.0
    inside = side * (bar.close - b.level) / b.atr
    if inside < 0.0:
        return 0.0
    depth = b.depth / b.atr
    if b.kind == DEEP:
        total = grade(depth - r.spring_atr) + grade(b.vz - r.spring_vz)
        return (total + grade(inside) + held(bar, side)) / 4.0
    place = bar.place[(1 - side) // 2] - (1.0 - r.shallow_close_share)
    if place < 0.0:
        return 0.0
    half = (r.spring_atr - r.shallow_atr) / 2.0
    half_vz = (r.shallow_vz_most - r.shallow_vz_least) / 2.0
    total = grade(surplus(min(depth - r.shallow_atr, r.spring_atr - depth), 0.0) / half)
    total = total + grade(min(b.vz - r.shallow_vz_least, r.shallow_vz_most - b.vz) / half_vz)
    total = total + grade(inside) + grade(place / r.shallow_close_share)
    return (total + held(bar, side)) / 5.0


@part
def sign_of_strength(bar: Record, r: Record, side: int) -> float:
    """Strength of a sign of strength (weakness), 0 where there is none.

    Reading of its row: the close lies at least `sign_atr` beyond the extreme of the `extreme_bars`
    bars before, on a `vz` above `sign_vz`, in the good `sign_close_share` of its bar. That it
    counts half without a structure is the caller's affair. Source: shared engines.md, Wyckoff.
    """
    i = (1 - side) // 2
    place = bar.place[i] - (1.0 - r.sign_close_share)
    if not (bar.vz > r.sign_vz and place >= 0.0):
        return 0.0
    distance = side * (bar.close - bar.prior[1 - i]) / bar.atr
    if distance < r.sign_atr:
        return 0.0
    total = grade(distance - r.sign_atr) + grade(bar.vz - r.sign_vz)
    return (total + grade(place / r.sign_close_share) + driven(bar, side)) / 4.0


@part
def last_point(s: Record, bar: Record, r: Record) -> float:
    """Strength of the last point of support (supply) of a sign, 0 where there is none.

    Reading of its row: at a bar after the sign, the bad end of the bar lies within `last_point_atr`
    of the extreme that the sign broke, on either side of it, with `vz` under its limit and the
    close in the good `last_point_close_share` of its bar. A sign has one. Source: shared
    engines.md, Wyckoff.
    """
    i = (1 - s.side) // 2
    if s.is_awaited == 0 or bar.n == s.bar:
        return 0.0
    distance = abs(bar.end[i] - s.level) / bar.atr
    place = bar.place[i] - (1.0 - r.last_point_close_share)
    if not (distance <= r.last_point_atr and bar.vz < r.last_point_vz and place >= 0.0):
        return 0.0
    total = grade(1.0 - distance / r.last_point_atr) + grade(r.last_point_vz - bar.vz)
    return (total + grade(place / r.last_point_close_share) + held(bar, s.side)) / 4.0
