"""What a browser sends of a voice, and the voice that it makes."""

import pytest
from werkzeug.datastructures import MultiDict

from web.console.voice_form import VoiceForm
from worker.states import AboutAssistant
from worker.voice import schema
from worker.voice.voice import DEFAULT_VOICE, Form, Topic, Voice

WHOLE = schema.load(
    {
        "name": "Mia",
        "tone": "plain",
        "max_sentences": 10,
        "languages": ["en"],
        "asks_back": True,
        "guidance": "Be brief.\nSay parcel.",
        "avoided_topics": [{"name": "law", "phrases": ["lawyer", "sue"]}, {"name": "prices"}],
        "channels": {"a.b@shop.example": {"greeting": "Hi"}, "default": {"signature": "Bye", "citations": "links"}},
        "about": {"bot": "I am one.", "privacy": "All is kept."},
    }
)


def inputs(form):
    """Return what a browser sends of a form."""
    rows = {
        f"{group}-{number}-{name}": text
        for group in ("topics", "channels")
        for number, row in enumerate(getattr(form, group))
        for name, text in row.items()
    }
    return MultiDict({**form.texts, **rows})


@pytest.mark.parametrize("voice", [DEFAULT_VOICE, WHOLE])
def test_a_voice_comes_back_from_its_form_as_it_was(voice):
    form = VoiceForm.sent(inputs(VoiceForm.of(voice)))
    assert form == VoiceForm.of(voice)
    assert form.load() == (voice, {})


def test_an_empty_request_is_the_default_voice():
    assert VoiceForm.sent(MultiDict()).load() == (DEFAULT_VOICE, {})


def test_rows_keep_their_order_whatever_their_numbers_are():
    sent = MultiDict(
        {"topics-12-name": "second", "topics-3-name": "first", "topics-x-name": "?", "topics-4-other": "?"}
    )
    assert VoiceForm.sent(sent).load()[0].avoided_topics == (Topic(name="first"), Topic(name="second"))


def test_problems_are_found_in_the_row_that_has_them_past_empty_rows():
    sent = MultiDict(
        {
            "topics-0-name": "",
            "topics-1-phrases": "lawyer",
            "channels-0-greets": "first_reply",
            "channels-1-channel": "e.mail",
            "channels-1-greeting": "{x}",
            "channels-2-channel": "c" * 65,
            "channels-3-channel": "e.mail",
        }
    )
    voice, problems = VoiceForm.sent(sent).load()
    assert set(problems) == {"topics-1-name", "channels-1-greeting", "channels-2-channel", "channels-3-channel"}
    assert voice.channels == {"e.mail": Form()}  # what is valid of it, for the preview
    assert voice.avoided_topics == ()


def test_two_problems_of_a_field_are_both_told():
    _, problems = VoiceForm.sent(MultiDict({"languages": "english, e1"})).load()
    assert problems["languages"].count("Must be an ISO 639-1 code") == 2


@pytest.mark.parametrize("text", ["0", "11", "99999999999999999999", "-1", "3.5", "many", "٣"])
def test_a_length_that_is_no_number_of_sentences_is_refused(text):
    assert "max_sentences" in VoiceForm.sent(MultiDict({"max_sentences": text})).load()[1]


def test_a_row_is_added_at_the_end_and_removed_by_its_number():
    form = VoiceForm.of(WHOLE)
    added, focus = form.edited("add-topics")
    assert (len(added.topics), focus) == (3, "topics-2-name")
    removed, focus = added.edited("remove-topics-0")
    assert ([row["name"] for row in removed.topics], focus) == (["prices", ""], "add-topics")
    assert form.edited("remove-channels-1")[0].load()[0].channels == {"a.b@shop.example": Form(greeting="Hi")}
    assert form.edited("anything") == (form, None)


def test_every_kind_of_question_about_the_assistant_has_an_input():
    voice = Voice(about={kind: f"On {kind}." for kind in AboutAssistant})
    assert VoiceForm.sent(inputs(VoiceForm.of(voice))).load()[0].about == voice.about
