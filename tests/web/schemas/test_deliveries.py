"""Rates of endpoints are numbers per time, and what is replayed has ended."""

import marshmallow as ma
import pytest

from web.schemas.deliveries import DeliveryQuery, NewEndpoint, Replay

URL = "https://desk.example"


@pytest.mark.parametrize("rate", ["10/second", "1/day", "999999/hour", None])
def test_a_rate_is_a_number_per_time(rate):
    assert NewEndpoint().load({"url": URL, "rate_limit": rate})["rate_limit"] == rate


@pytest.mark.parametrize("rate", ["0/second", "fast", "10/week", "10 / second", "-1/day", "10/second\n", "1000000/day"])
def test_another_rate_is_refused_with_an_example(rate):
    with pytest.raises(ma.ValidationError, match="such as 10/second"):
        NewEndpoint().load({"url": URL, "rate_limit": rate})


def test_only_deliveries_that_have_ended_are_replayed():
    since = {"since": "2026-01-01T00:00:00Z"}
    assert Replay().load(since)["state"] == "exhausted"
    for bad in ({**since, "state": "pending"}, {}):
        with pytest.raises(ma.ValidationError):
            Replay().load(bad)


@pytest.mark.parametrize("given", [{"status": "200"}, {"state": "lost"}, {"kind": "fax"}, {"type": "message.asked"}])
def test_a_filter_that_nothing_can_match_is_refused(given):
    with pytest.raises(ma.ValidationError):
        DeliveryQuery().load(given)
