import time

import pytest

from perf.harness import BASELINES, Bench, Measured, judge, measure, read_baselines


def measured(ratio: float) -> Measured:
    return Measured("x", "peer", ratio, 1.0, ratio)


@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [(1.0, "PASS"), (1.4, "PASS"), (1.5, "WARN"), (2.0, "WARN"), (2.1, "FAIL")],
)
def test_a_ratio_passes_warns_or_fails_by_its_baseline(ratio: float, verdict: str) -> None:
    assert judge(measured(ratio), {"x": {"warn_above": 1.4, "fail_above": 2.0}}) == verdict


def test_a_benchmark_without_a_baseline_is_new() -> None:
    assert judge(measured(9.0), {}) == "NEW"


def test_the_ratio_is_ours_over_theirs() -> None:
    slow = Bench("slow", "half", lambda: time.sleep(0.1), lambda: time.sleep(0.05), n_rounds=3)
    found = measure(slow)
    assert 1.2 < found.ratio < 3.3
    assert found.ours_seconds > found.peer_seconds


def test_both_sides_are_warmed_up_once_before_they_count() -> None:
    calls = []
    measure(Bench("b", "p", lambda: calls.append("ours"), lambda: calls.append("theirs"), 2))
    assert calls == ["ours", "theirs"] * 3


def test_every_baseline_warns_before_it_fails() -> None:
    assert BASELINES.exists()
    for name, allowed in read_baselines().items():
        assert 0 < allowed["warn_above"] < allowed["fail_above"], name
