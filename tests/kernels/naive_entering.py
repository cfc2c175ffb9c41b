"""Orders become positions: objects."""

from __future__ import annotations

from math import inf, isfinite

from tasks.kernels import fills
from tasks.kernels import guards as kernel
from tests.kernels.naive_fills import Position, book_fill, worth
from tests.kernels.naive_guards import is_losing, refuse
from tests.kernels.naive_holding import leave_market


def take(account, order, i, slot, bar):
    side, market, rule = int(order["side"]), int(order["market"]), account.rule
    if side == 0:
        leave_market(account, market, slot)
        return kernel.LEFT
    notional = float(order["size"])
    if rule.compounds and notional == notional:
        notional = min(notional * account.equity, rule.max_notional)
    fate = refuse(account, order, notional, slot, bar)
    if fate is not None:
        return fate
    if is_losing(account, market):
        account.ends.append((market, None, None))
    quantity, guard = notional / abs(worth(bar.open, rule.inverse)), float(order["guard"])
    position = Position(
        order=i,
        market=market,
        side=side,
        decided=int(order["row"]),
        entered=bar.row,
        due=int(order["row"] + order["due"]) if order["due"] else inf,
        notional=notional,
        quantity=quantity,
        entry=bar.open,
        unit=float(order["unit"]),
        mark=bar.open,
        left=quantity,
        guard=guard if isfinite(guard) and guard > 0 else None,
    )
    account.positions.append(position)
    book_fill(account, position, bar, fills.AT_OPEN, fills.ENTRY, quantity, bar.open)
    return kernel.TAKEN
