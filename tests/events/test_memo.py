import threading

import numpy as np
import pytest

from tasks.events.memo import Memo
from tests.events.market import simulated


def test_the_same_is_made_once():
    made = []
    memo = Memo()
    for _ in range(3):
        assert memo.once(("a", 1), lambda: made.append(1) or np.ones(2)).sum() == 2
    assert made == [1]


def test_what_was_not_asked_for_longest_goes_first():
    memo, made = Memo(capacity=2), []
    for key in ("a", "b", "a", "c", "a", "b"):
        memo.once((key,), lambda k=key: made.append(k))
    assert made == ["a", "b", "c", "b"]


def test_kept_arrays_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        Memo().once(("a",), lambda: np.ones(2))[0] = 3.0


def test_other_bars_do_not_share_a_memo():
    bars = simulated(50)
    bars.once(("x",), lambda: 1)
    assert bars.part(0, 20).once(("x",), lambda: 2) == 2
    assert bars.rescaled(4.0).once(("x",), lambda: 3) == 3


def test_threads_may_ask_at_once():
    memo, found = Memo(capacity=4), []

    def ask():
        found.extend(memo.once((k % 7,), lambda k=k: k % 7) == k % 7 for k in range(500))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4000
    assert all(found)
