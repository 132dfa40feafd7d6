"""What a message says by itself, without a model: the web process looks at what the bot does not read."""

import time

import pytest

from worker.answering.triage import pattern_matches
from worker.states import HandoffReason, Priority


@pytest.mark.parametrize(
    ("text", "category", "reason", "priority"),
    [
        ("Can I talk to a human?", "asked_for_person", HandoffReason.ASKED_FOR_HUMAN, Priority.NORMAL),
        ("I will kill myself", "self_harm", HandoffReason.RULE, Priority.URGENT),
        ("I want a human, the charger caught fire!", "safety", HandoffReason.RULE, Priority.URGENT),
    ],
)
def test_the_most_urgent_category_counts(text, category, reason, priority):
    alarm = pattern_matches.alarm(text)
    assert (alarm["category"], alarm["reason"], alarm["priority"]) == (category, reason, priority)
    assert all(quote in text for quote in alarm["reasons"])


@pytest.mark.parametrize("text", ["How can I pay?", "I don't need a human", "Which fire extinguisher do you sell?"])
def test_harmless_messages_raise_no_alarm(text):
    assert pattern_matches.alarm(text) is None


@pytest.mark.parametrize(
    "text",
    ["a " * 10_000, "if my lawyer will sue you " + "i " * 9_900, "if i my lawyer " * 1_300, "talk my chat " * 1_500],
)
def test_a_text_that_is_made_to_cost_time_costs_little(text):
    began = time.process_time()
    pattern_matches.matched(text)
    assert time.process_time() - began < 2.0


@pytest.mark.parametrize("before", ["word " * 99, "word " * 500, "w" * 1_000 + " ", "so " * 165])
def test_a_report_late_in_a_text_without_sentences_counts(before):
    found, _ = pattern_matches.matched(f"{before}my lawyer will write to you")
    assert {category: set(quotes) for category, quotes in found.items()} == {"legal": {"my lawyer"}}


def test_an_alarm_is_looked_for_at_the_beginning_of_a_long_message():
    assert pattern_matches.alarm("A word. " * 200 + "I will kill myself.") is not None
    assert pattern_matches.alarm("A word. " * 300 + "I will kill myself.") is None
