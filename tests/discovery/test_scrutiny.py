import math
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from lake.ref import EVERY_MARKET
from lake.schema import ERAS, EVENTS, FEATURES, FINDINGS, OUTCOMES, SCRUTINY, TIME
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.scrutiny import MarketOutcomes, choose_top, scrutinise

HOUR, DAY = 3_600_000, 24
START = int(datetime(2023, 1, 1, tzinfo=UTC).timestamp() * 1000)
BTC, ETH = "BTCUSDT-1h", "ETHUSDT-1h"
# No hypothesis is left early: every p has the same resolution.
PATIENT = DiscoveryConfig(n_shifts=199, max_permutation_p=1.0)
HASTY = DiscoveryConfig(n_shifts=1999, max_permutation_p=0.02)


def walk(rng, n, n_markets):
    """Returns and their volatilities, known before them: shocks feed on themselves and decay."""
    returns, sigma = np.empty((2, n, n_markets))
    level = feedback = np.zeros(n_markets)
    for t in range(n):
        level = 0.998 * level + rng.normal(0, 0.05, n_markets)
        sigma[t] = 0.003 * np.exp(level + np.minimum(feedback, 1.5))
        shock = rng.normal(0, 1, n_markets)
        returns[t] = sigma[t] * shock
        feedback = 0.9 * feedback + 0.15 * (np.abs(shock) - 0.8)
    return returns.T, sigma.T


def sum_ahead(returns, held):
    """What `held` bars after each bar make together, NaN where they have not come yet."""
    total = np.cumsum(np.append(0.0, returns))
    known = total[held + 1 :] - total[1:-held]
    return np.append(known, np.full(held, np.nan))


def frame_of(table, columns, n):
    blank = {name: pl.Series([None] * n, dtype=kind) for name, kind in table.columns.items()}
    filled = pl.DataFrame(blank | columns).cast(dict(table.columns))
    return table.conform(filled.select(list(table.columns)))


def lay(rows_of, ahead, sigma, first=0, regime=None, held=1, sides=None):
    """MarketOutcomes on hourly bars from slot `first` on; sides are long unless given by bar."""
    n = sigma.size
    times = pl.Series(START + HOUR * (first + np.arange(n))).cast(TIME)
    regimes = pl.Series(np.zeros(n) if regime is None else regime)
    known = {"time": times, "sigma": pl.Series(sigma), "vol_regime": regimes}
    ends = times.dt.offset_by(f"{held}h")
    outcomes = {"time": times, "forward_return": pl.Series(ahead), "exit_time": ends}
    frames = [EVENTS.empty()]
    for name, rows in rows_of.items():
        rows = np.sort(np.asarray(rows))
        own = np.ones(rows.size) if sides is None else sides[rows]
        labels = {"event": name, "family": "shock", "parameters_key": "0" * 12}
        labels = {key: pl.Series([value] * rows.size) for key, value in labels.items()}
        labels |= {"time": times.gather(rows), "side": pl.Series(own)}
        frames.append(frame_of(EVENTS, labels, rows.size))
    return MarketOutcomes(
        pl.concat(frames).sort("time", "event"),
        frame_of(FEATURES, known, n),
        {f"{held}h": frame_of(OUTCOMES, outcomes, n)},
    )


def eras(n=100_000):
    """A discovery era of so many hours."""
    ends = [START, START + n * HOUR]
    row = {"era": ["discovery"], "start": pl.Series(ends[:1]), "end": pl.Series(ends[1:])}
    return frame_of(ERAS, row, 1)


def ask(*hypotheses):
    """FINDINGS of (market, event, horizon, condition)."""
    columns = ["market", "event", "horizon", "condition"]
    rows = pl.DataFrame(hypotheses, columns, orient="row")
    named = {name: rows[name] for name in columns}
    named["hypothesis"] = rows.select(pl.concat_str(columns, separator="|")).to_series()
    return frame_of(FINDINGS, named, rows.height)


