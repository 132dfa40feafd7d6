"""What a message says by itself, without a model: the web process looks at what the bot does not read."""

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
