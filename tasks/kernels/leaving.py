"""How positions leave the book, and what that means for the orders that follow."""

from __future__ import annotations

from tasks.kernels._jit import inner
from tasks.kernels.fills import (
    IDLE_UNTIL,
    LOCKED_UNTIL,
    LOST_AT,
    N_HERE,
    N_LOST,
    N_OPEN,
    STOP,
    STRUCTURE,
    TRAIL,
    Book,
    Rule,
    Tape,
    book_fill,
)


@inner
def leave_position(
    book: Book,
    tape: Tape,
    rule: Rule,
    number: int,
    row: int,
    moment: int,
    reason: int,
    reference: float,
) -> None:
    """Leave all that is left of position `number`; see `book_fill`, and `drop_left`."""
    position = book.positions[number]
    book_fill(book, tape, rule, number, row, moment, reason, position.left, reference)
    position.calm_until = -1  # else a record of the past would say when its market ends
    here = book.markets[position.market]
    slot = row - position.shift
    side = LOCKED_UNTIL + (position.side > 0)
    here[N_HERE] -= 1
    here[IDLE_UNTIL] = max(here[IDLE_UNTIL], slot + rule.cooldown)
    if reason in (STOP, TRAIL, STRUCTURE):
        here[side] = max(here[side], slot + rule.lockout)
    if position.net > 0.0:
        here[N_LOST] = 0
    else:
        here[N_LOST] += 1
        here[LOST_AT] = row


@inner
def drop_left(book: Book) -> None:
    """Drop the positions that were left from the open ones."""
    n_kept = 0
    for place in range(book.counts[N_OPEN]):
        number = book.held[place]
        if book.positions[number].left > 0.0:
            book.held[n_kept] = number
            n_kept += 1
    book.counts[N_OPEN] = n_kept
