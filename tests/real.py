"""Where the real market data lie, for the tests that want them."""

from pathlib import Path

import pytest

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

needs_real_data = pytest.mark.skipif(
    not REAL_DATA.is_dir(), reason="the real market data (../shared/data) are not on this machine"
)
