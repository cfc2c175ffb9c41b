"""Archives that come broken, cut, or with a checksum that does not fit."""

from __future__ import annotations

import pytest

from lake.errors import SourceError
from tasks.ingest.binance import load
from tests.ingest.desk import distinct, real, same_bytes
from tests.ingest.replay import Cut, Refusal, truncated, whole_body, wrong_checksum


def test_a_kept_blob_that_has_changed_is_brought_again(desk, venue, tmp_path):
    fetched = desk.fetch()
    (tmp_path / "lake" / "blobs" / fetched["content"][0]).write_bytes(b"rot")
    assert same_bytes(desk.fetch(), fetched)
    assert distinct(load(desk.lake, desk.survey(), (), fetched)).equals(real())


def test_a_wrong_checksum_is_asked_again_and_then_believed(desk, venue):
    venue.when("2022-07.zip.CHECKSUM", wrong_checksum)
    assert desk.fetch()["checksum_holds"].to_list() == [True] * 4 + [None]
    assert venue.count("2022-07.zip") == 4


def test_a_zip_that_is_whole_is_kept_although_its_checksum_never_fits(desk, venue, caplog):
    venue.when("2022-07.zip.CHECKSUM", wrong_checksum, wrong_checksum)
    fetched = desk.fetch()
    assert fetched["checksum_holds"].to_list() == [False] + [True] * 3 + [None]
    assert fetched["checksum"][0] != fetched["content"][0]
    assert "kept, although its checksum differs" in caplog.text
    assert distinct(load(desk.lake, desk.survey(), (), fetched)).equals(real())


def test_a_missing_checksum_is_said_to_be_missing(desk, venue):
    venue.when("2022-07.zip.CHECKSUM", Refusal(404))
    assert desk.fetch().row(0, named=True)["checksum_holds"] is None


def test_a_truncated_zip_is_brought_again(desk, venue):
    venue.when("2022-08-01.zip", truncated)
    assert distinct(desk.bars()).equals(real())


def test_a_zip_that_stays_truncated_is_an_error(desk, venue):
    venue.when("2022-08-01.zip", truncated, whole_body, truncated)
    with pytest.raises(SourceError, match=r"2022-08-01.zip is no whole zip"):
        desk.fetch()


def test_an_archive_of_another_month_is_refused(desk, venue):
    other = venue._archive("/data/spot/daily/klines/BTCUSDT/5m/BTCUSDT-5m-2022-08-02.zip").body
    venue.when("2022-08-01.zip", *[lambda body: other, whole_body] * 2)
    with pytest.raises(SourceError, match="holds bars from 2022-08-02"):
        desk.fetch()


def test_a_cut_connection_is_tried_again(desk, venue):
    venue.when("2022-07.zip", Cut(), Cut())
    venue.when("/api/v3", Cut())
    assert distinct(desk.bars()).equals(real())
    assert len(desk.time.slept) == 3


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_failing_server_is_tried_again(desk, venue, status):
    venue.when("2022-08-02.zip", Refusal(status), Refusal(status))
    venue.when("/api/v3", Refusal(status))
    assert distinct(desk.bars()).equals(real())
