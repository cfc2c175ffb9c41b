"""What the evidence says of the search is what the deflated Sharpe ratio of the back-test needs."""

import math
from statistics import NormalDist

import pytest

from tasks.backtest.trials import trials_of
from tasks.blueprint.evidence import SearchEvidence
from tests.backtest.researched import researched

NOTHING = {"n_trials": None, "n_effective": None, "hurdle": None, "dsr": None, "psr": None}


def weighed(*search):
    rows = tuple(SearchEvidence(**NOTHING | {"portfolio": "candidates"} | row) for row in search)
    blueprint = researched().blueprint
    evidence = blueprint.evidence.model_copy(update={"search": rows})
    return trials_of(blueprint.model_copy(update={"evidence": evidence}))


def hurdle(variance, n):
    """Bailey and Lopez de Prado (2014), equation 1; by the standard library."""
    quantile, euler = NormalDist().inv_cdf, 0.5772156649015329
    best = (1 - euler) * quantile(1 - 1 / n) + euler * quantile(1 - 1 / (n * math.e))
    return math.sqrt(variance) * best


def test_the_published_example_is_undone():
    # JPM 2014: V = .5 / 250 and N = 100 give SR0 = .11317 per day.
    trials = weighed({"n_trials": 100, "n_effective": 12.5, "hurdle": 0.11317})
    assert (trials.n, trials.n_effective) == (100, 12.5)
    assert trials.variance == pytest.approx(0.5 / 250, rel=1e-3)


@pytest.mark.parametrize("n", [2, 46, 988, 200_000])
def test_the_spread_of_the_trials_is_that_behind_the_hurdle(n):
    trials = weighed({"n_trials": n, "hurdle": hurdle(0.004, n)})
    assert trials.variance == pytest.approx(0.004, rel=1e-9)


def test_independent_trials_that_are_not_known_are_nan():
    assert math.isnan(weighed({"n_trials": 7, "hurdle": 0.1}).n_effective)


def test_a_single_trial_had_nothing_to_choose_from():
    trials = weighed({"n_trials": 1, "hurdle": 0.0})
    assert (trials.n, trials.variance) == (1, 0.0)


@pytest.mark.parametrize(
    "search",
    [(), ({"n_trials": 900},), ({"hurdle": 0.1},)],
    ids=["no search", "no hurdle", "no number"],
)
def test_evidence_without_a_search_tells_no_trials(search):
    assert weighed(*search) is None


def test_the_first_portfolio_that_tells_them_counts():
    promoted = {"portfolio": "promoted", "n_trials": 900, "hurdle": hurdle(0.002, 900)}
    trials = weighed({"n_trials": 900}, promoted)
    assert trials.variance == pytest.approx(0.002)
