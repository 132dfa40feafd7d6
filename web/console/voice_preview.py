"""Samples of replies in a voice: an answer in each channel, and replies to questions about the assistant."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from web.console.voice_form import VoiceForm
from worker.states import AboutAssistant
from worker.voice.rendering import filled, in_form
from worker.voice.voice import OTHER_CHANNELS, Form, Voice

#: The customer of the samples.
CUSTOMER = "Ada Fischer"

#: Sentences of the sample answer; each cites the source of its number.
_SENTENCES = (
    "You can return an item within 30 days of delivery [1].",
    "Print the label in your account and hand the parcel in at any post office [2].",
    "The refund reaches you within five days of its arrival [3].",
)
_SOURCES: tuple[Mapping[str, Any], ...] = (
    {"number": 1, "title": "Return an item", "url": "https://shop.example/returns#period"},
    {"number": 2, "title": "Return an item", "url": "https://shop.example/returns#label"},
    {"number": 3, "title": "Refunds", "url": "https://shop.example/refunds"},
)

#: A question about the assistant of each kind.
_QUESTIONS = {
    AboutAssistant.BOT: "Are you a bot?",
    AboutAssistant.NAME: "What is your name?",
    AboutAssistant.ABILITIES: "What can you do?",
    AboutAssistant.PRIVACY: "Do you store what I write?",
}


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The first reply to a conversation in a channel.

    Attributes:
        channel: name of the channel; None for all channels that have no row.
        text: the reply in plain text.
        without_name: the greeting of a customer whose name is not known; None if it is the same.
        later_differ: whether later replies of the conversation come without the greeting.
        problems: what is wrong with the row, and therefore left out.
    """

    channel: str | None
    text: str
    without_name: str | None = None
    later_differ: bool = False
    problems: tuple[str, ...] = ()


def previews(form: VoiceForm, voice: Voice, problems: Mapping[str, str]) -> Iterator[Preview]:
    """Yield a preview of each channel in the form, and of all others at the end.

    Args:
        voice: the voice that `form` was loaded as.
        problems: the problems of the form by input.
    """
    for number, row in enumerate(form.channels):
        channel = row["channel"]
        if channel or any(name.startswith(f"channels-{number}-") for name in problems):
            found = tuple(text for name, text in problems.items() if name.startswith(f"channels-{number}-"))
            yield _preview(channel, voice, voice.channels.get(channel, Form()), found)
    if OTHER_CHANNELS not in voice.channels:
        yield _preview(None, voice, Form(), ())


def about_assistant(voice: Voice) -> dict[str, str | None]:
    """Return the replies to questions about the assistant, by question; None if one is searched for in the articles."""
    from worker.answering.triage.about_assistant import reply_to  # its patterns take a quarter of a second to compile

    return {question: reply_to(question, voice) for question in _QUESTIONS.values()}


def _preview(channel: str | None, voice: Voice, form: Form, problems: tuple[str, ...]) -> Preview:
    length = voice.max_sentences
    content = " ".join(_SENTENCES[:length])

    def rendered(*, first: bool) -> str:
        return in_form(content, _SOURCES[:length], form, customer=CUSTOMER, assistant=voice.name, first=first)

    named, nameless = (filled(form.greeting, customer=name, assistant=voice.name) for name in (CUSTOMER, None))
    return Preview(
        channel=channel,
        text=rendered(first=True),
        without_name=(nameless or "no greeting") if nameless != named else None,
        later_differ=rendered(first=True) != rendered(first=False),
        problems=problems,
    )
