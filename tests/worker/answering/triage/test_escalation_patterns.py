"""Every pattern of escalation matches its example, and reports raise their category."""

import re

import pytest

from worker.answering.triage import escalation
from worker.answering.triage.escalation_patterns import (
    ASKS_FOR_HUMAN,
    FAILED_BEFORE,
    HARMLESS,
    REPORTS,
    Pattern,
    compiled,
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


def test_of_several_patterns_the_first_one_counts_whatever_the_case():
    either = compiled([Pattern(r"refund now", "refund now"), Pattern(r"refund", "refund")])
    assert either.findall("REFUND NOW, a refund") == ["REFUND NOW", "refund"]
