"""The definitions of Wyckoff's events, in plain Python over the whole history.

A view is a list of candles with +1 as the good side: for the other side all prices have their sign
turned, so that each definition is written for selling climaxes and springs alone.
"""

from __future__ import annotations

from math import isnan, nan, sqrt
from types import SimpleNamespace
from typing import NamedTuple


class Candle(NamedTuple):
    open: float
    high: float
    low: float
    close: float
    volume: float


def seen_by(bars, side):
    candles = [Candle(*(float(x) for x in column)) for column in zip(*bars, strict=True)]
    if side > 0:
        return candles
    return [Candle(-o, -low, -h, -c, v) for o, h, low, c, v in candles]


def added(values):
    total = 0.0
    for value in values:
        total += value
    return total


def score(values, x):
    far = [v - values[0] for v in values]  # so that equal values have no deviation at all
    mean = added(far) / len(far)
    variance = added([(v - mean) * (v - mean) for v in far]) / len(far)
    return (x - values[0] - mean) / sqrt(variance) if variance > 0.0 else nan


def average_ranges(view, window):
    out, ranges = [], []
    for t, candle in enumerate(view):
        if t == 0:
            out.append(nan)
            continue
        last = view[t - 1].close
        ranges.append(max(candle.high, last) - min(candle.low, last))
        if t < window:
            out.append(nan)
        elif t == window:
            out.append(added(ranges) / window)
        else:
            out.append((out[-1] * (window - 1) + ranges[-1]) / window)
    return out


def measure(view, t, r, atr):
    x = view[t]
    size = x.high - x.low
    past = view[max(0, t - r.score_bars) : t]
    around = view[max(0, t - r.extreme_bars) : t]
    is_full = t >= r.score_bars
    return SimpleNamespace(
        t=t,
        atr=atr,
        vz=score([c.volume for c in past], x.volume) if is_full else nan,
        rz=score([c.high - c.low for c in past], size) if is_full else nan,
        low=x.low,
        high=x.high,
        close=x.close,
        volume=x.volume,
        size=size,
        prior_low=min((c.low for c in around), default=0.0),
        prior_high=max((c.high for c in around), default=0.0),
        place=(x.close - x.low) / size if size else 0.5,
        lower_wick=(min(x.open, x.close) - x.low) / size if size else 0.0,
        upper_wick=(x.high - max(x.open, x.close)) / size if size else 0.0,
    )


def grade(margin):
    return 1.0 - 1.0 / (2.0 + margin)


def surplus(more, less):
    return 0.0 if isnan(more) or isnan(less) else max(more - less, 0.0)


def mean(values):
    return added(values) / len(values)


def held(bar):
    return mean([grade(surplus(bar.vz, bar.rz)), bar.place, bar.lower_wick])


def driven(bar):
    return mean([grade(surplus(bar.rz, bar.vz)), bar.place, 1.0 - bar.upper_wick])


def climax(view, bar, r):
    past = view[bar.t - r.climax_range_bars : bar.t]
    bottom, top = min(c.low for c in past), max(c.high for c in past)
    height, room = bar.close - bottom, r.climax_range_share * (top - bottom)
    is_large = bar.vz > r.climax_vz and bar.rz > r.climax_rz
    is_rejected = bar.lower_wick >= r.climax_wick_share
    if not (is_large and is_rejected and top > bottom and height <= room):
        return 0.0
    margins = [bar.vz - r.climax_vz, bar.rz - r.climax_rz, (room - height) / room]
    margins.append(bar.lower_wick / r.climax_wick_share - 1.0)
    return mean([*map(grade, margins), held(bar)])


def recovered_climax(view, at, strength, t, r):
    """Of the climax at a bar, whether the bar t is the first that recovers it, and how strongly."""
    size = view[at].high - view[at].low
    shares = [(c.close - view[at].low) / size for c in view[at + 1 : t + 1]]
    before, share = shares[:-1], shares[-1] if shares else -1.0
    is_first = all(other < r.recovery_share for other in before)
    if not is_first or share < r.recovery_share or len(shares) > r.recovery_bars:
        return 0.0
    return mean([strength, grade(share / r.recovery_share - 1.0)])


