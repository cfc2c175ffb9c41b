"""What the fusion reads, keeps and writes.

Source: shared engines.md, Fusion.
"""

from __future__ import annotations

import numpy as np

from tasks.kernels.chart import CAPACITY

WYCKOFF, WYCKOFF_DAILY, SMC, HOB, MOMENTUM = range(5)
MEMBERS = ("wyckoff", "wyckoff_daily", "smc", "hob", "momentum")
N_MEMBERS = len(MEMBERS)
HOUR, SESSION, DAY = range(3)
FRAMES = ("hour", "session", "day")
NOTHING, ENTER, LEAVE, TURN, VETOED = range(5)
DECISIONS = ("", "enter", "leave", "turn", "vetoed")
REASONS = (
    "score_beyond_enter",
    "score_below_leave",
    "score_turned",
    "misaligned",
    "volatility_low",
    "volatility_high",
    "macro",
)
BEYOND, BELOW, TURNED, MISALIGNED, VOLATILITY_LOW, VOLATILITY_HIGH, MACRO = (
    1 << i for i in range(len(REASONS))
)

SAID = np.dtype(
    [
        *((n, "i8") for n in ("row", "stance", "is_warm", "is_fresh")),
        ("conviction", "f8"),
        ("guard", "f8", (2,)),
    ],
    align=True,
)
SEEN = np.dtype(
    [("row", "i8"), ("trend", "i8"), ("close", "f8"), ("above", "f8"), ("atr", "f8")], align=True
)
RULES = np.dtype(
    [
        *((n, "f8") for n in ("wyckoff", "momentum", "hob", "smc", "enter", "leave")),
        *((n, "f8") for n in ("aligned_least", "misaligned_factor", "pullback_atr")),
        *((n, "f8") for n in ("volatility_low", "volatility_high", "macro_most")),
        *((n, "i8") for n in ("volatility_bars", "is_gated")),
    ],
    align=True,
)
_SCORED = [("score", "f8"), ("alignment", "f8"), ("contributions", "f8", (N_MEMBERS,))]
MEMORY = np.dtype(
    [
        *((n, "i8") for n in ("n", "n_ranges", "stance", "wanted", "vetoes", "is_stale")),
        *((n, "i8") for n in ("fresh_at", "is_near")),
        ("chain", "u8"),
        ("said", SAID, (N_MEMBERS,)),
        ("seen", SEEN, (len(FRAMES),)),
        ("ranges", "f8", (2 * CAPACITY,)),
        *_SCORED,
    ],
    align=True,
)
FUSED = np.dtype(
    [
        *_SCORED,
        ("percentile", "f8"),
        *((n, "i8") for n in ("decision", "side", "stance", "reasons", "fresh", "is_skipped")),
        *((n, "f8") for n in ("unit", "guard")),
        ("chain", "u8"),
    ],
    align=True,
)
