"""The replayed venue, and a desk that asks it."""

from __future__ import annotations

import pytest

from tests.ingest.desk import BARS, NOW, Desk
from tests.ingest.replay import Replay


@pytest.fixture
def venue(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Replay(BARS, NOW) as replay:
        replay.lacking.add("2022-08-04")
        yield replay


@pytest.fixture
def desk(venue, tmp_path):
    return Desk(venue, tmp_path / "lake")
