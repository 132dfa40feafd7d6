"""The markers that a model writes instead of an answer."""

import pytest

from worker.answering import prompts
from worker.answering.drafting.response_markers import draft_of, is_clarification, marker_of
from worker.conversations.outcomes import Usage


def read(text):
    return draft_of(text, "m", Usage())


@pytest.mark.parametrize("text", [prompts.NO_ANSWER, f"**{prompts.NO_ANSWER}**", f"`{prompts.NO_ANSWER}`.\n"])
def test_a_marker_alone_is_no_answer_however_it_is_dressed(text):
    assert marker_of(text) == prompts.NO_ANSWER
    assert read(text).text is None
    assert not read(text).wants_human


def test_a_marker_inside_an_answer_is_text():
    text = f"Write {prompts.NO_ANSWER} on the form [1]."
    assert marker_of(text) == ""
    assert read(text).text == text


def test_a_request_for_a_human_and_a_topic_with_its_number_are_told():
    assert read(prompts.PERSON).wants_human
    assert read(f"{prompts.AVOIDED_TOPIC} 2").avoided_topic == 2
    assert read(prompts.AVOIDED_TOPIC).avoided_topic == 0


@pytest.mark.parametrize("text", ["PERSON safety", "PERSON: safety", "**PERSON** (safety).", "PERSON\nsafety"])
def test_the_reason_for_a_human_is_a_category(text):
    draft = read(text)
    assert draft.wants_human
    assert draft.category == "safety"


def test_a_sentence_about_a_person_is_text():
    assert read("PERSON safety is written on the label [1].").text is not None
    assert read("PERSON because of boredom").text is not None


def test_a_question_back_is_known_while_it_is_written():
    assert is_clarification(f"**{prompts.CLARIFY}")
    draft = read(f"{prompts.CLARIFY}: Which one?\n- The red one [1]\n- The blue one [2]")
    assert draft.clarification is not None
    assert draft.text is None
