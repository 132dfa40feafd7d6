"""Answers of helpdesks are read by what their API documents; anything else is their fault and not a bug."""

import pytest

from worker.helpdesks.answers import field, number, optional_list, optional_record, record, records
from worker.helpdesks.protocol import HelpdeskRefused, UnreadableAnswer

ANSWER = {"ticket": {"id": 7, "tags": ["vip"], "author": None}, "comments": [{"id": 1}]}


def test_what_is_there_is_returned():
    assert field(ANSWER, "comments", 0, "id") == 1
    assert record(ANSWER, "ticket")["id"] == 7
    assert records(ANSWER, "comments") == [{"id": 1}]
    assert optional_list(ANSWER["ticket"], "tags") == ["vip"]
    assert optional_record(ANSWER["ticket"], "author") == {}


@pytest.mark.parametrize(
    "read",
    [
        lambda: field(ANSWER, "ticket", "status"),
        lambda: field(ANSWER, "comments", 1),
        lambda: field(None, "ticket"),
        lambda: field("text", "ticket"),
        lambda: record(ANSWER, "comments"),
        lambda: records(ANSWER, "ticket"),
        lambda: records({"comments": ["text"]}, "comments"),
        lambda: optional_record(ANSWER["ticket"], "tags"),
        lambda: optional_list(ANSWER, "ticket"),
    ],
)
def test_what_is_missing_or_of_another_type_is_an_unreadable_answer(read):
    with pytest.raises(UnreadableAnswer):
        read()


def test_an_id_that_the_api_takes_as_a_number_is_one():
    assert number("group", "12") == 12
    for wrong in ("Bob", "", "1.5", "-1", "²"):
        with pytest.raises(HelpdeskRefused) as refused:
            number("group", wrong)
        assert refused.value.status == 422, "no other attempt would help"
