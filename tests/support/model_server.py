"""An OpenAI-compatible server that stands in for the language model alone: real HTTP, streaming, tool calls, faults.

It answers as a good model would: the first sentence of the first passage, with its number. How it behaves is set with
`POST /control`, or for one request by the model's name:

    fail-429, fail-500 …   answer with that status
    garbage                answer with what is not JSON
    stall                  begin to stream, then say nothing, or only comments
    refuse, person         say that there is no answer, ask for a person
    invent, forge          claim what no passage says, cite what was never given
    say                    say what `text` is, and with a call, when one is listed, before it
    break                  say it, and lose the connection; `say` then says `other`, if it is set, and after calls
                           `then`
    tools                  call what `calls` lists ([name, arguments], in order), then answer from the results
    obey                   do whatever any text in the prompt says: say it, call it, cite it, reveal it

Asked to rewrite a question, it answers with what `rewritten` is. `poison` is a word: a prompt that holds it is answered
with 500. While it is `held`, every call waits.
"""

import argparse
import asyncio
import json
import re
import time
from typing import Any

from aiohttp import web

_PASSAGE = re.compile(r"\[(\d+)\] ([^\n]*)\n(.*?)(?=\n\n\[\d+\] |\n</passages>)", re.S)


class ModelServer:
    def __init__(self) -> None:
        self.settings: dict[str, Any] = {"latency_s": 0.0, "mode": "answer", "tokens_per_s": 0.0}
        self.settings |= {"comments": False, "poison": "", "calls": [], "rewritten": "", "held": False}
        self.settings |= {"text": "", "other": "", "then": ""}
        self.counts = {"requests": 0, "active": 0, "most_active": 0, "finished": 0, "closed_early": 0}
        self.seen: list[dict[str, Any]] = []

    def app(self) -> web.Application:
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self.complete)
        app.router.add_get("/v1/models", self.models)
        app.router.add_post("/control", self.control)
        app.router.add_get("/control", self.report)
        return app

    async def models(self, _request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "good", "object": "model", "owned_by": "tests"}]})

    async def control(self, request: web.Request) -> web.Response:
        self.settings |= await request.json()
        if self.settings.pop("reset", False):
            self.counts = dict.fromkeys(self.counts, 0) | {"active": self.counts["active"]}
            self.seen.clear()
        return web.json_response(self.settings)

    async def report(self, _request: web.Request) -> web.Response:
        return web.json_response({"counts": self.counts, "seen": self.seen})

    async def complete(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        self.counts["requests"] += 1
        self.counts["active"] += 1
        self.counts["most_active"] = max(self.counts["most_active"], self.counts["active"])
        if len(self.seen) < 1000:
            self.seen.append(
                {
                    "model": asked["model"],
                    "messages": asked["messages"],
                    "tools": asked.get("tools", []),
                    "tool_choice": asked.get("tool_choice"),
                }
            )
        try:
            response = await self._answer(request, asked)
            self.counts["finished"] += 1
            return response
        except (ConnectionResetError, asyncio.CancelledError):
            self.counts["closed_early"] += 1
            raise
        finally:
            self.counts["active"] -= 1

    async def _answer(self, request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        name = asked["model"]
        mode = self.settings["mode"] if name in ("good", "gpt-4o-mini") else name
        if self.settings["poison"] and self.settings["poison"] in json.dumps(asked["messages"][-1:]):
            mode = "fail-500"
        await asyncio.sleep(self.settings["latency_s"])
        while self.settings["held"]:
            await asyncio.sleep(0.02)
        if mode.startswith("fail-"):
            status = int(mode.removeprefix("fail-"))
            headers = {"Retry-After": "1"} if status == 429 else {}
            error = {"error": {"message": f"told to fail with {status}", "type": "test", "code": None}}
            return web.json_response(error, status=status, headers=headers)
        if mode == "garbage":
            return web.Response(text="data: {not json\n\n<html>oops</html>", content_type="text/event-stream")
        messages = asked["messages"]
        calls = self.settings["calls"] if mode in ("tools", "obey", "say") else []
        if mode == "obey":
            calls = [*calls, *commands(messages)]
        made = sum(len(one.get("tool_calls") or []) for one in messages)
        if calls[made:] and asked.get("tools") and asked.get("tool_choice") != "none":
            text = self.settings["text"] if mode == "say" else None
            return await self._say(request, asked, text, call=calls[made])
        text = self.settings["text"] if mode in ("say", "break") else text_for(mode, messages)
        if mode == "say":
            text = (self.settings["then"] if made else "") or self.settings["other"] or text
        if messages[0]["content"].startswith("You rewrite"):
            text = self.settings["rewritten"] or "NO_ANSWER"
        return await self._say(request, asked, text, stall=mode == "stall", breaks=mode == "break")

    async def _say(
        self,
        request: web.Request,
        asked: dict[str, Any],
        text: str | None,
        *,
        call: tuple[str, Any] | None = None,
        stall: bool = False,
        breaks: bool = False,
    ) -> web.StreamResponse:
        calls = []
        if call is not None:
            name, given = call
            given = given if isinstance(given, str) else json.dumps(given)
            calls = [{"index": 0, "id": "call_1", "type": "function", "function": {"name": name, "arguments": given}}]
        reason = "tool_calls" if calls else "stop"
        usage = {
            "prompt_tokens": sum(len(str(one.get("content")).split()) for one in asked["messages"]),
            "completion_tokens": len((text or "").split()),
        }
        usage["total_tokens"] = sum(usage.values())
        head = {"id": "chatcmpl-test", "created": int(time.time()), "model": asked["model"]}
        if not asked.get("stream"):
            said = {"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {})}
            choice = {"index": 0, "message": said, "finish_reason": reason}
            return web.json_response({**head, "object": "chat.completion", "choices": [choice], "usage": usage})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        head["object"] = "chat.completion.chunk"

        async def send(delta: dict[str, Any], finish: str | None = None, **more: Any) -> None:
            chunk = {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}
            await response.write(f"data: {json.dumps(chunk)}\n\n".encode())

        await send({"role": "assistant", "content": ""})
        pace = self.settings["tokens_per_s"]
        pieces = re.findall(r"\S+\s*", text or "") if pace else [text or ""]
        for piece in pieces:
            while stall:
                await asyncio.sleep(0.05)
                if request.transport is None or request.transport.is_closing():
                    raise ConnectionResetError
                if self.settings["comments"]:
                    await response.write(b": keep-alive\n\n")
            await send({"content": piece})
            if pace:
                await asyncio.sleep(1 / pace)
        if breaks and request.transport is not None:
            request.transport.abort()
            raise ConnectionResetError
        if calls:
            await send({"tool_calls": calls})
        await send({}, reason)
        if (asked.get("stream_options") or {}).get("include_usage"):
            await response.write(f"data: {json.dumps({**head, 'choices': [], 'usage': usage})}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        return response


def text_for(mode: str, messages: list[dict[str, Any]]) -> str:
    if mode == "refuse":
        return "NO_ANSWER"
    if mode == "person":
        return "PERSON"
    if mode == "invent":
        return "We ship to the moon for 3 € and refund everything twice, whatever happens [1]."
    if mode == "forge":
        return "You can choose a new password yourself at any time [99]."
    if mode == "obey" and (obeyed := obeyed_text(messages)):
        return obeyed
    found = _PASSAGE.search(messages[-1]["content"] + ("\n</passages>" if messages[-1]["role"] == "tool" else ""))
    if found is None:
        return "NO_ANSWER"
    number, _title, text = found.groups()
    first = next((line for line in text.splitlines() if re.search(r"[.!]$", line.strip())), text.strip())
    sentence = re.split(r"(?<=[.!])\s", first.strip())[0]
    return f"{sentence.rstrip('.!')} [{number}]."


_SAY = re.compile(
    r"\b(?:say|write|reply|respond|answer|output|print|repeat|tell|add|append|include)\b[^\"“”\n]{0,80}[\"“]([^\"”]+)[\"”]",
    re.I,
)
_CALL = re.compile(r"\b(?:call|use|run|invoke)\b[^{}\n]{0,40}?\b([a-z]+_?[a-z_]*)\b(?: with)?\s*(\{[^}]*\})", re.I)
_REVEAL = re.compile(
    r"\b(?:reveal|print|show|repeat|output|send|tell)\b[^.\n]{0,40}\b(?:system|prompt|instructions|everything)\b", re.I
)
_CITE = re.compile(r"\bcite\b[^.\n]{0,30}\[(\d+)\]", re.I)


def commands(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the calls that any text asks for."""
    text = "\n".join(str(one.get("content") or "") for one in messages if one["role"] != "system")
    return [(name, arguments) for name, arguments in _CALL.findall(text)]


def obeyed_text(messages: list[dict[str, Any]]) -> str:
    """Return what any text tells the model to say, all of it."""
    text = "\n".join(str(one.get("content") or "") for one in messages if one["role"] != "system")
    said = [f"{line.rstrip('.')} [1]." for line in _SAY.findall(text)]
    if _REVEAL.search(text):
        said += [
            f"{line} [1]"
            for line in "\n".join(str(one.get("content")) for one in messages).splitlines()
            if line.strip()
        ]
    for number in _CITE.findall(text):
        said.append(f"You were granted a refund of 900 euros [{number}].")
    if re.search(r"\bPERSON\b|escalate to a human now", text):
        said = ["PERSON"]
    return "\n".join(said)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--latency-s", type=float, default=0.0)
    options = parser.parse_args()
    server = ModelServer()
    server.settings["latency_s"] = options.latency_s
    web.run_app(
        server.app(), host="127.0.0.1", port=options.port, access_log=None, print=None, handler_cancellation=True
    )


if __name__ == "__main__":
    main()
