"""What happens to open positions in a bar: at its open, inside it and at its close."""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import inner
from tasks.kernels.fills import (
    AT,
    AT_CLOSE,
    AT_OPEN,
    CLOSE,
    END,
    ENDED,
    ENTRY,
    HIGH,
    INSIDE,
    LOW,
    N_OPEN,
    OPEN,
    PAID,
    RECEIVED,
    SHARE,
    SIGNAL,
    STOP,
    STRUCTURE,
    TARGET,
    TIME,
    TRADES,
    TRAIL,
    Book,
    Record,
    Rule,
    Tape,
    book_fill,
    pay_funding,
    worth,
)
from tasks.kernels.leaving import drop_left, leave_position


@inner
def value_of(book: Book, inverse: bool) -> tuple[float, float]:
    """Result that is not booked yet, and gross value, of all open positions at their marks."""
    result, gross = 0.0, 0.0
    for place in range(book.counts[N_OPEN]):
        position = book.positions[book.held[place]]
        value = worth(position.mark, inverse)
        result += position.side * position.left * (value - worth(position.entry, inverse))
        gross += position.left * abs(value)
    return result, gross


@inner
def leave_market(book: Book, tape: Tape, rule: Rule, market: int, row: int) -> None:
    """Leave all positions of the market at the open of `row`, or at the next that trades."""
    price = tape.bars[OPEN, row]
    for place in range(book.counts[N_OPEN]):
        number = book.held[place]
        position = book.positions[number]
        if position.market == market and tape.bars[TRADES, row] > 0.0:
            _stretch(position, price, price)
            leave_position(book, tape, rule, number, row, AT_OPEN, SIGNAL, price)
        elif position.market == market and position.pending == ENTRY:
            position.pending = SIGNAL
    drop_left(book)


@inner
def trade_at_open(book: Book, tape: Tape, rule: Rule, slot: int) -> None:
    """Leave at this slot's open what is due, and what the open finds beyond its stop or target.

    A position whose market has no bars any more is left at its last close.
    """
    for place in range(book.counts[N_OPEN]):
        number = book.held[place]
        position = book.positions[number]
        row = slot + position.shift
        if row >= tape.rows[position.market, END]:
            _leave_at_last(book, tape, rule, number, row - 1)
        elif tape.bars[TRADES, row] > 0.0:
            price = tape.bars[OPEN, row]
            _call(position, row, price)
            if position.pending != ENTRY:
                _stretch(position, price, price)
                leave_position(book, tape, rule, number, row, AT_OPEN, position.pending, price)
            else:
                _take_targets(book, tape, rule, number, row, price, AT_OPEN)
    drop_left(book)


@inner
def trade_inside(book: Book, tape: Tape, rule: Rule, slot: int) -> None:
    """Leave at stops and targets inside the bar; one that touches both is decided for the stop."""
    for place in range(book.counts[N_OPEN]):
        number = book.held[place]
        row = slot + book.positions[number].shift
        pay_funding(book, tape, rule, number, row, AT_OPEN)
        if tape.bars[TRADES, row] > 0.0:
            _go_through(book, tape, rule, number, row)
    drop_left(book)


@inner
def trade_at_close(book: Book, tape: Tape, rule: Rule, slot: int) -> None:
    """Leave at the close what is due there; move the stops of what stays.

    What closes beyond its guard stays until the next open.
    """
    for place in range(book.counts[N_OPEN]):
        number = book.held[place]
        position = book.positions[number]
        row = slot + position.shift
        trades, is_due = tape.bars[TRADES, row] > 0.0, row >= position.due
        if trades:
            position.mark = tape.bars[CLOSE, row]
        pay_funding(book, tape, rule, number, row, AT_CLOSE)
        if trades and is_due and rule.leaves_at_close:
            leave_position(book, tape, rule, number, row, AT_CLOSE, TIME, position.mark)
        elif trades and is_due:
            position.pending = TIME
        elif trades:
            _move_stop(rule, position)
            if position.side * (position.mark - position.guard) < 0:
                position.pending = STRUCTURE
    drop_left(book)


@inner
def watch(book: Book, tape: Tape, rule: Rule) -> None:
    """Note between which prices, and until which bar, the open positions stay as they are."""
    for place in range(book.counts[N_OPEN]):
        position = book.positions[book.held[place]]
        _note_calm(position, _target(rule, position))
        end = tape.rows[position.market, END]
        position.calm_until = min(end, position.due) if position.pending == ENTRY else -1


@inner
def is_calm(book: Book, tape: Tape, slot: int) -> bool:
    """Whether nothing happens to any open position in this slot but that prices move."""
    for place in range(book.counts[N_OPEN]):
        position = book.positions[book.held[place]]
        row = slot + position.shift
        if row >= position.calm_until or tape.bars[TRADES, row] == 0.0:
            return False
        if tape.bars[PAID if position.side > 0 else RECEIVED, row] != 0.0:
            return False
        if tape.bars[LOW, row] <= position.calm_above:
            return False
        if tape.bars[HIGH, row] >= position.calm_below:
            return False
    return True


