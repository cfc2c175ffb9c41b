"""The account, slot by slot, in plain Python."""

from __future__ import annotations

from tasks.kernels import fills
from tasks.kernels.guards import CLOSED
from tests.kernels.naive_entering import take
from tests.kernels.naive_fills import Account
from tests.kernels.naive_holding import (
    guard_of,
    stop_of,
    trade_at_close,
    trade_at_open,
    trade_inside,
    value_of,
    wake_of,
)


def open_account(tape, n_orders, rule):
    return Account(tape, rule)


def run_account(tape, orders, rule, with_curve):
    account = open_account(tape, len(orders), rule)
    n_slots = 1 + max((slot for bars in account.bars for slot in bars), default=-1)
    fates, curve = [CLOSED] * len(orders), []
    play_slots(account, orders, fates, curve, 0, n_slots)
    positions = [record(account, position) for position in account.positions]
    return (
        positions,
        [booked(account, fill) for fill in account.fills],
        fates,
        curve if with_curve else curve[-1:] or [(rule.capital, rule.capital, 0.0, 0)],
    )


def play_slots(account, orders, fates, curve, start, end):
    quantum = account.rule.quantum
    for slot in range(start, end):
        trade_at_open(account, slot)
        for i, order in enumerate(orders):
            bar = account.bars[order["market"]].get(slot)
            if bar is not None and bar.row == order["row"] + 1:
                fates[i] = take(account, order, i, slot, bar)
        trade_inside(account, slot)
        trade_at_close(account, slot)
        result, gross = value_of(account)
        account.equity = account.cash * quantum + result
        account.closes.append(account.equity)
        if account.equity <= 0:
            for position in account.held:
                position.pending = fills.RUINED
        curve.append((account.equity, account.cash * quantum, gross, len(account.held)))


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
        "guard": guard_of(position),
        "wake": wake_of(account, position),
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
