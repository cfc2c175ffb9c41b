import time

import numpy as np

from flows.meter import Meter, rss_mb


def test_seconds_are_charged_to_the_stage_and_add_up() -> None:
    meter = Meter()
    for _ in range(2):
        with meter.measure("clean"):
            time.sleep(0.02)
    assert 0.04 <= meter.costs["clean"].seconds < 0.5


def test_memory_that_is_gone_before_the_end_still_counts() -> None:
    meter = Meter()
    before = rss_mb()
    with meter.sampling(), meter.measure("features"):
        held = np.ones(40 * 2**17)
        time.sleep(0.1)
        del held
        time.sleep(0.05)
    assert meter.costs["features"].peak_rss_mb > before + 20


def test_a_stage_that_fails_is_charged_too() -> None:
    meter = Meter()
    try:
        with meter.measure("events"):
            raise ArithmeticError
    except ArithmeticError:
        pass
    assert meter.costs["events"].seconds > 0
