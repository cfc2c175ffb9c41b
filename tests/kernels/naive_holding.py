"""What happens to positions in a bar, from the definitions: no state that can be worked out."""

from __future__ import annotations

from copy import deepcopy
from math import exp, inf

from tasks.kernels import fills as kernel
from tests.kernels.naive_fills import book_fill, pay_funding, worth
from tests.kernels.naive_leaving import leave_position


def guard_of(position):
    """Price beyond which a close sends the position away, out of reach where there is none."""
    return -position.side * inf if position.guard is None else position.guard


def best_at_close(position):
    """The best price of the bars whose closes the position has seen, and its entry."""
    return position.farther([position.entry, *position.extremes])


def wake_of(account, position):
    """Best price at which the trail begins, out of reach where it has or where there is none."""
    rule, side = account.rule, position.side
    if rule.trail == inf or rule.trail_from == 0:
        return side * inf
    wake = position.entry * exp(side * rule.trail_from * position.unit)
    return side * inf if position.is_beyond(best_at_close(position), wake) else wake


def stop_of(account, position):
    """The tightest of all stops that hold, and why it would be left there."""
    rule, side = account.rule, position.side
    candidates = [(-side * inf, kernel.STOP)]
    if rule.stop < inf:
        candidates.append((position.entry * exp(-side * rule.stop * position.unit), kernel.STOP))
    if rule.trail < inf and abs(wake_of(account, position)) == inf:
        best = best_at_close(position)
        candidates.append((best * exp(-side * rule.trail * position.unit), kernel.TRAIL))
    if position.is_safe:
        candidates.append((position.entry, kernel.TRAIL))
    level = position.farther([price for price, _ in candidates])
    return next(pair for pair in candidates if pair[0] == level)


def targets_of(account, position):
    """Prices and shares of the targets that were not reached yet."""
    at, share = account.rule.targets
    n_reached = sum(fill["reason"] == kernel.TARGET for fill in position.fills)
    return [
        (position.entry * exp(position.side * (at[k] * position.unit)), share[k])
        for k in range(n_reached, len(at))
    ]


def take_targets(account, position, slot, reached, moment):
    for target, share in targets_of(account, position):
        if not position.is_beyond(reached, target):
            return
        price = reached if moment == kernel.AT_OPEN else target
        position.touched.append(price)
        part = share * position.quantity
        if part >= position.left * (1.0 - 1e-12):
            leave_position(account, position, slot, moment, kernel.TARGET, price)
            return
        bar = account.bars[position.market][slot]
        book_fill(account, position, bar, moment, kernel.TARGET, part, price)


def value_of(account):
    result, gross = 0.0, 0.0
    for position in account.held:
        now, then = (worth(p, account.rule.inverse) for p in (position.mark, position.entry))
        result += position.side * position.left * (now - then)
        gross += position.left * abs(now)
    return result, gross


def leave_market(account, market, slot):
    bar = account.bars[market][slot]
    for position in account.held:
        if position.market == market and bar.trades:
            position.touched.append(bar.open)
            leave_position(account, position, slot, kernel.AT_OPEN, kernel.SIGNAL, bar.open)
        elif position.market == market and position.pending is None:
            position.pending = kernel.SIGNAL


def trade_at_open(account, slot):
    for position in account.held:
        bars = account.bars[position.market]
        if slot not in bars:
            last = max(at for at, bar in bars.items() if bar.trades)
            close = bars[last].close
            leave_position(account, position, last, kernel.AT_CLOSE, kernel.ENDED, close)
            continue
        bar = bars[slot]
        if not bar.trades:
            continue
        stop, why = stop_of(account, position)
        if position.pending is None and bar.row > position.due:
            position.pending = kernel.TIME
        if position.pending is None and position.is_beyond(stop, bar.open):
            position.pending = why
        if position.pending is not None:
            position.touched.append(bar.open)
            leave_position(account, position, slot, kernel.AT_OPEN, position.pending, bar.open)
        else:
            take_targets(account, position, slot, bar.open, kernel.AT_OPEN)


def trade_inside(account, slot):
    for position in account.held:
        bar = account.bars[position.market][slot]
        pay_funding(account, position, slot, kernel.AT_OPEN)
        if not bar.trades:
            continue
        best, worst = (bar.high, bar.low) if position.side > 0 else (bar.low, bar.high)
        stop, why = stop_of(account, position)
        if position.is_beyond(stop, worst):
            remaining = targets_of(account, position)
            position.n_ambiguous += bool(remaining) and position.is_beyond(best, remaining[0][0])
            position.touched.append(stop)
            leave_position(account, position, slot, kernel.INSIDE, why, stop)
        else:
            position.touched.append(worst)
            take_targets(account, position, slot, best, kernel.INSIDE)
            if position.is_open:
                position.touched.append(best)


def trade_at_close(account, slot):
    for position in account.held:
        bar = account.bars[position.market][slot]
        if bar.trades:
            position.mark = bar.close
        pay_funding(account, position, slot, kernel.AT_CLOSE)
        if not bar.trades:
            continue
        if bar.row < position.due:
            position.extremes += [bar.high, bar.low]
            reached = any(fill["reason"] == kernel.TARGET for fill in position.fills)
            position.is_safe = account.rule.stop_to_entry and reached
            if position.guard is not None and not position.is_beyond(bar.close, position.guard):
                position.pending = kernel.STRUCTURE
        elif account.rule.leaves_at_close:
            leave_position(account, position, slot, kernel.AT_CLOSE, kernel.TIME, bar.close)
        else:
            position.pending = kernel.TIME


def watch(account):
    """Open intervals in which prices must stay, and the first slot in which they do not count."""
    bounds = []
    for position in account.held:
        remaining = targets_of(account, position)
        target = remaining[0][0] if remaining else position.side * inf
        near = [stop_of(account, position)[0], guard_of(position)]
        ahead = [target, wake_of(account, position)]
        low, high = (near, ahead) if position.side > 0 else (ahead, near)
        pair = max(low), min(high)
        last = max(bar.row for bar in account.bars[position.market].values())
        until = min(last + 1, position.due) if position.pending is None else -1
        bounds.append((*pair, until))
    return bounds


def is_calm(account, slot):
    """Whether a trial leaves no trace but prices, and meets no guard and no trail's beginning."""
    trial = deepcopy(account)
    for position in trial.held:
        bar = trial.bars[position.market].get(slot)
        if bar is None or not bar.trades:
            return False
        best, worst = (bar.high, bar.low) if position.side > 0 else (bar.low, bar.high)
        if position.is_beyond(guard_of(position), worst):
            return False
        if position.is_beyond(best, wake_of(account, position)):
            return False
    drift(trial, slot)
    n_due = sum(position.pending is not None for position in trial.held)
    funded = any(
        bar.paid if position.side > 0 else bar.received
        for position in account.held
        for bar in [account.bars[position.market][slot]]
    )
    return len(trial.fills) == len(account.fills) and n_due == 0 and not funded


def drift(account, slot):
    trade_at_open(account, slot)
    trade_inside(account, slot)
    trade_at_close(account, slot)
