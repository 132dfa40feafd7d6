"""The input and output of an answerer: a question, and a draft that is not yet checked."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from kb.search import Hit
from worker.conversations.attachments import Attached
from worker.conversations.outcomes import Usage
from worker.conversations.sessions import Turn
from worker.errors import AnswerbackError
from worker.states import ReplyKind, Role
from worker.voice.voice import DEFAULT_VOICE, Voice

#: Clarifications in a row; then the assistant answers or hands off.
MAX_CLARIFICATIONS = 2


class Revoked(AnswerbackError):
    """Nobody waits for this answer any more."""

    code = "revoked"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One of several questions of a message.

    Attributes:
        text: the question as the customer is reminded of it.
        query: the question as it was searched for, complete by itself.
        passages: ids of the passages that were found for it, best first.
        is_relevant: whether they may answer it.
    """

    text: str
    query: str
    passages: tuple[str, ...] = ()
    is_relevant: bool = True


@dataclass(frozen=True, kw_only=True)
class Question:
    """A customer's message, with the conversation before it.

    Attributes:
        content: what the customer wrote now, as `worker.reading` read it.
        quoted: earlier text that the message quotes, marked with `>`: context for a model, and for nothing else.
        facts: data of the desk on the customer: id, name, email.
        known: memories of the customer from other conversations, value by name.
        conversation_id, message_id, key_id: the accounts that model calls are charged to; empty without a conversation.
        seq: the message's number in the conversation; turns with a lower one were sent before it was written.
        remaining_s: seconds until the deadline.
        voice, channel: how the assistant of the desk speaks, and where.
        standalone: the message with what it leans on in earlier turns; empty where it stands alone.
        asks: the questions of a message that has several on different subjects, in their order.
    """

    workspace_id: str
    content: str
    conversation_id: str = ""
    message_id: str = ""
    key_id: str | None = None
    seq: int = 0
    subject: str | None = None
    quoted: str = ""
    turns: Sequence[Turn] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)
    attachments: Sequence[Attached] = ()
    remaining_s: float = 120.0
    voice: Voice = DEFAULT_VOICE
    channel: str | None = None
    standalone: str = ""
    asks: Sequence[Asked] = ()

    @cached_property
    def clarified(self) -> Sequence[Sequence[str]]:
        """The customer's messages before each clarification that this message follows, oldest first."""
        found: list[list[str]] = []
        at = len(self.turns)
        while at and self.turns[at - 1].role == Role.ASSISTANT and self.turns[at - 1].kind == ReplyKind.CLARIFICATION:
            at = end = at - 1
            while at and self.turns[at - 1].role == Role.CUSTOMER:
                at -= 1
            found.insert(0, [turn.content for turn in self.turns[at:end]])
        return found

    @property
    def asked(self) -> str:
        """The message, together with the question that it clarifies where it answers a clarification."""
        return "\n".join((*(text for texts in self.clarified for text in texts), self.content))

    @property
    def with_subject(self) -> str:
        """The message with the subject above it, where both were written together: in the first message."""
        return f"{self.subject}\n{self.content}" if self.subject and not self.turns else self.content

    def may_be_clarified(self, *, by_default: bool) -> bool:
        """Whether the assistant may ask a question back; `by_default` holds where the desk has not decided."""
        wanted = by_default if self.voice.asks_back is None else self.voice.asks_back
        return wanted and len(self.clarified) < MAX_CLARIFICATIONS


@dataclass(frozen=True, kw_only=True)
class Option:
    """An option of a clarification, and the number of the passage that it is from, from 1."""

    label: str
    cited: int


@dataclass(frozen=True, kw_only=True)
class Clarification:
    """A question back to the customer, not yet checked. An empty `question` leaves its wording to the desk."""

    question: str
    options: Sequence[Option]


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An answerer's text, not yet checked: `[n]` cites the n-th passage it was given, from 1.

    Attributes:
        text: None when the answerer has no answer.
        tool_hits: passages that tools returned, numbered after those that were given.
        fixed_reply: a text of the desk's own, such as a confirmation question; it is sent as it is, without citations.
        clarification: a question back in place of an answer.
        avoided_topic: the question is about a topic of the desk that the assistant does not speak of; its number, from
            1, or 0 where the answerer does not say which.
        wants_human: a human should answer; `handoff_reason` says why, where that is known.
        category: the category of escalation that the answerer sees in the message, where it sees one.
        tried: the tools that were called, for the human who takes over.
        unanswered: those of the questions in `Question.asks` that it does not answer.
        confidence: the probability that it answers what was asked, where the answerer knows it.
    """

    text: str | None
    tool_hits: Sequence[Hit] = ()
    fixed_reply: str | None = None
    clarification: Clarification | None = None
    avoided_topic: int | None = None
    handoff_reason: str | None = None
    tried: Sequence[str] = ()
    model: str | None = None
    usage: Usage = field(default_factory=Usage)
    wants_human: bool = False
    category: str | None = None
    unanswered: Sequence[Asked] = ()
    confidence: float | None = None


class TextListener(Protocol):
    """Receives a draft while it is written (`answer_stream.AnswerStream.write`)."""

    def __call__(self, text: str, tool_hits: Sequence[Hit] = (), /) -> bool:
        """Take the whole text so far and the passages that tools returned.

        Returns:
            Whether a part of it was sent to the customer, so that it can no longer be withdrawn.
        """
        ...


def ignore_text(_text: str, _tool_hits: Sequence[Hit] = (), /) -> bool:
    """Ignore the text of an unfinished draft; a `TextListener`."""
    return False


class Answerer(Protocol):
    """Writes a draft from passages."""

    @property
    def name(self) -> str:
        """`llm` or `extractive`."""
        ...

    @property
    def version(self) -> Hashable:
        """A value that changes whenever the same question and passages may give another draft."""
        ...

    def may_find_more(self, question: Question, /) -> bool:
        """Whether a tool may find an answer that no passage holds."""
        ...

    def draft(
        self,
        question: Question,
        hits: Sequence[Hit],
        *,
        revoked: Callable[[], bool],
        on_text: TextListener = ignore_text,
    ) -> Draft:
        """Write an answer from `hits`, in the order given; `on_text` receives the text as it grows.

        Raises:
            Revoked: `revoked` returned True.
        """
        ...
