from datetime import UTC, datetime

import pytest

from lake.errors import InputError
from lake.schema import ERAS
from tasks.discovery.eras import draw_eras, span_of
from tests.discovery import market


def test_the_span_of_all_markets_is_split_once_at_a_midnight():
    early = market.times(96 * 10, "15m").to_frame()
    late = market.times(24 * 10, "1h", start=market.START + 5 * 86_400_000).to_frame()
    eras = draw_eras([early, late], ["15m", "1h"], 0.3)
    assert ERAS.conform(eras).equals(eras)
    # 15 days from 2023-01-01, of which 10.5 make the discovery era.
    days = [datetime(2023, 1, day, tzinfo=UTC) for day in (1, 11, 16)]
    assert eras.rows() == [("discovery", days[0], days[1]), ("holdout", days[1], days[2])]
    assert span_of(eras, "holdout")[0] == int(days[1].timestamp() * 1000)


@pytest.mark.parametrize(("n", "message"), [(0, "no bars"), (100, "enough days")])
def test_bars_that_cannot_be_split_are_refused(n, message):
    with pytest.raises(InputError, match=message):
        draw_eras([market.times(n, "15m").to_frame()], ["15m"], 0.3)
