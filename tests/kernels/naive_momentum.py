"""RSI, MACD and ADX of a whole chart, from the papers: lists in, lists out."""

from __future__ import annotations

from itertools import pairwise
from math import isnan, nan

from tests.kernels.naive_chart import Bar, total, true_range


def wilder_mean(values, window):
    """Wilder (1978): a plain mean first, then a share of 1 / window of each new value."""
    out = []
    for i, x in enumerate(values):
        if i < window - 1:
            out.append(nan)
        elif i == window - 1:
            out.append(total(values[:window]) / window)
        else:
            out.append(out[-1] + (x - out[-1]) / window)
    return out


def wilder_sum(values, window):
    """His shortcut for sums, begun with one value less than the window holds, as TA-Lib does."""
    out, kept = [], total(values[: window - 1])
    for i, x in enumerate(values):
        if i >= window - 1:
            kept = kept * (1 - 1 / window) + x
        out.append(kept if i >= window - 1 else nan)
    return out


def exponential(values, window):
    """Exponential mean, begun with a plain one of the first `window` values."""
    share, out = 2 / (window + 1), []
    for i, x in enumerate(values):
        if i < window - 1:
            out.append(nan)
        elif i == window - 1:
            out.append(total(values[:window]) / window)
        else:
            out.append((1 - share) * out[-1] + share * x)
    return out


def rsi_of(bars, window):
    changes = [b.close - a.close for a, b in pairwise(bars)]
    rises = wilder_mean([max(c, 0.0) for c in changes], window)
    falls = wilder_mean([max(-c, 0.0) for c in changes], window)
    moved = zip(rises, falls, strict=True)
    return [nan] + [100 - 100 * f / (r + f) if r + f > 0 else nan for r, f in moved]


def macd_of(bars, fast_bars, slow_bars, signal_bars):
    """MACD, signal and histogram; the fast mean begins late, so that both do at the same bar."""
    closes = [bar.close - bars[0].close for bar in bars]
    late = slow_bars - fast_bars
    fast = [nan] * late + exponential(closes[late:], fast_bars)
    macd = [f - s for f, s in zip(fast, exponential(closes, slow_bars), strict=False)]
    unknown = min(slow_bars - 1, len(bars))
    signal = [nan] * unknown + exponential(macd[unknown:], signal_bars)
    return macd, signal, [m - s for m, s in zip(macd, signal, strict=True)]


def directions_of(bars, window):
    """ADX, +DI and -DI: where nothing ever moved there are none, and no direction counts as 0."""
    ups, downs, ranges = [], [], []
    for t in range(1, len(bars)):
        up, down = bars[t].high - bars[t - 1].high, bars[t - 1].low - bars[t].low
        ups.append(up if up > max(down, 0.0) else 0.0)
        downs.append(down if down > max(up, 0.0) else 0.0)
        ranges.append(true_range(bars, t))
    plus, minus, index = [nan], [nan], []
    sums = zip(*(wilder_sum(x, window) for x in (ups, downs, ranges)), strict=True)
    for up, down, moved in sums:
        plus.append(100 * up / moved if moved > 0 else nan)
        minus.append(100 * down / moved if moved > 0 else nan)
        if not isnan(moved):
            index.append(100 * abs(up - down) / (up + down) if up + down > 0 else 0.0)
    adx = wilder_mean(index, window)
    adx = [nan] * (len(bars) - len(adx)) + adx
    return [nan if isnan(p) else x for x, p in zip(adx, plus, strict=True)], plus, minus


def run_momentum(chart, rules):
    """Stance, conviction, turn, warmth and facts of each bar of a chart (5, n)."""
    bars = [Bar(o, h, low, c, v, h - low) for o, h, low, c, v in chart.T.tolist()]
    rsi = rsi_of(bars, rules["rsi_bars"])
    macd = macd_of(bars, rules["fast_bars"], rules["slow_bars"], rules["signal_bars"])
    directions = directions_of(bars, rules["adx_bars"])
    warm_ups = rules["slow_bars"] + rules["signal_bars"] - 2, 2 * rules["adx_bars"] - 1
    last = max(*warm_ups, rules["rsi_bars"])
    out, before = [], 0
    for t, facts in enumerate(zip(rsi, *macd, *directions, strict=True)):
        histogram, adx = facts[3], facts[4]
        strong = t >= last and adx >= rules["adx_least"]
        stance = (histogram > 0) - (histogram < 0) if strong else 0
        sure = abs(facts[0] - 50) / 50 if stance and not isnan(facts[0]) else 0.0
        turn = stance if stance != before else 0
        said = {"stance": stance, "conviction": sure, "turn": turn}
        out.append({"is_warm": t >= last, **said, "facts": facts})
        before = stance
    return out


def step_momentum(chart, rules):
    """What is said at the last bar of a chart."""
    return run_momentum(chart, rules)[-1]
