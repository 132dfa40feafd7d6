"""A checker of types finds an integrator's mistakes, and none in what is right."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import typescript_client
from tests.support.processes import ROOT

pytestmark = pytest.mark.processes

PYTHON = """
from answerback_client import Answerback, AsyncAnswerback, webhooks
from werkzeug.datastructures import EnvironHeaders

client = Answerback("key")
message = client.tickets.create(body="x", requester={"email": "a@customer.example"})
client.tickets.create(subject="no body")  # mistake
client.tickets.create(body="x", subjet="y")  # mistake
client.conversations.list(owner="robot")  # mistake
message["stat"]  # mistake
names: list[str] = [found["title"] for found in client.documents.list(state="ready")]

def receive(body: bytes, headers: EnvironHeaders) -> str:
    event = webhooks.verify(body, headers, "whsec_x").event
    if event["type"] == "message.answered":
        return event["data"]["message"]["state"]
    return event["data"]["message"]["state"]  # mistake

async def main(client: AsyncAnswerback) -> str:
    return client.messages.wait("msg_1")  # mistake
"""

TYPESCRIPT = """
import { Answerback, verifyWebhook } from "CLIENT";

const client = new Answerback({ apiKey: "key" });
const message = await client.tickets.create({ body: "x", requester: { email: "a@customer.example" } });
await client.tickets.create({ subject: "no body" }); // mistake
await client.tickets.create({ body: "x", subjet: "y" }); // mistake
client.conversations.list({ owner: "robot" }); // mistake
message.stat; // mistake
for await (const found of client.documents.list({ state: "ready" })) found.title satisfies string;
const { event } = await verifyWebhook("", new Headers(), "whsec_x");
if (event.type === "message.answered") event.data.message.state satisfies string;
else if (event.type === "document.ready") event.data.message.state; // mistake
for await (const sent of client.messages.stream("msg_1")) {
  if (sent.type === "delta") sent.data.offset satisfies number;
  else if (sent.type === "answered") sent.data.reply satisfies object | null;
}
"""


def lines_with_mistakes(source: str) -> set[int]:
    return {number for number, line in enumerate(source.splitlines(), 1) if line.endswith("mistake")}


def checked(command: list[str], folder: Path) -> set[int]:
    """Return the numbers of the lines in which a checker finds an error."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    found = re.findall(r"^program\.(?:py|ts)[:(](\d+).*error", done.stdout, re.M)
    assert found or done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return {int(number) for number in found}


def test_mypy_finds_mistakes_and_nothing_else(tmp_path, monkeypatch):
    pytest.importorskip("mypy")
    monkeypatch.setenv("MYPYPATH", str(ROOT / "clients" / "python"))
    (tmp_path / "program.py").write_text(PYTHON)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "program.py"]
    assert checked(command, tmp_path) == lines_with_mistakes(PYTHON)


def test_typescript_finds_mistakes_and_nothing_else(tmp_path):
    typescript_client.require_built()
    source = TYPESCRIPT.replace("CLIENT", str(typescript_client.FOLDER / "dist" / "index.js"))
    (tmp_path / "program.ts").write_text(source)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    compiler = typescript_client.FOLDER / "node_modules" / "typescript" / "bin" / "tsc"
    libraries = ["--lib", "es2022,dom,dom.iterable,dom.asynciterable"]
    command = ["node", str(compiler), "--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", *libraries]
    assert checked([*command, "program.ts"], tmp_path) == lines_with_mistakes(source)
