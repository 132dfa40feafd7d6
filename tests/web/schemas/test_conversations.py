"""Schemas of tickets and messages: what a person wrote is accepted, what a program sends is checked."""

import marshmallow as ma
import pytest

from web.schemas.conversations import NewMessage, NewTicket


def test_what_nobody_writes_is_dropped_from_words_and_refused_in_ids():
    loaded = NewTicket().load({"body": "a\x00b", "requester": {"name": "\x1b[31mAda\x1b[0m"}})
    assert (loaded["body"], loaded["requester"]["name"]) == ("ab", "Ada")
    with pytest.raises(ma.ValidationError):
        NewTicket().load({"body": "x", "external_id": "a\x00b"})


def test_a_ticket_says_something_in_its_subject_or_body():
    assert NewTicket().load({"body": "", "subject": "Why?"})["subject"] == "Why?"
    with pytest.raises(ma.ValidationError, match="without a subject"):
        NewTicket().load({"body": "\x00", "subject": ""})
    with pytest.raises(ma.ValidationError):
        NewMessage().load({"content": "\x07"})