def one_p(market, config, held=1, event="shock"):
    found = scrutinise(ask((BTC, event, f"{held}h", "all")), {BTC: market}, eras(), config)
    return found["p_permutation"].item()


def naive_t(held, baseline, shares):
    """Clustered t of (block, market, side, excess), after Cameron, Gelbach and Miller."""
    n = len(held)
    theta = sum(side * z for _, _, side, z in held) / n
    blocks = {g for g, *_ in held}
    square = 0.0
    for g in {g for g, _ in baseline} | blocks:
        own = sum(side * z - theta for block, _, side, z in held if block == g) / n
        drift = sum(share * baseline.get((g, m), 0.0) for m, share in shares.items())
        square += (own - drift) ** 2
    return theta / math.sqrt(len(blocks) / (len(blocks) - 1) * square)


def naive_p(markets, firsts, regime, config):
    """P of the long entries of all markets where vol_regime is `regime`, shift by shift."""
    scaled, entries, baseline = {}, [], {}
    for m, (market, first) in enumerate(zip(markets, firsts, strict=True)):
        y = market.outcomes["1h"]["forward_return"].to_list()
        z = [a / b for a, b in zip(y, market.features["sigma"].to_list(), strict=True)]
        held = [label == regime for label in market.features["vol_regime"].to_list()]
        known = {first + t: v for t, v in enumerate(z) if math.isfinite(v) and held[t]}
        mu = sum(known.values()) / len(known)
        for slot, value in known.items():
            scaled[slot, m] = value - mu
            baseline.setdefault((slot // DAY, m), 0.0)
            baseline[slot // DAY, m] += (value - mu) / len(known)
        stamps = market.features["time"].to_list()
        for time, side in market.events.select("time", "side").iter_rows():
            t = stamps.index(time)
            if market.features["vol_regime"][t] == regime:
                entries.append((first + t, m, -1 if side < 0 else 1))
    slots = [slot for slot, _ in scaled]
    start, length = min(slots), max(slots) + 1 - min(slots)

    entries = [entry for entry in entries if start <= entry[0] < start + length]
    # What the baseline's error adds is that of the entries where they are.
    there = [(m, side) for slot, m, side in entries if (slot, m) in scaled]
    shares = {m: sum(side for own, side in there if own == m) / len(there) for m in (0, 1)}

    def t_of(shift):
        moved = [((slot - start + shift) % length + start, m, d) for slot, m, d in entries]
        held = [(s // DAY, m, d, scaled[s, m]) for s, m, d in moved if (s, m) in scaled]
        return abs(naive_t(held, baseline, shares))

    draws = np.random.default_rng(config.seed).random(config.n_shifts)
    back = min(30 * DAY, length // 4)  # no entry is set back to what the event was made of
    shifts = [(DAY + int(u * (length - DAY - back + 1))) // DAY * DAY for u in draws]
    observed = t_of(0)
    return (1 + sum(t_of(shift) >= observed for shift in shifts)) / (1 + len(shifts)), len(shifts)


@pytest.mark.parametrize("seed", range(3))
def test_p_is_that_of_the_definition(seed):
    rng = np.random.default_rng(seed)
    config = DiscoveryConfig(n_shifts=99, max_permutation_p=1.0)
    markets, firsts = {}, (0, 50)
    for name, first in zip((BTC, ETH), firsts, strict=True):
        n = 600 - first
        sigma = rng.uniform(0.005, 0.02, n)
        ahead = sigma * rng.normal(0.05, 1, n)
        ahead[rng.random(n) < 0.05] = np.nan
        ahead[[0, -1]] = np.nan
        sigma[:5] = np.nan
        chosen = rng.choice(n, 60, replace=False)
        regime, sides = rng.integers(0, 2, n), rng.choice([-1, 0, 1], n)
        markets[name] = lay({"shock": chosen}, ahead, sigma, first, regime, sides=sides)
    pooled = (EVERY_MARKET, "shock", "1h", "vol_regime=1")
    found = scrutinise(ask(pooled), markets, eras(), config).row(0)
    wanted = naive_p(list(markets.values()), firsts, 1, config)
    assert found[1:3] == pytest.approx(wanted)


def simulate(seed, n_markets, n=2000, held=6, drift=0.0):
    """Markets whose event follows large moves, with what `held` bars after it make."""
    simulated = []
    for returns, sigma in zip(*walk(np.random.default_rng(seed), n, n_markets), strict=True):
        # The event looks at the size of the move against the last week's.
        usual = np.sqrt(np.convolve(returns**2, np.ones(200) / 200)[:n])
        rows = np.flatnonzero(np.abs(returns) > 2.5 * usual)
        rows = rows[(rows >= 200) & (rows < n - held)]
        ahead = sum_ahead(returns, held)
        ahead[rows] += drift * sigma[rows] * math.sqrt(held)
        simulated.append(
            (lay({"shock": rows}, ahead, np.append(sigma[1:], 1.0), held=held), rows, ahead)
        )
    return simulated


def unstudentised_p(rows, ahead, seed):
    known = ahead[np.isfinite(ahead)]
    known = known - known.mean()
    shifts = np.random.default_rng(seed).integers(DAY, known.size - DAY, 199)
    means = [known[(rows + shift) % known.size].mean() for shift in shifts]
    return (1 + np.sum(np.abs(means) >= abs(known[rows].mean()))) / 200


def test_it_holds_its_size_on_volatile_events_where_the_mean_alone_does_not():
    simulated = simulate(0, 100)
    p = np.array([one_p(market, PATIENT, held=6) for market, _, _ in simulated])
    plain = [unstudentised_p(rows, y, k) for k, (_, rows, y) in enumerate(simulated)]
    # 100 markets at a true 5 % reject in fewer than 12 with probability .996.
    assert np.sum(p <= 0.05) < 12
    assert 0.4 < p.mean() < 0.6
    assert np.mean(np.array(plain) <= 0.05) > 0.15


def test_it_finds_a_planted_drift():
    p = [one_p(market, PATIENT, held=6) for market, _, _ in simulate(1, 30, drift=1.0)]
    assert np.mean(np.array(p) <= 0.02) > 0.8


def two_markets():
    markets = {}
    for name, seed in ((BTC, 1), (ETH, 2)):
        rng = np.random.default_rng(seed)
        sigma = rng.uniform(0.005, 0.02, 2000)
        rows = {"a": rng.choice(1900, 200, replace=False), "b": rng.choice(1900, 90, replace=False)}
        ahead = sigma * rng.normal(0, 1, 2000)
        ahead[rows["b"]] += 0.3 * sigma[rows["b"]]
        markets[name] = lay(rows, ahead, sigma, 0, rng.integers(0, 3, 2000))
    return markets


ASKED = [
    (EVERY_MARKET, "a", "1h", "all"),
    (EVERY_MARKET, "b", "1h", "vol_regime=2"),
    (BTC, "a", "1h", "all"),
    (ETH, "b", "1h", "all"),
]


def test_neither_the_order_nor_the_company_of_hypotheses_and_markets_matters():
    markets = two_markets()
    wanted = scrutinise(ask(*ASKED), markets, eras(), HASTY)
    assert SCRUTINY.conform(wanted).equals(wanted.sort(SCRUTINY.order))
    turned = dict(reversed(markets.items()))
    assert scrutinise(ask(*reversed(ASKED)), turned, eras(), HASTY).equals(wanted)
    for hypothesis in ASKED:
        alone = scrutinise(ask(hypothesis), markets, eras(), HASTY)
        assert alone.equals(wanted.filter(pl.col("hypothesis") == "|".join(hypothesis)))


def test_the_same_event_on_the_other_side_has_the_same_p_and_the_opposite_median():
    rng = np.random.default_rng(3)
    sigma = np.full(2000, 0.01)
    ahead, rows = rng.normal(0, 0.01, 2000), rng.choice(2000, 150, replace=False)
    longs, shorts = np.ones(2000), -np.ones(2000)
    asked = ask((BTC, "shock", "1h", "all"))
    long, short = (
        scrutinise(asked, {BTC: lay({"shock": rows}, ahead, sigma, sides=d)}, eras(), PATIENT)
        for d in (longs, shorts)
    )
    assert long["p_permutation"].equals(short["p_permutation"])
    assert long["median_bps"].item() == pytest.approx(1e4 * np.median(ahead[rows]))
    assert short["median_bps"].item() == pytest.approx(-1e4 * np.median(ahead[rows]))


def test_the_median_is_over_the_entries_of_the_condition_in_all_markets():
    markets = two_markets()
    found = scrutinise(ask(ASKED[1]), markets, eras(), PATIENT)["median_bps"].item()
    returns = []
    for market in markets.values():
        own = market.events.filter(pl.col("event") == "b").join(market.features, on="time")
        own = own.filter(pl.col("vol_regime") == 2).join(market.outcomes["1h"], on="time")
        returns += own["forward_return"].to_list()
    assert found == pytest.approx(1e4 * np.median(returns))


def test_what_cannot_reach_the_wanted_p_is_left_early():
    found = scrutinise(ask(*ASKED), two_markets(), eras(), HASTY)
    every = scrutinise(
        ask(*ASKED), two_markets(), eras(), HASTY.model_copy(update={"max_permutation_p": 1.0})
    )
    assert set(every["n_shifts"]) == {1999}
    left = found["n_shifts"] < 1999
    assert 0 < left.sum() < len(ASKED)
    assert (every.filter(left)["p_permutation"] > 0.02).all()
    assert (found.filter(left)["p_permutation"] > 0.02).all()
    assert found.filter(~left).equals(every.filter(~left))


def test_it_cannot_be_asked_of_too_little():
    sigma, rows = np.full(60, 0.01), [1, 30, 50]
    ahead = np.random.default_rng(0).normal(0, 0.01, 60)
    nothing = lay({"shock": rows}, np.full(60, np.nan), sigma)
    infinite = lay({"shock": rows}, np.full(60, np.inf), sigma)
    flat = lay({"shock": rows}, np.zeros(60), sigma)
    for market in (nothing, infinite):
        found = scrutinise(ask((BTC, "shock", "1h", "all")), {BTC: market}, eras(), HASTY).row(0)
        assert found[1:3] == (1.0, 0)
        assert math.isnan(found[3])
    for market in (flat, lay({"shock": [9]}, ahead, sigma)):
        assert one_p(market, HASTY) == 1.0
    assert one_p(lay({"shock": []}, ahead, sigma), HASTY) == 1.0
    short = lay({"shock": [1, 30, 40]}, ahead[:47], sigma[:47])
    assert one_p(short, HASTY) == 1.0


def test_nothing_at_the_top_is_nothing_to_shift():
    assert scrutinise(ask().clear(), two_markets(), eras(), HASTY).equals(SCRUTINY.empty())


def test_findings_are_looked_at_and_the_next_best_of_the_others():
    p = [0.001, 0.2, 0.0005, 0.03, math.nan, 0.2]
    q = [0.04, 0.9, 0.01, 0.2, math.nan, 0.9]
    labels = {"hypothesis": pl.Series(list("abcdef")), "p": pl.Series(p), "q": pl.Series(q)}
    findings = frame_of(FINDINGS, labels, 6)
    top = choose_top(findings.sample(fraction=1.0, shuffle=True, seed=1), DiscoveryConfig())
    assert top["hypothesis"].to_list() == list("abcdf")
    few = DiscoveryConfig(n_scrutinised=2)
    assert choose_top(findings, few)["hypothesis"].to_list() == list("abcd")
    none = DiscoveryConfig(n_scrutinised=0)
    assert choose_top(findings, none)["hypothesis"].to_list() == list("ac")
