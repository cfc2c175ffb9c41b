"""What keeps orders out, from lists of all that has happened."""

from __future__ import annotations

from itertools import count
from math import inf, isfinite

from tasks.kernels import fills
from tasks.kernels import guards as kernel
from tests.kernels.naive_holding import value_of


def has_breakers(rule):
    return any(share < inf for share in (rule.day_loss, rule.week_loss, rule.drawdown))


def span_of(account, slot, n_days):
    """Number of the span of so many days that a slot lies in."""
    return (slot + account.origin) // (n_days * account.rule.per_day)


def began_with(account, slot, n_days):
    """Equity at the open of the first slot of the span that `slot` lies in."""
    own = [
        at
        for at in range(slot + 1)
        if span_of(account, at, n_days) == span_of(account, slot, n_days)
    ]
    return account.closes[min(own) - 1] if own and min(own) > 0 else account.closes_before


def turn_clock(account, slot):
    """The first slots after the slot's day and week, and the equity with which these began."""
    ends = [
        next(at for at in count(slot) if span_of(account, at, n) != span_of(account, slot, n))
        for n in (1, 7)
    ]
    return *ends, began_with(account, slot, 1), began_with(account, slot, 7)


def note_equity(account):
    """The highest equity, and whether it had ever fallen too far from the highest before."""
    known = [account.closes_before, *account.closes]
    least = 1.0 - account.rule.drawdown
    tripped = [known[k] <= least * max(known[: k + 1]) for k in range(1, len(known))]
    return max(known), any(tripped)


def broken(account, slot):
    """The breaker that is open for what is decided at the close of the slot before."""
    rule, equity = account.rule, account.equity
    if note_equity(account)[1]:
        return kernel.DRAWN_DOWN
    if equity <= (1.0 - rule.week_loss) * began_with(account, slot - 1, 7):
        return kernel.WEEK_LOST
    if equity <= (1.0 - rule.day_loss) * began_with(account, slot - 1, 1):
        return kernel.DAY_LOST
    return None


def is_banned(account, slot, market, side):
    """The reason why an order for the open of `slot` comes too early after an exit, if any."""
    rule = account.rule
    lefts = [stamp for stamp in account.stamps if stamp[1] == market]
    if rule.cooldown and any(slot <= left + rule.cooldown for left, *_ in lefts):
        return "cooldown"
    stopped = (fills.STOP, fills.TRAIL, fills.STRUCTURE)
    stops = [left for left, _, its, why in lefts if its == side and why in stopped]
    if rule.lockout and any(slot <= left + rule.lockout for left in stops):
        return "lockout"
    return None


def losses(account, market):
    """Rows of the latest losses in a row in a market, since the last streak was over."""
    rows = []
    for own, row, net in account.ends:
        if own == market:
            rows = [*rows, row] if net is not None and net <= 0 else []
    return rows


def is_losing(account, market):
    streak = account.rule.loss_streak
    return streak > 0 and len(losses(account, market)) >= streak


def refuse(account, order, notional, slot, bar):
    """The first reason against the order, in the order of the fates' precedence."""
    rule, unit, market = account.rule, float(order["unit"]), int(order["market"])
    if not bar.trades:
        return kernel.CLOSED
    if account.equity <= 0:
        return kernel.BROKE
    if has_breakers(rule) and broken(account, slot):
        return broken(account, slot)
    needs_unit = rule.stop < inf or rule.trail < inf or len(rule.targets[0])
    ban = is_banned(account, slot, market, order["side"])
    n_here = sum(position.market == market for position in account.held)
    against = {
        kernel.UNKNOWN: not (isfinite(notional) and notional > 0)
        or (needs_unit and not (isfinite(unit) and unit > 0)),
        kernel.BUSY: n_here >= rule.per_market,
        kernel.COOLING: ban == "cooldown",
        kernel.LOCKED: ban == "lockout",
        kernel.LOSING: is_losing(account, market) and order["fresh"] <= losses(account, market)[-1],
        kernel.FULL: len(account.held) >= rule.max_open,
        kernel.ILLIQUID: not notional <= order["most"],
        kernel.EXPOSED: notional + value_of(account)[1] > rule.max_gross * account.equity,
    }
    return next((fate for fate, holds in against.items() if holds), None)
