"""The state of one answer in which a model may call tools."""

from dataclasses import dataclass, field

from kb.search import Hit
from worker.answering import prompts
from worker.answering.chat_api.chat import Chat, Completion, RequestedCall
from worker.answering.check import injection_filter
from worker.answering.drafting.response_markers import is_clarification, marker_of
from worker.answering.question import TextListener
from worker.answering.tools.registry import ToolReply


@dataclass(kw_only=True)
class ToolTurn:
    """The state of one answer in which tools may be called.

    `given` is the number of passages in the prompt; `hits` are those that tools returned, numbered after them.
    `sent_text` was written before a tool call and has reached the customer, so the answer has to begin with it.
    """

    chat: Chat
    given: int
    on_text: TextListener
    hits: list[Hit] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    sent_text: str = ""

    def write(self, text: str) -> bool:
        """Pass on the text so far of a completion; return whether a part of it was sent."""
        return not is_clarification(text) and self.on_text(self.sent_text + self.chat.restored(text), self.hits)

    def add_completion(self, completion: Completion) -> None:
        """Add a completion that calls tools, whose text is sent before they run."""
        if completion.text and self.write(completion.text):
            self.sent_text += f"{self.chat.restored(completion.text)}\n"
        self.chat.add_completion(completion)

    def add_reply(self, call: RequestedCall, reply: ToolReply) -> None:
        """Add the reply of a tool, its passages numbered after those that the model has."""
        self.tried.append(f"{call.name}{', which failed' if reply.failed else ''}")
        new_hits = injection_filter.cleaned(reply.hits)
        first = self.given + len(self.hits) + 1
        text = prompts.numbered(new_hits, first=first) if new_hits else reply.text
        self.hits += new_hits
        self.chat.add_tool_reply(call, text or "Nothing was found.")

    def final_text(self, completion: Completion) -> str:
        """Return the text of the answer, beginning with what was sent before."""
        prefix = "" if marker_of(completion.text) else self.sent_text
        return (prefix + self.chat.restored(completion.text)).strip()
