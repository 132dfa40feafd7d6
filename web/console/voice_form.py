"""The form of a voice: the texts of its inputs, its rows of topics and channels, and problems by input."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import marshmallow as ma
from werkzeug.datastructures import MultiDict

from worker.states import AboutAssistant, CitationStyle, Greets
from worker.voice.schema import VoiceSchema
from worker.voice.voice import Form, Topic, Voice

#: The texts of the inputs of a row, by the field's name.
Row = Mapping[str, str]

_ASKS_BACK = {"": None, "yes": True, "no": False}
_TEXTS = ("name", "tone", "max_sentences", "languages", "asks_back", "guidance")
_EMPTY: Mapping[str, Row] = {
    "topics": {"name": "", "phrases": ""},
    "channels": {
        "channel": "",
        "greeting": "",
        "greets": Greets.FIRST_REPLY.value,
        "signature": "",
        "citations": CitationStyle.NUMBERS.value,
    },
}
_ROW_INPUT = re.compile(r"(topics|channels)-(\d{1,4})-([a-z]+)")
_CHANGE = re.compile(r"(add|remove)-(topics|channels)(?:-(\d{1,4}))?")
_DIGITS = re.compile(r"[0-9]{1,4}")
_MAX_QUOTED = 40

#: What a preview needs of a voice that has problems.
_PREVIEWED = ("name", "max_sentences", "channels", "about")


@dataclass(frozen=True, kw_only=True)
class VoiceForm:
    """A voice as the form shows it.

    Attributes:
        texts: the texts of inputs outside of rows, by the input's name: the fields of a voice, and `about-KIND`.
        topics: the rows of avoided topics; phrases are on lines of their own.
        channels: the rows of channels.
    """

    texts: Mapping[str, str]
    topics: Sequence[Row] = ()
    channels: Sequence[Row] = ()

    @classmethod
    def of(cls, voice: Voice) -> "VoiceForm":
        """Return the form of a voice."""
        asks_back = next(text for text, value in _ASKS_BACK.items() if value is voice.asks_back)
        return cls(
            texts={
                "name": voice.name or "",
                "tone": voice.tone or "",
                "max_sentences": str(voice.max_sentences),
                "languages": ", ".join(voice.languages),
                "asks_back": asks_back,
                "guidance": voice.guidance or "",
                **{f"about-{kind}": voice.about.get(kind, "") for kind in AboutAssistant},
            },
            topics=tuple(_topic_row(topic) for topic in voice.avoided_topics),
            channels=tuple(_channel_row(channel, form) for channel, form in voice.channels.items()),
        )

    @classmethod
    def sent(cls, inputs: MultiDict[str, str]) -> "VoiceForm":
        """Return the form that a browser sent, with LF line ends and without white space around texts."""
        texts = {name: inputs.get(name, "") for name in (*_TEXTS, *(f"about-{kind}" for kind in AboutAssistant))}
        rows: dict[str, dict[int, dict[str, str]]] = {group: {} for group in _EMPTY}
        for name, text in inputs.items():
            found = _ROW_INPUT.fullmatch(name)
            if found and found[3] in _EMPTY[found[1]]:
                row = rows[found[1]].setdefault(int(found[2]), dict(_EMPTY[found[1]]))
                row[found[3]] = _trimmed(text)
        return cls(
            texts={name: _trimmed(text) for name, text in texts.items()},
            **{group: tuple(row for _, row in sorted(found.items())) for group, found in rows.items()},
        )

    def edited(self, change: str) -> tuple["VoiceForm", str | None]:
        """Return the form after a row was added or removed, and the id of the element to focus.

        Args:
            change: `add-GROUP` or `remove-GROUP-NUMBER` with the group `topics` or `channels`; anything else changes
                nothing.
        """
        found = _CHANGE.fullmatch(change)
        if found is None:
            return self, None
        action, group, number = found.groups()
        rows: Sequence[Row] = getattr(self, group)
        if action == "add":
            first_input = next(iter(_EMPTY[group]))
            rows, focus = (*rows, _EMPTY[group]), f"{group}-{len(rows)}-{first_input}"
        else:
            rows = tuple(row for index, row in enumerate(rows) if str(index) != number)
            focus = f"add-{group}"
        return (replace(self, topics=rows) if group == "topics" else replace(self, channels=rows)), focus

    def load(self) -> tuple[Voice, dict[str, str]]:
        """Return the voice and its problems, by the name of the input or group; rows left empty are left out.

        With problems, the voice has only what a preview needs and what of it is valid.
        """
        topics = {number: row for number, row in enumerate(self.topics) if row != _EMPTY["topics"]}
        numbers, problems = self._numbers_of_channels()
        values: dict[str, Any] = {
            **{name: text for name, text in self.texts.items() if text and name in _TEXTS},
            "asks_back": _ASKS_BACK.get(self.texts["asks_back"]),
            "languages": _languages(self.texts["languages"]),
            "avoided_topics": [{**row, "phrases": _lines(row["phrases"])} for row in topics.values()],
            "channels": {name: _form_values(self.channels[number]) for name, number in numbers.items()},
            "about": {kind.value: text for kind in AboutAssistant if (text := self.texts[f"about-{kind}"])},
        }
        sentences = self.texts["max_sentences"]
        values |= {"max_sentences": int(sentences)} if _DIGITS.fullmatch(sentences) else {}
        try:
            return Voice.from_api(VoiceSchema().load(values)), problems
        except ma.ValidationError as error:
            for path, message in _located(error.messages):
                name, message = _at_input(path, message, values, topics=tuple(topics), channels=numbers)
                problems[name] = f"{problems[name]} {message}" if name in problems else message
            valid: Mapping[str, Any] = error.valid_data  # type: ignore[assignment]  # a mapping, as the input was
            return Voice.from_api({name: valid[name] for name in _PREVIEWED if name in valid}), problems

    def _numbers_of_channels(self) -> tuple[dict[str, int], dict[str, str]]:
        """Return the numbers of the rows of channels by their names, and problems of names by input."""
        numbers: dict[str, int] = {}
        problems = {}
        for number, row in enumerate(self.channels):
            name = row["channel"]
            if name and name not in numbers:
                numbers[name] = number
            elif row != _EMPTY["channels"]:
                problem = "This channel is listed above already." if name else "Name the channel."
                problems[f"channels-{number}-channel"] = problem
        return numbers, problems


def _topic_row(topic: Topic) -> Row:
    return {"name": topic.name, "phrases": "\n".join(topic.phrases)}


def _channel_row(channel: str, form: Form) -> Row:
    return {
        "channel": channel,
        "greeting": form.greeting or "",
        "greets": form.greets.value,
        "signature": form.signature or "",
        "citations": form.citations.value,
    }


def _form_values(row: Row) -> dict[str, str]:
    return {name: text for name, text in row.items() if text and name != "channel"}


def _trimmed(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _languages(text: str) -> list[str]:
    return list(dict.fromkeys(text.lower().replace(",", " ").split()))


#: The path to a value in nested data.
_Path = tuple[str | int, ...]


def _located(messages: Any, path: _Path = ()) -> Iterator[tuple[_Path, str]]:
    """Yield the messages of a validation error with the paths of what they are about."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _located(inner, (*path, key))
    elif isinstance(messages, list):
        for inner in messages:
            yield from _located(inner, path)
    else:
        yield path, str(messages)


def _at_input(
    path: _Path, message: str, values: Mapping[str, Any], *, topics: Sequence[int], channels: Mapping[str, int]
) -> tuple[str, str]:
    """Return the name of the input that a message is about, and the message.

    Args:
        topics: the numbers of the rows of the topics in `values`.
        channels: the numbers of the rows of channels by name.
    """
    match path:
        case ("languages", int(index)):
            return "languages", _about(values["languages"][index], message)
        case ("avoided_topics", int(index), "phrases", int(phrase)):
            message = _about(values["avoided_topics"][index]["phrases"][phrase], message)
            return f"topics-{topics[index]}-phrases", message
        case ("avoided_topics", int(index), field, *_):
            return f"topics-{topics[index]}-{field}", message
        case ("avoided_topics", *_):
            return "topics", message
        case ("channels", str(channel), "key"):
            return f"channels-{channels[channel]}-channel", message
        case ("channels", str(channel), "value", field):
            return f"channels-{channels[channel]}-{field}", message
        case ("about", kind, *_):
            return f"about-{kind}", message
        case (field, *_):
            return str(field), message
    raise AssertionError("the problem of a voice is one of a field")


def _about(text: str, message: str) -> str:
    short = text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}…"
    return f"“{short}”: {message}"
