"""What may be set as a voice, and what is said about the rest."""

import pytest

from worker.errors import Invalid
from worker.states import CitationStyle, Greets
from worker.voice import schema
from worker.voice.voice import DEFAULT_VOICE, Form, Topic

WHOLE = {
    "name": "Mia",
    "tone": "friendly and plain",
    "max_sentences": 3,
    "languages": ["en", "de"],
    "asks_back": True,
    "guidance": "We say parcel, never package.\nPrices are in euros.",
    "avoided_topics": [{"name": "legal advice", "phrases": ["lawyer"]}],
    "about": {"bot": "I am a program."},
    "channels": {
        "email": {
            "greeting": "Hello {customer},",
            "greets": "every_reply",
            "signature": "{assistant}, your shop",
            "citations": "none",
        }
    },
}


def test_a_voice_comes_back_as_it_was_set():
    voice = schema.load(WHOLE)
    assert voice.to_api() == WHOLE
    assert voice.avoided_topics == (Topic(name="legal advice", phrases=("lawyer",)),)
    assert voice.form("email").citations == CitationStyle.NONE
    assert voice.form("email").greets == Greets.EVERY_REPLY


def test_what_is_left_out_has_its_default():
    assert schema.load({}) == DEFAULT_VOICE
    assert schema.load({"channels": {"widget": {}}}).form("widget") == Form()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"max_sentences": 0}, "max_sentences: Must be"),
        ({"max_sentences": "3"}, "max_sentences: Not a valid integer"),
        ({"languages": ["English"]}, "languages.0: Must be an ISO 639-1 code"),
        ({"channels": {"email": {"citations": "footnotes"}}}, "channels.email.citations: Must be one of"),
        ({"channels": {"email": {"greeting": "Hello {first_name},"}}}, "channels.email.greeting: Braces may only"),
        ({"channels": {"email": {"greeting": "Hello {customer"}}}, "channels.email.greeting: Braces may only"),
        ({"avoided_topics": [{"phrases": ["x"]}]}, "avoided_topics.0.name: Missing data"),
        ({"name": "Mia\nand rules"}, "name: Must be one line"),
        ({"tone": " "}, "tone: Must not be blank"),
        ({"guidance": "\x00"}, "guidance: Control characters"),
        ({"guidance": "\ud800"}, "guidance: Control characters"),
        ({"guidance": "x" * 4_001}, "guidance: Length must be"),
        ({"voice": "loud"}, "voice: Unknown field"),
        (["name"], "A voice is a JSON object."),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_field(given, named):
    with pytest.raises(Invalid, match=named):
        schema.load(given)