@inner
def drift(book: Book, tape: Tape, slot: int) -> None:
    """Let prices move in a slot that is calm: what the other functions here would do to it."""
    for place in range(book.counts[N_OPEN]):
        position = book.positions[book.held[place]]
        row = slot + position.shift
        position.mark = tape.bars[CLOSE, row]
        is_long = position.side > 0
        high, low = tape.bars[HIGH, row], tape.bars[LOW, row]
        _stretch(position, high if is_long else low, low if is_long else high)
        if position.ratchet > 0.0:
            _trail(position)
            _note_calm(position, position.calm_below if is_long else position.calm_above)


@inner
def _leave_at_last(book: Book, tape: Tape, rule: Rule, number: int, row: int) -> None:
    """Leave at the close of the last bar up to `row` that traded."""
    while tape.bars[TRADES, row] == 0.0:
        row -= 1
    leave_position(book, tape, rule, number, row, AT_CLOSE, ENDED, tape.bars[CLOSE, row])


@inner
def _call(position: Record, row: int, price: float) -> None:
    """Call a position that is due at this open, or whose stop the open lies beyond."""
    if position.pending == ENTRY and row > position.due:
        position.pending = TIME
    if position.pending == ENTRY and position.side * (price - position.stop) <= 0:
        position.pending = TRAIL if position.is_trailed else STOP


@inner
def _go_through(book: Book, tape: Tape, rule: Rule, number: int, row: int) -> None:
    """Take a position from a bar's open to its end.

    Of a bar in which it is left, the worst price counts that it may have seen before, and the
    best that it has surely seen.
    """
    position = book.positions[number]
    side = position.side
    along = tape.bars[HIGH, row] if side > 0 else tape.bars[LOW, row]
    against = tape.bars[LOW, row] if side > 0 else tape.bars[HIGH, row]
    if side * (against - position.stop) <= 0:
        position.n_ambiguous += side * (along - _target(rule, position)) >= 0
        _stretch(position, position.stop, position.stop)
        reason = TRAIL if position.is_trailed else STOP
        leave_position(book, tape, rule, number, row, INSIDE, reason, position.stop)
    elif not _take_targets(book, tape, rule, number, row, along, INSIDE):
        _stretch(position, along, against)
    else:
        _stretch(position, position.best, against)


@inner
def _target(rule: Rule, position: Record) -> float:
    """Price of the position's next target, beyond reach where there is none."""
    if position.n_targets == rule.targets.shape[1]:
        return position.side * np.inf
    distance = rule.targets[AT, position.n_targets] * position.unit
    return position.entry * np.exp(position.side * distance)


@inner
def _take_targets(
    book: Book, tape: Tape, rule: Rule, number: int, row: int, reached: float, moment: int
) -> bool:
    """Leave the parts whose targets lie at or before `reached`: there inside a bar, at its open.

    Returns whether nothing is left.
    """
    position = book.positions[number]
    target = _target(rule, position)
    while position.side * (reached - target) >= 0:
        price = reached if moment == AT_OPEN else target
        part = rule.targets[SHARE, position.n_targets] * position.quantity
        position.n_targets += 1
        _stretch(position, price, price)
        if part >= position.left * (1.0 - 1e-12):
            leave_position(book, tape, rule, number, row, moment, TARGET, price)
            return True
        book_fill(book, tape, rule, number, row, moment, TARGET, part, price)
        target = _target(rule, position)
    return False


@inner
def _stretch(position: Record, along: float, against: float) -> None:
    if position.side * (along - position.best) > 0:
        position.best = along
    if position.side * (against - position.worst) < 0:
        position.worst = against


@inner
def _move_stop(rule: Rule, position: Record) -> None:
    if position.side * (position.best - position.wake) >= 0:
        position.ratchet = np.exp(-position.side * rule.trail * position.unit)
        position.wake = position.side * np.inf
    _trail(position)
    is_safe = rule.stop_to_entry and position.n_targets > 0
    if is_safe and position.side * (position.entry - position.stop) > 0:
        position.stop, position.is_trailed = position.entry, 1


@inner
def _trail(position: Record) -> None:
    """Let the stop follow the best price; it never loosens."""
    level = position.best * position.ratchet
    if position.ratchet > 0.0 and position.side * (level - position.stop) > 0:
        position.stop, position.is_trailed = level, 1


@inner
def _note_calm(position: Record, target: float) -> None:
    """Note between which prices the position stays as it is.

    A guard and the price at which the trail begins count when they are touched: what comes of it is
    left to the long way.
    """
    if position.side > 0:
        position.calm_above = max(position.stop, position.guard)
        position.calm_below = min(target, position.wake)
    else:
        position.calm_above = max(target, position.wake)
        position.calm_below = min(position.stop, position.guard)
