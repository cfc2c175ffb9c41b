"""One candidate before the engine, again and again, on other terms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.bridge.clustered import block_of, describe
from tasks.bridge.config import BridgeConfig
from tasks.bridge.ground import Fold, Ground, Signals
from tasks.bridge.orders import Orders, pool
from tasks.kernels.fills import Rule
from tasks.trading.config import Terms
from tasks.trading.orders import fitting, write_orders
from tasks.trading.simulation import Results, Simulated, play, write_rule


@dataclass(frozen=True, eq=False)
class Case:
    """A candidate on its ground.

    Attributes
    ----------
    hypothesis, horizon, condition : str
    ground : Ground
    chosen : frozenset of int
        Numbers of the folds that count: before them the procedure would have chosen it.
    config : BridgeConfig
    signals : dict of market to DataFrame
    orders : (k,) ORDER
        Of the signals, in all folds, by slot and then by market.
    """

    hypothesis: str
    horizon: str
    condition: str
    ground: Ground
    chosen: frozenset[int]
    config: BridgeConfig
    signals: Signals
    orders: Orders

    @cached_property
    def folds(self) -> list[Fold]:
        """Those that count."""
        return [fold for fold in self.ground.folds if fold.number in self.chosen]

    @cached_property
    def simulated(self) -> dict[int, Simulated]:
        """What became of it in every fold, by number."""
        rule = self._rule(self.config.terms)
        return {fold.number: self._run(self.orders, fold, rule) for fold in self.ground.folds}

    @cached_property
    def earned(self) -> Results:
        """What it earned in the folds that count."""
        return pool([self.simulated[fold.number].results for fold in self.folds])

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Bars of the signals that earned it, as rows of the tape."""
        rows = np.empty(len(self.earned.market), np.int64)
        for market in np.unique(self.earned.market):
            here = self.earned.market == market
            rows[here] = self.ground.rows_at(int(market), self.earned.event_ms[here])
        return rows

    def write(self, signals: Signals) -> Orders:
        """The orders of other signals."""
        return write_orders(self.ground.whole, signals, self.horizon, self.config.terms)

    def play(self, orders: Orders, terms: Terms | None = None) -> Results:
        """What orders earn in the folds that count, each with an account of its own."""
        rule = self._rule(terms or self.config.terms)
        return pool([self._run(orders, fold, rule).results for fold in self.folds])

    def at_costs(self, multiple: float) -> Results:
        """What it earns where all costs but funding are so many times as large."""
        if multiple == 1.0:
            return self.earned
        if multiple not in self._at_costs:
            terms = self.config.terms
            dearer = terms.at_costs(multiple * terms.costs.multiple)
            self._at_costs[multiple] = self.play(self.orders, dearer)
        return self._at_costs[multiple]

    def blocks(self, earned: Results) -> NDArray[np.int64]:
        """Calendar block of each trade."""
        own = self.config
        return block_of(earned.event_ms, self.horizon, own.min_block, own.block_horizons)

    def describe(self, earned: Results) -> dict[str, Any]:
        """Counts, means and proof of trades, see `tasks.bridge.clustered.describe`."""
        return describe(earned, self.blocks(earned))

    @cached_property
    def _at_costs(self) -> dict[float, Results]:
        return {}

    def _rule(self, terms: Terms) -> Rule:
        return write_rule(terms, self.ground.laid.timeframe)

    def _run(self, orders: Orders, fold: Fold, rule: Rule) -> Simulated:
        here = orders[self.ground.fold_of[orders["row"]] == self.ground.folds.index(fold)]
        own = fitting(fold.window, here, self.config.terms)
        return play(fold.window, own, rule, name=self.hypothesis, fold=fold.number)


def open_case(
    candidate: dict[str, Any], ground: Ground, chosen: frozenset[int], config: BridgeConfig
) -> Case:
    """The case of a row of `select_candidates`."""
    signals, horizon = ground.signals(candidate), candidate["horizon"]
    orders = write_orders(ground.whole, signals, horizon, config.terms)
    told = (candidate["hypothesis"], horizon, candidate["condition"])
    return Case(*told, ground, chosen, config, signals, orders)
