"""The main job on bars fetched from a replayed venue on loopback."""

from pathlib import Path

import pytest

from tests.flows.conftest import Command
from tests.ingest.desk import BARS, NOW
from tests.ingest.replay import Refusal, Replay

pytestmark = pytest.mark.slow


def asked(replay: Replay, lake: Path) -> list[str]:
    return [
        *("--source", "binance", "--symbols", "BTCUSDT", "--binance.venue", "spot"),
        *("--binance.archive_url", replay.url, "--binance.rest_url", replay.url),
        *("--start", "2022-07-20", "--end", "2022-08-04", "--json", "--lake", str(lake)),
        *("--events.families", "volatility", "--outcomes.horizons", "1h"),
    ]


def test_fetched_bars_run_to_the_end_and_are_not_asked_for_again(
    discover: Command, tmp_path: Path
) -> None:
    with Replay(BARS, NOW) as replay:
        first = discover(*asked(replay, tmp_path / "lake"), NO_PROXY="127.0.0.1")
        n_asked = replay.count("")
        second = discover(*asked(replay, tmp_path / "lake"), NO_PROXY="127.0.0.1")
        assert first.code == 0, first.err
        assert first.summary["n_bars"] == 16 * 288
        assert second.summary["cache"]["computed"] == 0
        assert n_asked > 0
        assert replay.count("") == n_asked


def test_a_blocked_region_is_said_plainly(discover: Command, tmp_path: Path) -> None:
    with Replay(BARS, NOW) as replay:
        replay.when("", *[Refusal(451)] * 50)
        finished = discover(*asked(replay, tmp_path / "lake"), NO_PROXY="127.0.0.1")
    assert finished.code == 2
    assert "451" in finished.err or "region" in finished.err
    assert "Traceback" not in finished.err


def test_no_network_is_said_at_once(discover: Command, tmp_path: Path) -> None:
    with Replay(BARS, NOW) as replay:
        arguments = asked(replay, tmp_path / "lake")
    finished = discover(*arguments, NO_PROXY="127.0.0.1")
    assert finished.code == 2
    assert "--source" in finished.err
