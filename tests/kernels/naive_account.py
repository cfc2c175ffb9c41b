"""The account, slot by slot, in plain Python."""

from __future__ import annotations

from math import inf, isfinite

from tasks.kernels import account as kernel
from tasks.kernels import fills
from tests.kernels.naive_fills import (
    Account,
    Position,
    book_fill,
    is_banned,
    worth,
)
from tests.kernels.naive_holding import (
    leave_market,
    stop_of,
    trade_at_close,
    trade_at_open,
    trade_inside,
    value_of,
)


def run_account(tape, orders, rule, with_curve):
    account = Account(tape, rule)
    n_slots = 1 + max((slot for bars in account.bars for slot in bars), default=-1)
    fates = [kernel.CLOSED] * len(orders)
    curve = []
    for slot in range(n_slots):
        trade_at_open(account, slot)
        for i, order in enumerate(orders):
            bar = account.bars[order["market"]].get(slot)
            if bar is not None and bar.row == order["row"] + 1:
                fates[i] = take(account, order, i, slot, bar)
        trade_inside(account, slot)
        trade_at_close(account, slot)
        result, gross = value_of(account)
        account.equity = account.cash * rule.quantum + result
        if account.equity <= 0:
            for position in account.held:
                position.pending = fills.RUINED
        curve.append((account.equity, account.cash * rule.quantum, gross, len(account.held)))
    positions = [record(account, position) for position in account.positions]
    return (
        positions,
        [booked(account, fill) for fill in account.fills],
        fates,
        curve if with_curve else curve[-1:] or [(rule.capital, rule.capital, 0.0, 0)],
    )


def take(account, order, i, slot, bar):
    side = int(order["side"])
    if side == 0:
        leave_market(account, order["market"], slot)
        return kernel.LEFT
    size = float(order["size"])
    notional = size * account.equity if account.rule.compounds else size
    fate = refusal(account, order, notional, slot, bar)
    if fate is not None:
        return fate
    position = Position(
        order=i,
        market=int(order["market"]),
        side=side,
        decided=int(order["row"]),
        entered=bar.row,
        due=int(order["row"] + order["due"]) if order["due"] else inf,
        notional=notional,
        quantity=notional / abs(worth(bar.open, account.rule.inverse)),
        entry=bar.open,
        unit=float(order["unit"]),
        mark=bar.open,
        left=notional / abs(worth(bar.open, account.rule.inverse)),
    )
    account.positions.append(position)
    book_fill(account, position, bar, fills.AT_OPEN, fills.ENTRY, position.quantity, bar.open)
    return kernel.TAKEN


def refusal(account, order, notional, slot, bar):
    """The first reason against the order, in the order of the fates' precedence."""
    rule, unit = account.rule, float(order["unit"])
    needs_unit = rule.stop < inf or rule.trail < inf or len(rule.targets[0])
    ban = is_banned(account, slot, order["market"], order["side"])
    n_here = sum(position.market == order["market"] for position in account.held)
    against = {
        kernel.CLOSED: not bar.trades,
        kernel.BROKE: account.equity <= 0,
        kernel.UNKNOWN: not (isfinite(notional) and notional > 0)
        or (needs_unit and not (isfinite(unit) and unit > 0)),
        kernel.BUSY: n_here >= rule.per_market,
        kernel.COOLING: ban == "cooldown",
        kernel.LOCKED: ban == "lockout",
        kernel.FULL: len(account.held) >= rule.max_open,
        kernel.ILLIQUID: not notional <= order["most"],
        kernel.EXPOSED: notional + value_of(account)[1] > rule.max_gross * account.equity,
    }
    return next((fate for fate, holds in against.items() if holds), None)


def record(account, position):
    """The fields of a POSITION record that say something to others."""
    quantum, exits = account.rule.quantum, position.fills[1:]
    sums = {
        name: sum(fill[name] for fill in position.fills) * quantum
        for name in ("gross", "fee", "slippage")
    }
    seen = [position.entry, *position.extremes, *position.touched]
    average = 0.0
    for fill in exits:
        average += fill["reference"] * (abs(fill["quantity"]) / position.quantity)
    return {
        **{n: getattr(position, n) for n in ("order", "market", "side", "decided", "entered")},
        **{n: getattr(position, n) for n in ("quantity", "left", "notional", "entry", "mark")},
        "left_at": -1 if position.is_open else exits[-1]["row"],
        "reason": position.fills[-1]["reason"],
        "n_fills": len(position.fills),
        "n_ambiguous": position.n_ambiguous,
        "n_targets": sum(fill["reason"] == fills.TARGET for fill in exits),
        "exit": average,
        "stop": stop_of(account, position)[0],
        "best": position.farther(seen),
        "worst": min(seen) if position.side > 0 else max(seen),
        "funding": position.funding * quantum,
        "net": position.net * quantum,
        **sums,
    }


def booked(account, fill):
    """A FILL record."""
    money = {name: fill[name] * account.rule.quantum for name in ("fee", "slippage")}
    return {name: fill[name] for name in fills.FILL.names} | money
