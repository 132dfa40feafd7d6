"""What must go to a person goes; what merely sounds like it is answered."""

import re
from pathlib import Path

import pytest

from tests.support.fakes import hit
from worker.answering import escalation
from worker.answering.escalation_patterns import ASKS_FOR_HUMAN, FAILED_BEFORE, HARMLESS, REPORTS
from worker.answering.question import Question
from worker.conversations.sessions import Turn

LABELLED = [
    line.split("\t")
    for line in (Path(__file__).parents[2] / "data" / "desk" / "escalation.tsv").read_text().splitlines()
    if line.strip()
]


@pytest.mark.parametrize(("label", "text"), LABELLED, ids=[text[:40] for _label, text in LABELLED])
def test_each_message_gets_its_category_or_none(label, text):
    alarm = escalation.assess(text)
    assert (alarm.category if alarm else "none") == label


def test_the_most_urgent_category_counts():
    alarm = escalation.assess("Get me an agent, the charger caught fire and I will sue you!")
    assert (alarm.category, alarm.priority) == ("safety", "urgent")
    assert alarm.reasons == ("caught fire",)


def said(*lines):
    roles = ("customer", "assistant")
    return [Turn(seq=n, role=roles[n % 2], content=line) for n, line in enumerate(lines)]


def test_repeated_failure_needs_answers_that_failed_before():
    before = said("The app crashes", "Restart it.", "That did not help", "Update it.")
    assert escalation.assess("It still does not work", before).category == "repeated_failure"
    assert escalation.assess("It still does not work", before[:2]) is None
    assert escalation.assess("It still does not work") is None
    assert escalation.assess("Thanks! And how do I pay?", before) is None
    assert escalation.assess("My new invoice software is not helpful, whom do I ask about taxes?", before) is None


def test_the_summary_tells_why_what_was_asked_what_was_tried_and_what_was_found():
    question = Question(
        workspace_id="w",
        content="Where is\nmy parcel?",
        subject="Order 7",
        turns=said("Hello", "Hi, how can I help?"),
    )
    told = escalation.summary(question, "No answer.", [hit("x", title="Track your parcel")], tried=("order look-up",))
    assert told == (
        "No answer. The customer wrote: “Where is my parcel?” Subject: Order 7. "
        "Earlier messages in this conversation: 1. Last answer: “Hi, how can I help?” "
        "Tried: order look-up. Closest articles: Track your parcel."
    )


def all_patterns():
    groups = [ASKS_FOR_HUMAN, FAILED_BEFORE, *REPORTS.values(), *HARMLESS.values()]
    return [pattern for group in groups for pattern in group]


@pytest.mark.parametrize("pattern", all_patterns(), ids=lambda pattern: pattern.example)
def test_every_pattern_matches_its_own_example(pattern):
    assert re.search(pattern.regex, pattern.example, re.I)


@pytest.mark.parametrize(
    ("category", "example"),
    [(category, pattern.example) for category, patterns in REPORTS.items() for pattern in patterns],
)
def test_the_example_of_a_report_raises_its_category(category, example):
    assert escalation.assess(example).category == category
