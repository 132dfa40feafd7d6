"""The input and output of an answerer: a question, and a draft that is not yet checked."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from kb.search import Hit
from worker.conversations.attachments import Attached
from worker.conversations.outcomes import Usage
from worker.conversations.sessions import Turn
from worker.errors import AnswerbackError


class Revoked(AnswerbackError):
    """Nobody waits for this answer any more."""

    code = "revoked"


@dataclass(frozen=True, kw_only=True)
class Question:
    """A customer's message, with the conversation before it.

    Attributes:
        facts: data of the desk on the customer: id, name, email.
        known: memories of the customer from other conversations, value by name.
        conversation_id, message_id, key_id: the accounts that model calls are charged to; empty without a conversation.
        seq: the message's number in the conversation; turns with a lower one were sent before it was written.
        remaining_s: seconds until the deadline.
    """

    workspace_id: str
    content: str
    conversation_id: str = ""
    message_id: str = ""
    key_id: str | None = None
    seq: int = 0
    subject: str | None = None
    turns: Sequence[Turn] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)
    attachments: Sequence[Attached] = ()
    remaining_s: float = 120.0


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An answerer's text, not yet checked: `[n]` cites the n-th passage it was given, from 1.

    Attributes:
        text: None when the answerer has no answer.
        tool_hits: passages that tools returned, numbered after those that were given.
        fixed_reply: a text of the desk's own, such as a confirmation question; it is sent as it is, without citations.
        wants_human: a human should answer; `handoff_reason` says why, where that is known.
        tried: the tools that were called, for the human who takes over.
    """

    text: str | None
    tool_hits: Sequence[Hit] = ()
    fixed_reply: str | None = None
    handoff_reason: str | None = None
    tried: Sequence[str] = ()
    model: str | None = None
    usage: Usage = field(default_factory=Usage)
    wants_human: bool = False


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