def reaction(view, at, bar, r):
    """Of the climax at a bar, whether this bar is a rally, be it the first or not."""
    best = max(c.high for c in view[at - r.move_bars : at + 1])
    share = (bar.close - view[at].low) / (best - view[at].low)
    outer = bar.place - (1.0 - r.reaction_close_share)
    is_soon = 1 <= bar.t - at <= r.reaction_bars
    is_part = r.retraced_least <= share <= r.retraced_most
    if not (is_soon and is_part and bar.vz < r.reaction_vz and outer >= 0.0):
        return 0.0
    half = (r.retraced_most - r.retraced_least) / 2.0
    margins = [min(share - r.retraced_least, r.retraced_most - share) / half]
    margins += [r.reaction_vz - bar.vz, outer / r.reaction_close_share]
    return mean([*map(grade, margins), driven(bar)])


def secondary_test(view, at, far, tests, bar, r):
    """Of the climax at a bar and of a structure up to `far`, with earlier tests at some bars."""
    if len(tests) >= r.tests_most or any(bar.t - t < r.test_bars for t in tests):
        return 0.0
    near = r.test_share * (far - view[at].low)
    distance, most = bar.low - view[at].low, r.test_volume_share * view[at].volume
    if distance < 0.0 or distance > near or bar.volume >= most:
        return 0.0
    return mean([grade((near - distance) / near), grade((most - bar.volume) / most), held(bar)])


def follow_break(old, bar, r):
    """The break that waits after this bar, None where none does."""
    if old is not None:
        depth = max(old.depth, old.level - bar.low)
        is_dropped = old.kind == "shallow" and depth > r.spring_atr * old.atr
        if not is_dropped and bar.t - old.t <= r.spring_bars:
            return SimpleNamespace(**{**vars(old), "depth": depth})
    depth = bar.prior_low - bar.low
    new = SimpleNamespace(t=bar.t, level=bar.prior_low, depth=depth, atr=bar.atr, vz=bar.vz)
    if depth > r.spring_atr * bar.atr and bar.vz > r.spring_vz:
        return SimpleNamespace(**vars(new), kind="deep")
    is_shallow = r.shallow_atr * bar.atr <= depth <= r.spring_atr * bar.atr and depth > 0.0
    if is_shallow and r.shallow_vz_least <= bar.vz <= r.shallow_vz_most:
        return SimpleNamespace(**vars(new), kind="shallow")
    return None


def spring(broken, bar, r):
    inside, depth = (bar.close - broken.level) / broken.atr, broken.depth / broken.atr
    outer = bar.place - (1.0 - r.shallow_close_share)
    if bar.close < broken.level or (broken.kind == "shallow" and outer < 0.0):
        return 0.0
    if broken.kind == "deep":
        margins = [depth - r.spring_atr, broken.vz - r.spring_vz, inside]
    else:
        half = (r.spring_atr - r.shallow_atr) / 2.0
        half_vz = (r.shallow_vz_most - r.shallow_vz_least) / 2.0
        off = max(min(depth - r.shallow_atr, r.spring_atr - depth), 0.0)
        off_vz = min(broken.vz - r.shallow_vz_least, r.shallow_vz_most - broken.vz)
        margins = [off / half, off_vz / half_vz, inside, outer / r.shallow_close_share]
    return mean([*map(grade, margins), held(bar)])


def sign_of_strength(bar, r):
    distance = (bar.close - bar.prior_high) / bar.atr
    outer = bar.place - (1.0 - r.sign_close_share)
    if not (distance >= r.sign_atr and bar.vz > r.sign_vz and outer >= 0.0):
        return 0.0
    margins = [distance - r.sign_atr, bar.vz - r.sign_vz, outer / r.sign_close_share]
    return mean([*map(grade, margins), driven(bar)])


def last_point(level, bar, r):
    distance = abs(bar.low - level) / bar.atr
    outer = bar.place - (1.0 - r.last_point_close_share)
    if not (distance <= r.last_point_atr and bar.vz < r.last_point_vz and outer >= 0.0):
        return 0.0
    margins = [1.0 - distance / r.last_point_atr, r.last_point_vz - bar.vz]
    margins.append(outer / r.last_point_close_share)
    return mean([*map(grade, margins), held(bar)])
