"""What must go to a person goes; what merely sounds like it is answered."""

from pathlib import Path

import pytest

from worker.answering.triage import escalation
from worker.answering.triage.recogniser import COMPLAINT, Recognition
from worker.conversations.sessions import Turn
from worker.states import Priority

LABELLED = [
    line.split("\t")
    for line in (Path(__file__).parents[3] / "data" / "desk" / "escalation.tsv").read_text().splitlines()
    if line.strip()
]


@pytest.mark.parametrize(("label", "text"), LABELLED, ids=[text[:40] for _label, text in LABELLED])
def test_each_message_gets_its_category_or_none(label, text, recogniser):
    alarm = escalation.assess(text, recognise=recogniser.recognise)
    assert (alarm.category if alarm else "none") == label


def test_the_most_urgent_category_counts():
    alarm = escalation.assess("Call me back, the battery is swollen and I am taking legal action!")
    assert (alarm.category, alarm.priority) == ("safety", "urgent")
    assert alarm.reasons == ("battery is swollen",)


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


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("none", "I don't recognise a card payment, where can I see which order it belongs to?"),
        ("none", "I don't recognise the tab for card payments in the app"),
        ("none", "Can I speak to someone on Saturday?"),
        ("none", "my lawyer needs an invoice"),
        ("none", "is the battery safe?"),
        ("none", "this is killing me lol"),
        ("asked_for_person", "أريد التحدث إلى موظف خدمة العملاء"),
        ("asked_for_person", "Bir müşteri temsilcisiyle konuşmak istiyorum"),
        ("asked_for_person", "Соедините меня, пожалуйста, с живым оператором"),
        ("asked_for_person", "请帮我转人工客服"),
        ("asked_for_person", "オペレーターにつないでください"),
        ("asked_for_person", "상담원과 연결해 주세요"),
        ("asked_for_person", "Chcę rozmawiać z żywym człowiekiem"),
        ("asked_for_person", "Quero falar com um atendente humano"),
        ("asked_for_person", "Vorrei parlare con un operatore umano"),
        ("asked_for_person", "Ik wil met een echte medewerker praten"),
    ],
)
def test_known_false_alarms_are_quiet_and_other_languages_are_heard(label, text, recogniser):
    alarm = escalation.assess(text, recognise=recogniser.recognise)
    assert (alarm.category if alarm else "none") == label


def test_an_accidental_match_of_a_pattern_does_not_count_where_harmless_examples_are_nearer():
    said = "The ombudsman needs an invoice"
    assert escalation.assess(said, recognise=lambda _text: Recognition(contrasts={"legal": -0.1})) is not None
    assert escalation.assess(said, recognise=lambda _text: Recognition(contrasts={"legal": -0.9})) is None
    hurt = Recognition(contrasts={"self_harm": -0.9})
    assert escalation.assess("I want to kill myself", recognise=lambda _text: hurt).category == "self_harm"


def test_what_patterns_see_denied_is_not_recognised_by_examples_either():
    near = Recognition(contrasts={"legal": 0.5}, quotes={"legal": "I am not taking legal action"})
    assert escalation.assess("I am not taking legal action", recognise=lambda _text: near) is None


def test_a_desks_category_counts_by_its_priority():
    own = Recognition(quotes={"fleet": "40 vans", "anger": "livid"}, priorities={"fleet": Priority.URGENT})
    alarm = escalation.assess("40 vans, and I am livid", recognise=lambda _text: own)
    assert (alarm.category, alarm.priority, alarm.reasons) == ("desk:fleet", "urgent", ("40 vans",))
    assert escalation.why(alarm) == "The message belongs to the desk's category “fleet”."
    assert escalation.why(escalation.Alarm(category="rule:vip", priority=Priority.HIGH, reasons=())) == (
        "The rule “vip” says that a human answers."
    )


def test_a_complaint_that_examples_tell_needs_failed_answers_before_it():
    complaint = Recognition(quotes={COMPLAINT: "Tut es nach wie vor nicht"})
    before = said("Die App stürzt ab", "Neu starten.", "That did not help", "Update.")
    assert (
        escalation.assess("Tut es nach wie vor nicht", before, lambda _text: complaint).category == "repeated_failure"
    )
    assert escalation.assess("Tut es nach wie vor nicht", (), lambda _text: complaint) is None


def test_a_request_for_a_human_is_heard_at_the_end_of_another_sentence(recogniser):
    found = escalation.assess("Somebody must help me with order 77, I want a human!", (), recogniser.recognise)
    assert found is not None
    assert found.category == "asked_for_person"
