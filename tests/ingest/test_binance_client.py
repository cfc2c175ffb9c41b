"""The client alone: patience, limits, redirects."""

from __future__ import annotations

from datetime import timedelta
from email.utils import formatdate

import pytest

from lake.errors import SourceError
from tasks.ingest import binance_client
from tasks.ingest.binance_client import Budget, Client, checked_url, host_of
from tasks.ingest.config import BinanceConfig
from tests.ingest.desk import NOW
from tests.ingest.replay import Cut, FakeTime, Refusal

ARCHIVE = "data/spot/daily/klines/BTCUSDT/5m/BTCUSDT-5m-2022-08-01.zip"
PAGE = "/api/v3/klines?symbol=BTCUSDT&interval=5m&startTime=1659312000000&limit=3"


@pytest.fixture
def time():
    return FakeTime(NOW)


@pytest.fixture
def client(venue, time):
    config = BinanceConfig(venue="spot", archive_url=venue.url, rest_url=venue.url, n_tries=4)
    with Client(config, clock=time.clock, sleep=time.sleep, jitter=lambda: 1.0) as client:
        yield client


def page(client: Client) -> bytes:
    return client.interface(PAGE, 2, 0)


def test_too_many_requests_wait_as_long_as_is_asked(client, venue, time):
    venue.when("/api/v3", Refusal(429, {"Retry-After": "17"}), Refusal(429, {"Retry-After": "3"}))
    assert page(client).startswith(b"[[1659312000000")
    assert time.slept == [17.0, 3.0]


def test_a_wait_may_be_asked_for_by_date(client, venue, time):
    until = formatdate((NOW + timedelta(seconds=40)).timestamp(), usegmt=True)
    venue.when("/api/v3", Refusal(429, {"Retry-After": until}))
    page(client)
    assert time.slept == [40.0]


def test_too_many_requests_without_a_wait_back_off_by_doubling(client, venue, time):
    venue.when("/api/v3", Refusal(429), Refusal(429), Refusal(429))
    page(client)
    assert time.slept == [1.0, 2.0, 4.0]


def test_half_of_the_back_off_is_left_to_chance(venue, time):
    config = BinanceConfig(venue="spot", archive_url=venue.url, n_tries=2)
    venue.when("2022-08-01", Refusal(500))
    with Client(config, clock=time.clock, sleep=time.sleep, jitter=lambda: 0.0) as client:
        client.archive(ARCHIVE)
    assert time.slept == [0.5]


@pytest.mark.parametrize(("headers", "wait"), [({}, 120.0), ({"Retry-After": "200"}, 200.0)])
def test_a_ban_is_waited_out(client, venue, time, headers, wait):
    venue.when("/api/v3", Refusal(418, headers))
    page(client)
    assert time.slept == [wait]


def test_a_long_ban_says_when_to_come_back(client, venue, time):
    venue.when("/api/v3", Refusal(418, {"Retry-After": "7200"}))
    with pytest.raises(SourceError) as error:
        page(client)
    assert "come back after 2022-08-05 12:02:30 UTC" in error.value.do
    assert time.slept == []


@pytest.mark.parametrize("text", ["9" * 500, "-5", "soon", "1e9"])
def test_an_absurd_wait_is_not_believed(client, venue, time, text):
    venue.when("/api/v3", Refusal(503, {"Retry-After": text}))
    page(client)
    assert time.slept in ([600.0], [1.0])
    venue.when("/api/v3", Refusal(429, {"Retry-After": "9" * 500}))
    with pytest.raises(SourceError, match="too many requests"):
        page(client)


def test_patience_ends_after_the_last_try(client, venue, time):
    venue.when("2022-08-01", *[Refusal(503)] * 4)
    with pytest.raises(SourceError, match=r"answered 503 to /data/.*, 4 times running"):
        client.archive(ARCHIVE)
    assert len(time.slept) == 3
    assert venue.count("2022-08-01") == 4


def test_cut_connections_end_in_an_error_after_the_last_try(client, venue):
    venue.when("2022-08-01", *[Cut()] * 4)
    with pytest.raises(SourceError, match=r"could not reach 127\.0\.0\.1"):
        client.archive(ARCHIVE)
    assert venue.count("2022-08-01") == 4


def test_a_refusal_says_what_the_venue_says(client, venue):
    venue.when("/api/v3", Refusal(400, {}, b'{"code":-1120,"msg":"Invalid interval."}'))
    with pytest.raises(SourceError, match=r"answered 400 .*: Invalid interval\."):
        page(client)


@pytest.mark.parametrize("body", [b"", b"\xff\x00", b"[]", b'{"msg": 5}', b"<html>"])
def test_a_refusal_may_say_nothing_readable(client, venue, body):
    venue.when("/api/v3", Refusal(403, {}, body))
    with pytest.raises(SourceError, match="answered 403"):
        page(client)


def test_an_archive_that_is_not_there_is_none(client):
    assert client.archive(ARCHIVE.replace("08-01", "09-01")) is None


def test_an_interface_that_is_not_there_is_an_error(client):
    with pytest.raises(SourceError, match="knows no /api/v9"):
        client.interface("/api/v9/klines", 1, 0)


def test_a_redirect_on_the_same_host_is_followed(client, venue):
    venue.when("2022-08-01", Refusal(302, {"Location": f"/{ARCHIVE.replace('08-01', '08-02')}"}))
    assert client.archive(ARCHIVE) == client.archive(ARCHIVE.replace("08-01", "08-02"))


def test_a_redirect_to_another_host_is_not_followed(client, venue):
    venue.when("2022-08-01", Refusal(302, {"Location": "http://localhost:1/elsewhere"}))
    with pytest.raises(SourceError, match="on to localhost:1"):
        client.archive(ARCHIVE)


def test_redirects_in_a_circle_end(client, venue):
    venue.when("2022-08-01", *[Refusal(302, {"Location": f"/{ARCHIVE}"})] * 9)
    with pytest.raises(SourceError, match="sends"):
        client.archive(ARCHIVE)


def test_an_endless_answer_is_cut_off(client, monkeypatch):
    monkeypatch.setattr(binance_client, "MAX_BODY_BYTES", 1000)
    with pytest.raises(SourceError, match="more than 1,000 bytes"):
        client.archive(ARCHIVE)


def test_requests_wait_for_the_next_minute_when_the_venue_says_that_enough_is_used(
    client, venue, time
):
    venue.used_weight = 2999  # of 6000 a minute, of which half may be used
    page(client)
    assert time.slept == []
    venue.used_weight = 2
    page(client)
    assert time.slept == [30.0]
    page(client)
    assert time.slept == [30.0]


def test_a_budget_counts_by_itself_where_the_venue_does_not(time):
    budget = Budget(10.0, time.clock, time.sleep)
    for _ in range(4):
        budget.spend(5)
    assert time.slept == [30.0]
    budget.spend(5)
    assert time.slept == [30.0, 60.0]


def test_a_request_dearer_than_the_budget_still_goes_out_alone(time):
    budget = Budget(1.0, time.clock, time.sleep)
    budget.spend(10)
    assert time.slept == []


@pytest.mark.parametrize("text", [None, "", "many", "-3", "9" * 5000])
def test_a_count_that_is_none_is_not_believed(time, text):
    budget = Budget(10.0, time.clock, time.sleep)
    budget.spend(6)
    budget.learn(text)
    budget.spend(6)
    assert time.slept == [30.0]


def test_a_url_is_used_without_its_closing_slash():
    assert checked_url("rest_url", "https://x.example/") == "https://x.example"
    assert host_of("https://me:secret@x.example:8443/path") == "x.example:8443"
