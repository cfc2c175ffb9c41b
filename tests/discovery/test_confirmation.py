import numpy as np
import polars as pl
import pytest
from scipy.stats import t

from lake.schema import CONFIRMED, FINDINGS
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.confirmation import choose_findings, confirm
from tasks.discovery.effects import estimate
from tasks.discovery.entries import list_entries
from tasks.discovery.eras import CONFIRMATION, DISCOVERY, cut, draw_eras
from tasks.discovery.findings import judge
from tasks.discovery.grid import draw_grid
from tests.discovery import market

CONFIG = DiscoveryConfig(conditions=("all", "vol_regime"), n_sign_flips=99, min_clusters=10)
NAMES = ("BTCUSDT-15m", "ETHUSDT-15m")
N = 96 * 200


def planted(name, seed):
    """`crash` before a rise, `surge` before a fall, and `noise`."""
    rng = np.random.default_rng(seed)
    shocks = rng.normal(0, 1, N)
    rows = {"crash": np.arange(150, N - 100, 40), "surge": np.arange(170, N - 100, 40)}
    shocks[rows["crash"] + 2] += 0.9
    shocks[rows["surge"] + 2] -= 0.9
    frame = market.bars(N, seed, shared=shocks)
    rows["noise"] = np.arange(160, N - 100, 40)
    sides = {event: np.ones(len(own)) for event, own in rows.items()}
    return market.events(frame, rows, name, sides_of=sides), frame


@pytest.fixture(scope="module")
def markets():
    return [planted(name, seed) for seed, name in enumerate(NAMES)]


@pytest.fixture(scope="module")
def eras(markets):
    return draw_eras([frame for _, frame in markets], ["15m"] * 2, ["1h"], CONFIG)


def look(markets, eras, era):
    """ENTRIES and EFFECTS of one era."""
    entries, effects = [], []
    for name, (events, frame) in zip(NAMES, markets, strict=True):
        seen = [cut(table, eras, era) for table in (events, market.features(frame))]
        outcomes = {"1h": cut(market.outcomes(frame)["1h"], eras, era)}
        entries.append(list_entries(name, *seen, CONFIG))
        effects.append(estimate(name, *seen, outcomes, CONFIG))
    return entries, effects


@pytest.fixture(scope="module")
def findings(markets, eras):
    entries, effects = look(markets, eras, DISCOVERY)
    return judge(effects, draw_grid(entries, ["1h"]), CONFIG)


def test_estimates_are_those_of_a_run_that_searched_the_confirmation_era(markets, eras, findings):
    found = choose_findings(findings)
    assert {"crash", "surge"} == set(found["event"])
    assert {"all", *NAMES} == set(found["market"])
    assert found["condition"].n_unique() > 1
    entries, effects = look(markets, eras, CONFIRMATION)
    searched = judge(effects, draw_grid(entries, ["1h"]), CONFIG)
    confirmed = confirm(found, effects, CONFIG)
    assert CONFIRMED.conform(confirmed).equals(confirmed)
    assert confirmed["hypothesis"].equals(found["hypothesis"])
    wanted = searched.join(found, on="hypothesis", how="semi")
    assert wanted.height == found.height
    same = ["hypothesis", "n", "n_clusters", "scaled_bps", "scaled_se_bps", "effect_bps", "se_bps"]
    assert confirmed.select(same).equals(wanted.select(same))


def test_p_is_one_sided_in_the_direction_of_the_finding(markets, eras, findings):
    _, effects = look(markets, eras, CONFIRMATION)
    found = choose_findings(findings)
    confirmed = confirm(found, effects, CONFIG)
    ratio = (confirmed["scaled_bps"] / confirmed["scaled_se_bps"]).to_numpy()
    directions = np.sign(found["scaled_bps"].to_numpy())
    assert set(directions) == {-1.0, 1.0}
    np.testing.assert_allclose(
        confirmed["p"], t.sf(directions * ratio, confirmed["n_clusters"].to_numpy() - 1)
    )
    against = confirm(found.with_columns(-pl.col("scaled_bps")), effects, CONFIG)
    np.testing.assert_allclose(against["p"], 1 - confirmed["p"])


def test_what_else_was_found_and_the_order_change_nothing(markets, eras, findings):
    _, effects = look(markets, eras, CONFIRMATION)
    found = choose_findings(findings)
    whole = confirm(found, effects, CONFIG)
    assert confirm(found[::-1], effects[::-1], CONFIG).equals(whole)
    for row in range(0, found.height, 3):
        assert confirm(found[row : row + 1], effects, CONFIG).equals(whole[row : row + 1])


def test_without_findings_there_is_nothing_to_confirm(markets, eras, findings):
    assert choose_findings(FINDINGS.empty()).is_empty()
    _, effects = look(markets, eras, CONFIRMATION)
    for given in ([], effects):
        assert confirm(findings.clear(), given, CONFIG).equals(CONFIRMED.empty())


def test_a_finding_that_never_came_again_has_no_p(markets, eras, findings, recwarn):
    silent = [(events.filter(pl.col("event") != "crash"), frame) for events, frame in markets]
    _, effects = look(silent, eras, CONFIRMATION)
    confirmed = confirm(choose_findings(findings), effects, CONFIG)
    gone = confirmed.filter(pl.col("hypothesis").str.contains("crash"))
    assert gone.height > 0
    assert set(gone["n"]) == {0}
    assert gone["p"].is_nan().all()
    assert confirmed.filter(pl.col("n") > 1)["p"].is_finite().all()
    nothing = confirm(choose_findings(findings), [], CONFIG)
    assert nothing["p"].is_nan().all()
    assert not recwarn.list


def test_an_event_at_every_bar_since_has_no_p(markets, eras, findings):
    everywhere = []
    for name, (_, frame) in zip(NAMES, markets, strict=True):
        n = frame.height
        rows = {"crash": np.arange(n), "surge": np.arange(n)}
        sides = {event: np.ones(n) for event in rows}
        everywhere.append((market.events(frame, rows, name, sides_of=sides), frame))
    _, effects = look(everywhere, eras, CONFIRMATION)
    confirmed = confirm(choose_findings(findings), effects, CONFIG)
    assert confirmed["n"].min() > 0
    assert confirmed["p"].is_nan().all()
