"""Rules of a desk: read strictly, and met only by what they say."""

import json

import pytest

from worker.answering.question import Question
from worker.answering.triage import rules
from worker.errors import SettingsInvalid


def question(content="Hello", email=None, subject=None):
    return Question(workspace_id="w", content=content, subject=subject, facts={"email": email} if email else {})


@pytest.fixture
def desk(tmp_path):
    path = tmp_path / "rules.json"
    path.write_text(
        json.dumps(
            [
                {"name": "vip", "emails": ["*@vip.example"], "priority": "high"},
                {"name": "chargeback", "phrases": ["charge back", "chargeback"]},
                {"name": "both", "phrases": ["invoice"], "emails": ["boss@shop.example"]},
            ]
        )
    )
    return rules.load(path)


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        (question(email="Ann@VIP.example"), "rule:vip"),
        (question("I start a Chargeback now"), "rule:chargeback"),
        (question("Hi", subject="charge back"), "rule:chargeback"),
        (question("the invoice", email="boss@shop.example"), "rule:both"),
        (question("the invoice", email="ann@shop.example"), None),
        (question("no email"), None),
        (question("supercharge backpack"), None),
    ],
)
def test_a_rule_is_met_by_all_that_it_says(desk, asked, rule):
    alarm = rules.assess(asked, desk)
    assert (alarm.category if alarm else None) == rule


def test_the_first_rule_that_is_met_counts_with_its_priority(desk):
    alarm = rules.assess(question("chargeback", email="a@vip.example"), desk)
    assert (alarm.category, alarm.priority, alarm.reasons) == ("rule:vip", "high", ("a@vip.example",))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not JSON"),
        ("{}", "a list"),
        ('[{"phrases": ["x"]}]', "`name`"),
        ('[{"name": "x"}]', "match every message"),
        ('[{"name": "x", "phrases": "y"}]', "list of texts"),
        ('[{"name": "x", "phrases": ["y"], "priority": "now"}]', "normal, high, urgent"),
        ('[{"name": "x", "phrase": ["y"]}]', "unknown fields phrase"),
    ],
)
def test_a_file_that_says_nothing_clear_is_refused(tmp_path, text, why):
    path = tmp_path / "rules.json"
    path.write_text(text)
    with pytest.raises(SettingsInvalid, match=why):
        rules.load(path)
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        rules.load(tmp_path / "none.json")
