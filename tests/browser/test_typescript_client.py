"""The TypeScript client in a page of another origin, which has a token for one conversation and no key."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from answerback_client import Answerback
from playwright.sync_api import Browser

from tests.support.stack import KEY, Stack
from tests.support.typescript_client import FOLDER, require_built

STORY = """async ({url, token, conversation}) => {
  const { Answerback, ApiError, verifyWebhook } = await import("/dist/index.js");
  const client = new Answerback({ baseUrl: url, apiKey: async () => token });
  const message = await client.messages.create(conversation, { content: "How do I reset my password?" });
  const stream = client.messages.stream(message.id);
  const types = [];
  for await (const event of stream) types.push(event.type);
  const waited = await client.messages.wait(message.id);
  const refused = await client.documents.list().page().catch((error) => ApiError.is(error) && error.code);
  return { types, text: stream.text, state: waited.state, refused, verifies: typeof verifyWebhook };
}"""


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        """Keep quiet."""


@pytest.fixture
def shop() -> Iterator[str]:
    """The address of a shop that serves the client to its pages."""
    require_built()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=FOLDER))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_page_asks_and_shows_the_answer_while_it_is_written(chromium: Browser, desk: Stack, shop: str):
    with Answerback(KEY, desk.url) as server:
        conversation = server.conversations.create(subject="Password")
        token = server.conversations.create_token(conversation["id"], expires_in_s=900, origin=shop)["token"]
    page = chromium.new_page()
    page.goto(f"{shop}/README.md")
    told = page.evaluate(STORY, {"url": desk.url, "token": token, "conversation": conversation["id"]})
    page.close()
    assert told["types"][0] == "queued"
    assert told["types"][-1] == told["state"] == "answered"
    assert told["text"]
    assert told["refused"] == "forbidden"
    assert told["verifies"] == "function"
