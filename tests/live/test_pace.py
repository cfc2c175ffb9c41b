"""Bars come as fast as asked, and stop when told to."""

from __future__ import annotations

from threading import Event

from tasks.live.pace import Pace


class Clock(Event):
    """An event that does not wait but says how long it was asked to, on a clock of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.waits = 100.0, []

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waits.append(timeout)
        self.now += timeout
        return self.is_set()


def test_bars_come_so_many_per_second() -> None:
    clock = Clock()
    pace = Pace(4.0, clock, lambda: clock.now)
    assert [pace.goes_on() for _ in range(5)] == [True] * 5
    assert clock.waits == [0.0, 0.25, 0.25, 0.25, 0.25]


def test_a_bar_that_took_long_delays_no_other() -> None:
    clock = Clock()
    pace = Pace(10.0, clock, lambda: clock.now)
    pace.goes_on()
    clock.now += 0.25
    for _ in range(4):
        pace.goes_on()
    assert clock.waits[1:3] == [0.0, 0.0]
    assert abs(clock.now - 100.4) < 1e-9


def test_no_speed_is_no_waiting() -> None:
    clock = Clock()
    pace = Pace(0.0, clock, lambda: clock.now)
    assert all(pace.goes_on() for _ in range(3))
    assert clock.waits == []


def test_a_stop_ends_it_before_the_next_bar() -> None:
    for speed in (0.0, 0.001):
        stop = Event()
        pace = Pace(speed, stop)
        assert pace.goes_on()
        stop.set()
        assert not pace.goes_on()
