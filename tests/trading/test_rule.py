import math

import numpy as np
import pytest

from lake.time import TIMEFRAMES
from tasks.trading.config import Costs, Exits, Limits, Sizing, Target, Terms
from tasks.trading.rule import write_rule

UNSET = {
    "trail_from": 0.0,
    "max_notional": math.inf,
    "day_loss": math.inf,
    "week_loss": math.inf,
    "drawdown": math.inf,
    "loss_streak": 0,
    "max_gross": math.inf,
    "stop": math.inf,
    "trail": math.inf,
    "cooldown": 0,
    "lockout": 0,
}


def test_what_is_not_said_is_not_limited():
    rule = write_rule(Terms(), "1h")
    assert {name: getattr(rule, name) for name in UNSET} == UNSET
    assert rule.targets.shape == (2, 0)


def test_every_term_is_read():
    terms = Terms(
        exits=Exits(
            stop=2.0,
            trail=1.0,
            trail_from=3.0,
            targets=(Target(at=2.0, share=0.5), Target(at=4.0, share=0.25)),
            stop_to_entry=True,
            time_at="next_open",
        ),
        sizing=Sizing(
            capital=1000.0,
            method="risk_share",
            max_notional=500.0,
            contract="inverse",
        ),
        limits=Limits(
            per_market=2,
            max_open=3,
            max_gross=4.0,
            cooldown="2h",
            lockout="90m",
            day_loss=0.05,
            week_loss=0.1,
            drawdown=0.2,
            loss_streak=3,
        ),
        costs=Costs(taker_fee_bps=4.0, maker_fee_bps=1.0, multiple=2.0),
    )
    rule = write_rule(terms, "1h")
    assert (rule.stop, rule.trail, rule.trail_from) == (2.0, 1.0, 3.0)
    assert rule.targets.tolist() == [[2.0, 4.0], [0.5, 0.25]]
    assert (rule.stop_to_entry, rule.leaves_at_close) == (True, False)
    assert (rule.capital, rule.compounds, rule.max_notional, rule.inverse) == (1e3, True, 500, True)
    assert (rule.per_market, rule.max_open, rule.max_gross) == (2, 3, 4.0)
    assert (rule.cooldown, rule.lockout) == (2, 2)
    assert (rule.day_loss, rule.week_loss, rule.drawdown, rule.loss_streak) == (0.05, 0.1, 0.2, 3)
    assert (rule.taker, rule.maker, rule.multiple) == (4e-4, 1e-4, 2.0)
    assert np.log2(rule.quantum) == 9 - 36


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_a_day_has_whole_slots(timeframe):
    minutes = {"m": 1, "h": 60, "d": 1440}[timeframe[-1]] * int(timeframe[:-1])
    assert write_rule(Terms(), timeframe).per_day * minutes == 1440
