"""smartmoneyconcepts, in an interpreter that has it: ``python -m perf.structure_peers``.

One line of JSON in, one line out. The first line says its version, or why it is absent. Then
``{"bars": FILE, "wants": ...}`` answers of the bars (5, n) in that npy file: the seconds of one of
`WORK` alone; "list gaps", as rows [middle bar, side, bar that mitigated it, 0 for none]; or "count
rewritten", by output how many readings are rewritten over ``"n_replays"`` replays, each with one
bar more than the one before, and how many of them had been said. Nothing of Assay is needed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import numpy as np

PACKAGE, SPAN = "smartmoneyconcepts", 10
Outputs = dict[str, Any]


def fvg(smc: Any, bars: Any) -> Any:
    return smc.fvg(bars)


def order_blocks(smc: Any, bars: Any) -> Any:
    return smc.ob(bars, smc.swing_highs_lows(bars, SPAN))


def structure(smc: Any, bars: Any) -> Any:
    return smc.bos_choch(bars, smc.swing_highs_lows(bars, SPAN))


def everything(smc: Any, bars: Any) -> Outputs:
    """The signals that it gives, by output; where and how they end later is left out."""
    swings = smc.swing_highs_lows(bars, SPAN)
    found = smc.bos_choch(bars, swings)
    return {
        "gaps": smc.fvg(bars)["FVG"].to_numpy(),
        "swings": swings["HighLow"].to_numpy(),
        "breaks": found["BOS"].to_numpy(),
        "changes": found["CHOCH"].to_numpy(),
        "blocks": smc.ob(bars, swings)["OB"].to_numpy(),
    }


WORK: dict[str, Callable[[Any, Any], Any]] = {
    "gaps": fvg,
    "blocks": order_blocks,
    "breaks": structure,
    "everything": everything,
}


def list_gaps(smc: Any, bars: Any) -> list[list[int]]:
    found = smc.fvg(bars)
    found = found[found["FVG"].notna()]
    rows = (found.index, found["FVG"], found["MitigatedIndex"])
    return [[int(x) for x in row] for row in zip(*rows, strict=True)]


def count_rewritten(smc: Any, bars: Any, n_replays: int) -> list[dict[str, int]]:
    """Readings of a bar that the replay with one bar more gives otherwise, by output.

    Of all of them, and of those where something had been said before.
    """
    n = len(bars)
    rewritten: dict[str, int] = {}
    taken_back: dict[str, int] = {}
    before: Outputs = {}
    for end in range(n - n_replays, n + 1):
        now = everything(smc, bars.iloc[:end])
        for name, said in before.items():
            then, later = np.nan_to_num(said), np.nan_to_num(now[name][:-1])
            rewritten[name] = rewritten.get(name, 0) + int((then != later).sum())
            taken_back[name] = taken_back.get(name, 0) + int(((then != later) & (then != 0)).sum())
        before = now
    return [rewritten, taken_back]


@lru_cache(maxsize=1)
def _read(path: str) -> Any:
    import pandas as pd

    return pd.DataFrame(np.load(path).T, columns=["open", "high", "low", "close", "volume"])


def answer(smc: Any, asked: dict[str, Any]) -> Any:
    bars = _read(asked["bars"])
    if asked["wants"] == "list gaps":
        return list_gaps(smc, bars)
    if asked["wants"] == "count rewritten":
        return count_rewritten(smc, bars, asked["n_replays"])
    started = time.perf_counter()
    WORK[asked["wants"]](smc, bars)
    return time.perf_counter() - started


def main() -> None:
    """Answer on what standard output was; what the package prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    os.environ["SMC_CREDIT"] = "0"
    try:
        from smartmoneyconcepts import smc  # type: ignore[import-not-found]
    except Exception as failure:
        print(json.dumps({"absent": f"{type(failure).__name__}: {failure}"}), file=answers)
        return
    print(json.dumps({"version": version(PACKAGE)}), file=answers)
    for line in sys.stdin:
        print(json.dumps(answer(smc, json.loads(line))), file=answers)


if __name__ == "__main__":
    main()
