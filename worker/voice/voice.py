"""The voice of a workspace as a value, and its form in the API and in files."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

from worker.states import AboutAssistant, CitationStyle, Greets

#: The form of a channel that is not listed has this name, if there is one.
OTHER_CHANNELS = "default"

MAX_SENTENCES = 5


@dataclass(frozen=True, kw_only=True)
class Form:
    """The form of replies in one channel.

    `greeting` and `signature` may name the `{customer}` and the `{assistant}`.
    """

    greeting: str | None = None
    greets: Greets = Greets.FIRST_REPLY
    signature: str | None = None
    citations: CitationStyle = CitationStyle.NUMBERS


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A topic that the assistant does not speak of, with words that show that a message is about it."""

    name: str
    phrases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Voice:
    """How the assistant of a workspace speaks.

    Attributes:
        name: its name.
        tone: how it writes, in a few words.
        max_sentences: how long an answer may be.
        languages: ISO 639-1 codes of the languages that it answers in; all if empty.
        asks_back: whether it may ask a question back. None: with a language model only.
        guidance: free text for the language model, below the rules of this product.
        avoided_topics: what it does not speak of.
        channels: the form of replies by channel.
        about: the answers to what customers ask about the assistant, where the desk has its own.
    """

    name: str | None = None
    tone: str | None = None
    max_sentences: int = MAX_SENTENCES
    languages: tuple[str, ...] = ()
    asks_back: bool | None = None
    guidance: str | None = None
    avoided_topics: tuple[Topic, ...] = ()
    channels: Mapping[str, Form] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    about: Mapping[AboutAssistant, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    def form(self, channel: str | None) -> Form:
        """Return the form of replies in a channel; None is a conversation that names no channel."""
        return self.channels.get(channel or "api") or self.channels.get(OTHER_CHANNELS) or Form()

    def to_api(self) -> dict[str, Any]:
        """Return the voice in the form of the API."""
        return {
            "name": self.name,
            "tone": self.tone,
            "max_sentences": self.max_sentences,
            "languages": list(self.languages),
            "asks_back": self.asks_back,
            "guidance": self.guidance,
            "avoided_topics": [{"name": topic.name, "phrases": list(topic.phrases)} for topic in self.avoided_topics],
            "channels": {channel: asdict(form) for channel, form in self.channels.items()},
            "about": {kind.value: text for kind, text in self.about.items()},
        }

    @classmethod
    def from_api(cls, values: Mapping[str, Any]) -> "Voice":
        """Return the voice with validated values (`worker.voice.schema`); missing ones have their defaults."""
        topics = tuple(
            Topic(name=topic["name"], phrases=tuple(topic.get("phrases") or ()))
            for topic in values.get("avoided_topics") or ()
        )
        forms = {
            channel: Form(
                greeting=form.get("greeting"),
                greets=Greets(form.get("greets", Greets.FIRST_REPLY)),
                signature=form.get("signature"),
                citations=CitationStyle(form.get("citations", CitationStyle.NUMBERS)),
            )
            for channel, form in (values.get("channels") or {}).items()
        }
        return cls(
            name=values.get("name"),
            tone=values.get("tone"),
            max_sentences=values.get("max_sentences", MAX_SENTENCES),
            languages=tuple(values.get("languages") or ()),
            asks_back=values.get("asks_back"),
            guidance=values.get("guidance"),
            avoided_topics=topics,
            channels=MappingProxyType(forms),
            about=MappingProxyType({AboutAssistant(kind): text for kind, text in (values.get("about") or {}).items()}),
        )


#: The voice of a workspace that has set none.
DEFAULT_VOICE = Voice()
