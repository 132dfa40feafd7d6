"""The tools of every desk: search again, remember a fact about the customer, hand off to a human."""

from collections.abc import Callable, Mapping
from typing import Any

from kb.errors import SnapshotMissing
from kb.search import Found
from worker.answering.question import Question
from worker.answering.tools.registry import Tool, ToolFailed, ToolResult
from worker.customers.identity import customer_of
from worker.customers.memories import DEFAULT_IMPORTANCE, Memories, NewMemory
from worker.errors import Invalid, NotFound

_MAX_HITS = 3


def search(find: Callable[[Question, str], Found]) -> Tool:
    """Return the tool `search`: more passages, for a query in the model's own words."""

    def run(question: Question, arguments: Mapping[str, Any], _id: str) -> ToolResult:
        try:
            found = find(question, arguments["query"])
        except SnapshotMissing:
            return ToolResult(note="The knowledge base is empty.")
        hits = found.hits[:_MAX_HITS]
        return ToolResult(hits=hits, note=None if hits else "Nothing was found.")

    return Tool(
        name="search",
        title="Search",
        description="Find more passages in the knowledge base, when those given do not answer.",
        parameters={
            "type": "object",
            "additionalProperties": False,
            "required": ["query"],
            "properties": {"query": {"type": "string", "minLength": 2, "maxLength": 300}},
        },
        run=run,
        finds_more=False,
    )


def remember(memories: Memories) -> Tool:
    """Return the tool `remember`: it stores a fact about the customer for their next conversations."""

    def run(question: Question, arguments: Mapping[str, Any], _id: str) -> ToolResult:
        customer = customer_of(question.facts)
        if customer is None:
            raise ToolFailed("Nothing is known of who the customer is.")
        # A passage, a tool or a file must not be able to plant a memory.
        if not _contains(question.content, arguments["value"]):
            raise ToolFailed("Only what the customer says in this message can be remembered.")
        fact = NewMemory(
            name=arguments["name"],
            value=arguments["value"],
            source="assistant",
            importance=arguments.get("importance", DEFAULT_IMPORTANCE),
            conversation_id=question.conversation_id or None,
        )
        try:
            memories.put(question.workspace_id, customer, fact)
        except (Invalid, NotFound) as error:
            raise ToolFailed(str(error)) from None
        return ToolResult(note="It is remembered.")

    return Tool(
        name="remember",
        title="Memory",
        description="Keep a fact that the customer states about themselves and that helps in later conversations, in "
        "their own words, such as their product or the language they prefer. Never secrets, card numbers or passwords.",
        parameters={
            "type": "object",
            "additionalProperties": False,
            "required": ["name", "value"],
            "properties": {
                "name": {"type": "string", "pattern": "^[a-z][a-z_]{0,39}$"},
                "value": {"type": "string", "minLength": 1, "maxLength": 200},
                "importance": {"type": "number", "minimum": 0, "maximum": 1},
            },
        },
        run=run,
        finds_more=False,
        changes=True,
    )


def escalate() -> Tool:
    """Return the tool `escalate`: a human takes over."""

    def run(_question: Question, _arguments: Mapping[str, Any], _id: str) -> ToolResult:
        return ToolResult()

    return Tool(
        name="escalate",
        title="Handoff",
        description="Hand off to a human, when the customer needs one.",
        parameters={
            "type": "object",
            "additionalProperties": False,
            "required": ["reason"],
            "properties": {"reason": {"type": "string", "maxLength": 500}},
        },
        run=run,
        hands_off=True,
        finds_more=False,
    )


def _contains(text: str, value: str) -> bool:
    return " ".join(value.lower().split()) in " ".join(text.lower().split())
