"""What discovery says of a market, bar by bar, from the definitions."""

import math
from bisect import bisect_left, bisect_right
from collections import namedtuple
from statistics import median

DAY = 86_400_000
REGIMES = ("funding_regime", "session", "trend_regime", "vol_regime")
Seen = namedtuple("Seen", "block d y s w r")


def block_ms(horizon_ms):
    return max(DAY, 5 * horizon_ms)


def observations(frame, features, events, held, step_ms, end=math.inf):
    """What was seen of each event and condition, the baseline under no name; `end` in ms."""
    stamps = frame["time"].dt.epoch("ms").to_list()
    sigma = features["sigma"].to_list()
    opens, closes = frame["open"].to_list(), frame["close"].to_list()
    known = [s for s in sigma if math.isfinite(s) and s > 0]
    cap = 5 * median(1 / s**2 for s in known)
    seen = {}
    for t in range(frame.height - held):
        path = closes[t : t + held + 1]
        usable = math.isfinite(sigma[t]) and sigma[t] > 0 and stamps[t + held] < end
        if usable and all(map(math.isfinite, path)):
            y = closes[t + held] / opens[t + 1] - 1
            seen[t] = y, sigma[t] * math.sqrt(held), min(1 / sigma[t] ** 2, cap)
    ordered = sorted(y / s for y, s, _ in seen.values())
    regimes = features.select(REGIMES).to_dicts()
    marks = [("", t, 1) for t in seen]
    for name, time, side in events.select("event", "time", "side").rows():
        t = (int(time.timestamp() * 1000) - stamps[0]) // step_ms
        marks += [(name, t, -1 if side < 0 else 1)] if t in seen else []
    cells = {}
    for name, t, d in marks:
        y, s, w = seen[t]
        rank = (bisect_left(ordered, y / s) + bisect_right(ordered, y / s) + 1) / 2
        score = 2 * rank / (len(ordered) + 1) - 1
        one = Seen(stamps[t] // block_ms(held * step_ms), d, y, s, w, score)
        held_here = ["all", *(f"{k}={v}" for k, v in regimes[t].items() if v is not None)]
        for condition in held_here:
            cells.setdefault((name, condition), []).append(one)
    return cells


OUTCOME = {
    "scaled": lambda o: (1.0, o.y / o.s),
    "mean": lambda o: (1.0, o.y),
    "weighted": lambda o: (o.w, o.y),
    "score": lambda o: (1.0, o.r),
}


def effect(cells, event, condition, estimator, against=None):
    """theta, se and the blocks that hold events, of one or more markets' observations."""
    value = OUTCOME[estimator]
    seen = [c.get((event, condition), []) for c in cells]
    named = "", against or condition
    baselines = [c[named] if own else [] for c, own in zip(cells, seen, strict=True)]
    blocks = {o.block for own in (*seen, *baselines) for o in own}
    excess, weight = dict.fromkeys(blocks, 0.0), dict.fromkeys(blocks, 0.0)
    for own, base in zip(seen, baselines, strict=True):
        if not own:
            continue
        mass = sum(value(o)[0] for o in base)
        mu = sum(math.prod(value(o)) for o in base) / mass
        sides = sum(value(o)[0] * o.d for o in own)
        for o in own:
            w, y = value(o)
            excess[o.block] += w * o.d * (y - mu)
            weight[o.block] += w
        for o in base:
            w, y = value(o)
            excess[o.block] -= sides * w * (y - mu) / mass
    total = sum(weight.values())
    if total == 0:
        return math.nan, math.nan, 0
    theta = sum(excess.values()) / total
    held = {o.block for own in seen for o in own}
    squares = sum((excess[g] - weight[g] * theta) ** 2 for g in blocks) / total**2
    se = math.sqrt(len(held) / (len(held) - 1) * squares) if len(held) > 1 else math.nan
    return theta, se, len(held)
