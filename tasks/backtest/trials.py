"""What was tried before a blueprint was chosen, from what its evidence says of the search."""

from __future__ import annotations

import math

from tasks.blueprint.document import Blueprint
from tasks.bridge.search import Trials
from tasks.bridge.sharpe import best_of_chance

NAN = float("nan")


def trials_of(blueprint: Blueprint) -> Trials | None:
    """The trials of the run family, None where the evidence does not tell them.

    The evidence has the hurdle that the best of so many without skill is expected to reach, which
    is their spread times that of the best of as many standard normal ones.
    """
    for said in blueprint.evidence.search:
        if said.n_trials is not None and said.hurdle is not None:
            best = best_of_chance(1.0, said.n_trials)
            spread = said.hurdle / best if best > 0 else 0.0
            effective = NAN if said.n_effective is None else said.n_effective
            return Trials(said.n_trials, effective, math.pow(spread, 2))
    return None
