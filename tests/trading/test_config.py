import math

import pytest
from pydantic import ValidationError

from tasks.trading.config import Costs, Exits, Limits, Sizing, Target, Terms


def targets(*pairs):
    return tuple(Target(at=at, share=share) for at, share in pairs)


@pytest.mark.parametrize("distances", [(2.0, 1.0), (1.0, 1.0)])
def test_targets_out_of_order_or_at_the_same_place_are_refused(distances):
    with pytest.raises(ValidationError, match="each must lie beyond the one before"):
        Exits(targets=targets(*((at, 0.5) for at in distances)))


def test_targets_that_leave_more_than_the_position_are_refused():
    with pytest.raises(ValidationError, match="sum to more than 1"):
        Exits(targets=targets((1.0, 0.6), (2.0, 0.5)))


def test_targets_that_leave_all_or_a_part_are_taken():
    tenths = Exits(targets=targets((1.0, 0.1), (2.0, 0.2), (3.0, 0.7)))
    assert sum(target.share for target in tenths.targets) == pytest.approx(1.0)
    assert Exits(targets=targets((1.0, 0.5))).targets[0].share == 0.5


def test_no_more_than_four_targets():
    with pytest.raises(ValidationError, match="at most 4"):
        Exits(targets=targets(*((float(i), 0.1) for i in range(1, 6))))


@pytest.mark.parametrize("share", [0.0, 1.01, -0.5, math.nan])
def test_a_target_leaves_a_share_above_nothing_and_up_to_all(share):
    with pytest.raises(ValidationError, match="share"):
        Target(at=1.0, share=share)


@pytest.mark.parametrize("distance", [0.0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize("what", ["stop", "trail", "trail_from"])
def test_a_stop_lies_at_a_distance_above_nothing(what, distance):
    with pytest.raises(ValidationError, match=what):
        Exits(**{what: distance})


def test_a_stop_goes_to_the_entry_only_where_a_target_can_send_it_there():
    with pytest.raises(ValidationError, match="without a target"):
        Exits(stop_to_entry=True)


def test_a_trail_that_begins_later_is_a_trail():
    with pytest.raises(ValidationError, match="without a trail"):
        Exits(trail_from=1.0)
    assert Exits(trail=1.0, trail_from=2.0).trail_from == 2.0


def test_a_size_by_the_risk_needs_a_stop():
    sizing = Sizing(method="risk_share")
    with pytest.raises(ValidationError, match="distance of the stop"):
        Terms(sizing=sizing)
    with pytest.raises(ValidationError, match="distance of the stop"):
        Terms(sizing=sizing, exits=Exits(trail=1.0))
    assert Terms(sizing=sizing, exits=Exits(stop=1.0)).exits.stop == 1.0


@pytest.mark.parametrize("name", sorted(set(Costs.model_fields) - {"funding"}))
@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
def test_costs_that_are_negative_or_no_number_are_refused(name, value):
    with pytest.raises(ValidationError, match=name):
        Costs(**{name: value})


@pytest.mark.parametrize("name", ["capital", "notional", "share", "max_leverage", "max_notional"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_sizes_that_are_no_size_are_refused(name, value):
    with pytest.raises(ValidationError, match=name):
        Sizing(**{name: value})


@pytest.mark.parametrize(
    "limits",
    [
        {"per_market": 0},
        {"max_open": 0},
        {"max_gross": 0.0},
        {"cooldown": "soon"},
        {"lockout": ""},
        {"day_loss": 0.0},
        {"week_loss": 1.0},
        {"drawdown": -0.1},
        {"loss_streak": 0},
    ],
)
def test_limits_that_are_no_limits_are_refused(limits):
    with pytest.raises(ValidationError):
        Limits(**limits)


def test_terms_are_frozen_and_refuse_what_they_do_not_know():
    with pytest.raises(ValidationError):
        Terms().costs = Costs()
    with pytest.raises(ValidationError, match="leverage"):
        Sizing(leverage=3.0)


def test_other_costs_leave_all_else_as_it_is():
    terms = Terms(exits=Exits(stop=2.0), costs=Costs(taker_fee_bps=4.0))
    doubled = terms.at_costs(2.0)
    assert doubled.costs == Costs(taker_fee_bps=4.0, multiple=2.0)
    assert doubled.model_copy(update={"costs": terms.costs}) == terms


def test_another_notional_runs_into_no_limit_of_size():
    limits = Limits(max_gross=1.0, max_participation=0.01, per_market=3, cooldown="1h")
    terms = Terms(exits=Exits(stop=2.0), limits=limits).at_notional(5e6)
    assert terms.sizing.notional == 5e6
    assert terms.limits == Limits(per_market=3, cooldown="1h")
    assert terms.exits == Exits(stop=2.0)


def test_another_notional_is_ruined_no_sooner():
    terms = Terms(sizing=Sizing(capital=500.0, notional=100.0)).at_notional(1e6)
    assert terms.sizing.capital == 5e6


@pytest.mark.parametrize("method", ["equity_share", "risk_share", "volatility_target"])
def test_another_notional_is_that_of_every_trade_however_it_was_sized(method):
    terms = Terms(exits=Exits(stop=2.0), sizing=Sizing(method=method)).at_notional(5e6)
    assert terms.sizing.method == "fixed_notional"
    assert terms.sizing.notional == 5e6
