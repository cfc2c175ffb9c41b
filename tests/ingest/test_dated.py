from datetime import UTC, datetime

import pytest

from lake.errors import InputError
from tasks.ingest.dated import read_calendar, read_fees


def ms(*when):
    return int(datetime(*when, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
def write(tmp_path):
    def file(text):
        path = tmp_path / "dated.csv"
        path.write_text(text)
        return str(path)

    return file


def test_fees_are_in_force_from_their_time_on_oldest_first(write):
    path = write("time,fee_bps\n2023-05-01T12:00:00+02:00,5\n2020-01-01, 4.0\n")
    assert read_fees(path) == [(ms(2020, 1, 1), 4.0), (ms(2023, 5, 1, 10), 5.0)]


def test_releases_are_their_times_each_once(write):
    path = write("time,name\n2024-03-20 18:00,FOMC\n2024-01-31T19:00Z,FOMC\n2024-03-20T18:00Z,x\n")
    assert read_calendar(path) == [ms(2024, 1, 31, 19), ms(2024, 3, 20, 18)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no row"),
        ("time,fee_bps\n", "holds no row"),
        ("when,fee_bps\n2020-01-01,4\n", "line 2"),
        ("time,fee_bps\n2020-13-01,4\n", "line 2"),
        ("time,fee_bps\n2020-01-01,four\n", "line 2"),
        ("time,fee_bps\n2020-01-01,nan\n", "no fee"),
        ("time,fee_bps\n2020-01-01,1e9\n", "no fee"),
        ("time,fee_bps\n2020-01-01\n", "line 2"),
        ("time,fee_bps\n2020-01-01,4\n2020-01-01,5\n", "twice"),
    ],
)
def test_a_bad_schedule_is_refused_with_its_line(write, text, said):
    with pytest.raises(InputError, match=said):
        read_fees(write(text))


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_calendar(str(tmp_path / "none.csv"))
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        read_calendar(str(tmp_path / "bytes.csv"))
