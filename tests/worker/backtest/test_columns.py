"""Columns are found by their names, or as they are given."""

import pytest

from worker.backtest import columns
from worker.errors import Invalid


def test_names_are_compared_as_people_write_them():
    header = ["\ufeffTicket_ID", "Betreff", "customerMessage", "Agent Reply"]
    assert columns.find(header, {}) == {
        "id": "\ufeffTicket_ID",
        "subject": "Betreff",
        "question": "customerMessage",
        "reply": "Agent Reply",
    }


def test_a_chosen_column_counts_before_those_that_are_known():
    chosen = columns.parse(["question=Notes", "answer=Body"])
    assert columns.find(["question", "Notes", "Body", "reply"], chosen) == {"question": "Notes", "reply": "Body"}


def test_without_a_question_the_subject_is_one():
    assert columns.find(["Subject", "Reply"], {})["question"] == "Subject"


@pytest.mark.parametrize("option", ["question", "colour=x", "question= "])
def test_an_option_that_names_nothing_is_refused(option):
    with pytest.raises(Invalid, match="FIELD=NAME"):
        columns.parse([option])


def test_a_missing_column_is_named_with_those_that_are_there():
    with pytest.raises(Invalid, match=r"hold the reply; there are: Question, Status\. Name it: --column reply=NAME"):
        columns.find(["Question", "Status"], {})
    with pytest.raises(Invalid, match="no column Antwort; there are: Question"):
        columns.find(["Question"], {"reply": "Antwort"})
