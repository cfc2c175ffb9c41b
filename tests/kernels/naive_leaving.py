"""How positions leave: a list of all that did."""

from __future__ import annotations

from tests.kernels.naive_fills import book_fill


def leave_position(account, position, slot, moment, reason, reference):
    bar = account.bars[position.market][slot]
    book_fill(account, position, bar, moment, reason, position.left, reference)
    account.stamps.append((slot, position.market, position.side, reason))
    account.ends.append((position.market, bar.row, position.net))


def drop_left(account):
    return account.held
