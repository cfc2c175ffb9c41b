import numpy as np
import pytest

from tasks.audit.config import AuditConfig
from tasks.audit.places import cuts_of
from tasks.audit.subjects import event_subject, features_subject
from tasks.audit.sweep import audit
from tasks.audit.tally import excused
from tasks.events.config import EventsConfig
from tasks.events.proving import proving_ground
from tasks.events.registry import Analyzer
from tasks.features.config import FeaturesConfig
from tests.audit import cheats

CONFIG = AuditConfig(n_cuts=24)
SEERS = [
    cheats.centred_window,
    cheats.full_sample_quantile,
    cheats.backward_fill,
    cheats.pivot_at_its_extreme,
    cheats.hour_joined_at_its_open,
]


def audited(analyzer: Analyzer, bars=None, config=CONFIG):
    bars = proving_ground(3000) if bars is None else bars
    subject = event_subject(analyzer, bars.timeframe, EventsConfig())
    return audit(subject, bars, "ABCUSDT-15m", config).row(0, named=True)


@pytest.mark.parametrize("analyzer", SEERS, ids=lambda a: a.name)
def test_a_cheat_is_caught_with_the_first_bar_that_gives_it_away(analyzer):
    row = audited(analyzer)
    assert row["n_rewritten"] > 0
    assert row["first_time"] is not None
    assert row["how"] in {"cut", "replaced", "missing", "spiked", "times ten", "a tenth"}


def test_an_honest_event_is_not_accused():
    row = audited(cheats.honest_move)
    assert (row["n_rewritten"], row["first_time"], row["how"]) == (0, None, "")
    assert row["n_cuts"] >= 20
    assert row["n_readings"] > 1000


def test_a_lookback_that_is_too_short_is_told_from_foresight():
    assert audited(cheats.too_short_a_lookback)["how"] == "restarted"


def test_few_aimed_cuts_find_what_random_cuts_miss():
    # A peek at the next bar that matters on few bars only.
    row = audited(cheats.hour_joined_at_its_open, config=AuditConfig(n_cuts=4))
    assert row["n_rewritten"] > 0


def test_features_are_audited_each_under_its_name():
    bars = proving_ground(9000, "1h")
    table = audit(
        features_subject("1h", FeaturesConfig()), bars, "ABCUSDT-1h", AuditConfig(n_cuts=6)
    )
    assert table.height == 12
    assert table["n_rewritten"].sum() == 0
    assert (table["n_readings"] > 0).all()


def test_the_audit_is_the_same_each_time():
    assert audited(cheats.centred_window) == audited(cheats.centred_window)


def test_a_market_of_no_or_one_bar_is_audited_without_a_crash():
    for n in (0, 1, 2):
        assert audited(cheats.honest_move, proving_ground(100).part(0, n))["n_rewritten"] == 0


def test_what_could_not_run_is_listed_with_its_reason():
    row = excused("ABCUSDT-15m", "event", "oi_flush", "not runnable: needs open interest")
    assert row.row(0, named=True)["reason"] == "not runnable: needs open interest"


def test_half_of_the_cuts_stand_where_the_reading_flips():
    bars = proving_ground(3000)
    reading = np.zeros(3000)
    reading[[500, 1200, 1201, 2000]] = 1.0
    cuts = cuts_of(reading, bars, 40, np.random.default_rng(0))
    near = {c for t in (500, 501, 1200, 1202, 2000, 2001) for c in (t, t + 1)}
    assert len(near.intersection(cuts.tolist())) >= 5
    assert (np.diff(cuts) > 0).all()
    assert cuts[0] == 1
