"""An OpenAI-compatible endpoint whose every response is written by the test: real HTTP, in this process."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: Takes the JSON body of a request; returns the response.
Answering = Callable[[dict[str, Any]], "Response"]


@dataclass(frozen=True, kw_only=True)
class Response:
    """One HTTP response: its body in the pieces in which it is sent."""

    pieces: tuple[bytes, ...]
    status: int = 200
    content_type: str = "text/event-stream"
    truncated: bool = False  # the connection closes before the body's announced end
    stays_open_s: float = 0  # the body does not end when its last piece is sent
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Endpoint:
    """A running endpoint: its base URL, and the paths, headers and bodies that it was sent."""

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@contextmanager
def endpoint(answering: Answering) -> Iterator[Endpoint]:
    """Serve `POST` on loopback, whatever the path."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            served.requests.append(body)
            served.headers.append(dict(self.headers))
            served.paths.append(self.path)
            response = answering(body)
            self.send_response(response.status)
            self.send_header("Content-Type", response.content_type)
            for name, value in response.headers.items():
                self.send_header(name, value)
            unsent = 100 if response.truncated or response.stays_open_s else 0
            self.send_header("Content-Length", str(sum(map(len, response.pieces)) + unsent))
            self.end_headers()
            for piece in response.pieces:
                self.wfile.write(piece)
                self.wfile.flush()
            ended.wait(response.stays_open_s)
            self.close_connection = bool(unsent)

        def log_message(self, *_arguments: object) -> None:
            """Keep quiet."""

    ended = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Endpoint(url=f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


def refusal(status: int, payload: object, **headers: str) -> Response:
    """An error response."""
    body = json.dumps(payload).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(pieces=(body,), status=status, content_type="application/json", headers=named)


def stream(
    *deltas: Mapping[str, Any] | str, finish: str | None = "stop", done: bool = True, usage: Any = None
) -> Response:
    """A stream of deltas, as OpenAI sends it; a text stands for `{"content": text}`."""
    chunks: list[Mapping[str, Any]] = []
    for delta in deltas:
        content = {"content": delta} if isinstance(delta, str) else delta
        chunks.append({"choices": [{"index": 0, "delta": content, "finish_reason": None}]})
    if finish is not None:
        chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    if usage is not None:
        chunks.append({"choices": [], "usage": usage})
    pieces = [b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n" for chunk in chunks]
    return Response(pieces=(*pieces, *([b"data: [DONE]\n\n"] if done else [])))


def lines(*texts: str) -> Response:
    """A stream of these very lines."""
    return Response(pieces=tuple(f"{text}\n\n".encode() for text in texts))


def whole(message: Mapping[str, Any], *, finish: str = "stop", indent: int | None = None) -> Response:
    """A completion in one JSON object."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    payload = {"object": "chat.completion", "choices": [choice], "usage": {"prompt_tokens": 5, "completion_tokens": 7}}
    return Response(pieces=(json.dumps(payload, indent=indent).encode(),), content_type="application/json")
