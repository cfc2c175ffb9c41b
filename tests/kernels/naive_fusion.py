"""Fusion from its definition, over whole histories in lists and dicts."""

import math
import struct

from tasks.kernels import fusion_memory
from tests.kernels import naive_chart

SHARED = ("wyckoff", "wyckoff_daily")
PRIME, OFFSET, WORD = 1099511628211, 14695981039346656037, 2**64


def run_fusion(bars, is_gap, ranges, macro, said, seen, rules):
    """Decisions at every bar.

    said, seen: by engine and by timeframe, lists of dicts, each with the row at which it is known.
    """
    state = {"stance": 0, "wanted": 0, "vetoes": set(), "chain": OFFSET}
    out = []
    for t in range(len(bars)):
        heard = {name: latest(facts, t) for name, facts in said.items()}
        trends = {name: latest(facts, t) for name, facts in seen.items()}
        fresh = [
            f["row"] for facts in said.values() for f in facts if f["is_fresh"] and f["row"] <= t
        ]
        past = [ranges[i] for i in range(t) if not is_gap[i] and ranges[i] > 0]
        at_last = max((i for i in range(t + 1) if not is_gap[i]), default=None)
        near = at_last is not None and is_near(
            latest(seen["session"], at_last), bars[at_last], rules
        )
        context = (trends, near, past, ranges[t], macro[t])
        row = step_fusion(state, heard, context, bars[t], is_gap[t], rules)
        row["fresh"] = t - max(fresh) if fresh else -1
        out.append(row)
    return out


def step_fusion(state, heard, context, bar, is_gap, rules):
    trends, near, past, atr, macro = context
    shares = contributions(heard, rules)
    agreed = alignment(trends, near)
    score = 0.0
    for share in shares.values():
        score += share
    if agreed < rules["aligned_least"]:
        score *= rules["misaligned_factor"]
    row = {"score": score, "alignment": agreed, "contributions": shares, "percentile": math.nan}
    row |= {"decision": "", "side": 0, "reasons": set(), "unit": math.nan, "guard": math.nan}
    if not is_gap:
        row["percentile"] = percentile(past, atr, rules["volatility_bars"])
        decide(state, row, rules, macro)
        row["unit"] = atr / bar[3]
        if row["decision"] not in ("", "leave"):
            row["guard"] = guard(heard, shares, row["side"], bar[3])
    row["stance"] = state["stance"]
    numbers = [-1.0] * 5 if is_gap else list(bar)
    code = fusion_memory.DECISIONS.index(row["decision"]) + 8 * bits(row["reasons"])
    numbers += [
        score,
        agreed,
        *shares.values(),
        row["percentile"],
        float(code),
        float(row["stance"]),
    ]
    for number in numbers:
        state["chain"] = mix(state["chain"], number)
    row["chain"] = state["chain"]
    return row


def latest(facts, t):
    known = [fact for fact in facts if fact["row"] <= t]
    return known[-1] if known else None


def contributions(heard, rules):
    warm = {name for name, fact in heard.items() if fact and fact["is_warm"]}
    n_shared = len(warm & set(SHARED))
    weights = {
        name: (rules["wyckoff"] / max(1, n_shared) if name in SHARED else rules[name])
        for name in heard
    }
    total = 0.0
    for name in heard:
        total += weights[name] * (name in warm)
    return {
        name: weights[name] * fact["stance"] * fact["conviction"] / total
        if name in warm and total > 0
        else 0.0
        for name, fact in heard.items()
    }


def is_near(session, bar, rules):
    if session is None:
        return False
    mean = session["close"] - session["above"]
    return abs(bar[3] - mean) <= rules["pullback_atr"] * session["atr"]


def alignment(trends, near):
    facts = [trends[name] for name in ("hour", "session", "day")]
    hour, session, day = (fact["trend"] if fact else 0 for fact in facts)
    if session == 0 or day != session:
        return 0.0
    return 1.0 if hour == session else 0.5 * near


def percentile(past, atr, window):
    if not atr > 0 or len(past) < window:
        return math.nan
    return naive_chart.percentile_before([*past, atr], len(past), window)


def decide(state, row, rules, macro):
    score, held = row["score"], state["stance"]
    wanted = (score > 0) - (score < 0) if abs(score) > rules["enter"] else 0
    vetoes = set()
    if row["percentile"] < rules["volatility_low"]:
        vetoes.add("volatility_low")
    if row["percentile"] > rules["volatility_high"]:
        vetoes.add("volatility_high")
    if macro >= rules["macro_most"]:
        vetoes.add("macro")
    leaves = held != 0 and held * score < rules["leave"]
    enters = wanted != 0 and (held == 0 or leaves)
    if leaves:
        row["decision"], row["side"] = "leave", held
        row["reasons"] = {"score_turned" if wanted == -held else "score_below_leave"}
        state["stance"] = 0
    if enters and not vetoes:
        row["decision"], row["side"] = "turn" if leaves else "enter", wanted
        row["reasons"] = row["reasons"] | {"score_beyond_enter"}
        state["stance"] = wanted
    elif enters and leaves:
        row["reasons"] = row["reasons"] | vetoes
    elif enters and (wanted != state["wanted"] or vetoes != state["vetoes"]):
        row["decision"], row["side"], row["reasons"] = "vetoed", wanted, set(vetoes)
    if row["decision"] and row["alignment"] < rules["aligned_least"]:
        row["reasons"] = row["reasons"] | {"misaligned"}
    state["wanted"], state["vetoes"] = wanted, vetoes


def guard(heard, shares, side, close):
    leading = max(shares, key=lambda name: side * shares[name])
    if not side * shares[leading] > 0:
        return math.nan
    edge = heard[leading]["guard"][side > 0]
    return edge if side * (close - edge) > 0 else math.nan


def bits(reasons):
    return sum(1 << fusion_memory.REASONS.index(name) for name in reasons)


def mix(state, number):
    known = -1.0 if number != number else number + 0.0
    return (state ^ struct.unpack("<Q", struct.pack("<d", known))[0]) * PRIME % WORD
