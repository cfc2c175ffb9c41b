"""The same orders under other circumstances, and what pooled trades earned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from tasks.bridge.ground import Ground
from tasks.kernels.fills import END
from tasks.trading.config import Terms
from tasks.trading.simulation import Results

Orders = NDArray[np.void]
NAMES = tuple(field.name for field in fields(Results))
_NO_NUMBER, _NO_REAL = np.empty(0, np.int64), np.empty(0)
NOTHING = Results(_NO_NUMBER, _NO_NUMBER, _NO_REAL, _NO_REAL, _NO_REAL)


def delayed(orders: Orders, delay: int, ground: Ground) -> Orders:
    """Orders that are decided some bars later, as large as they were, while their fold lasts."""
    later = orders["row"] + delay
    goes_on = later < ground.laid.tape.rows[orders["market"], END]
    folds = ground.fold_of[orders["row"]]
    goes_on[goes_on] = ground.fold_of[later[goes_on]] == folds[goes_on]
    moved = orders[goes_on]
    moved["row"] = later[goes_on]
    return moved


def turned(orders: Orders) -> Orders:
    """Orders on the other side."""
    other = orders.copy()
    other["side"] = -other["side"]
    return other


def sized(orders: Orders, notional: float) -> Orders:
    """Orders of another notional, and without a limit that it would run into."""
    other = orders.copy()
    other["size"], other["most"] = notional, np.inf
    return other


def sized_terms(terms: Terms, notional: float) -> Terms:
    """The terms of `sized` orders.

    The account is as many times as large, so that the loss that ruins it is the same at every
    level in bps of a trade.
    """
    larger = terms.at_notional(notional)
    capital = terms.sizing.capital * notional / terms.sizing.notional
    update = {"method": "fixed_notional", "capital": capital}
    return larger.model_copy(update={"sizing": larger.sizing.model_copy(update=update)})


def pool(results: Sequence[Results]) -> Results:
    """The trades of all, one after another."""
    every = [NOTHING, *results]
    return Results(*(np.concatenate([getattr(one, name) for one in every]) for name in NAMES))


def pick(results: Results, chosen: NDArray[np.bool_]) -> Results:
    """Some of the trades."""
    return Results(*(getattr(results, name)[chosen] for name in NAMES))
