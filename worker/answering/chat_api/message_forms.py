"""The messages of a request in the forms that servers take."""

from collections.abc import Mapping, Sequence
from typing import Any

_RESULTS = """

<tools>
{results}
</tools>

Above is what the tools returned that you called. {written}Answer the customer now, by the same rules; call no tool."""
_WRITTEN = "You have already written this to the customer, go on after it: {text}\n"


def as_one_message(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return messages as a single one of the user, for chat templates that take no system role or other order."""
    names = {"system": "", "user": "Customer: ", "assistant": "Assistant: ", "tool": "Tool: "}
    last = len(messages) - 1
    texts = [
        ("" if position == last else names.get(str(message["role"]), "")) + str(message.get("content") or "")
        for position, message in enumerate(messages)
    ]
    return [{"role": "user", "content": "\n\n".join(text for text in texts if text)}]


def without_tool_messages(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return messages with tool calls and their results as text at the end of the message before them.

    Servers differ most in what they accept of such messages, most of all in a request without `tools`.
    """
    kept: list[dict[str, Any]] = []
    calls: dict[str, str] = {}
    results: list[str] = []
    written: list[str] = []
    for message in messages:
        if message.get("tool_calls"):
            calls |= {
                call["id"]: f"{call['function']['name']} {call['function']['arguments']}"
                for call in message["tool_calls"]
            }
            written += [message["content"]] if message.get("content") else []
        elif message["role"] == "tool":
            results.append(f"{calls.get(message['tool_call_id'], 'tool')}:\n{message['content']}")
        else:
            kept.append(dict(message))
    if results and kept:
        text = _RESULTS.format(
            results="\n\n".join(results), written=_WRITTEN.format(text="\n".join(written)) if written else ""
        )
        kept[-1]["content"] = f"{kept[-1]['content']}{text}"
    return kept
