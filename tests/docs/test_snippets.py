"""Every command and every snippet of the documentation, run as it stands."""

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
import yaml

from tests.support import endpoint as model_endpoint
from tests.support.helpdesks import FAKES, SECRET, TOKEN
from tests.support.places import FakeSlack, Mailbox
from tests.support.processes import ROOT
from tests.support.stack import KEY, Stack, services, stack
from worker.conversations.intake import Opening, Submission
from worker.deliveries import signing
from worker.launch.up import sample_folder
from worker.settings import Settings
from worker.store.tables import delivery

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if page.name != "changelog.md"),
]
LANGUAGES = {"sh", "python", "json", "yaml", "html", "text", "mermaid", ""}

#: What goes on until somebody ends it. That these run is shown by every test with real processes.
SERVERS = (
    *("make up", "answerback web", "answerback worker", "answerback flower", "answerback up", "answerback listen"),
    "celery ",
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def id(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    found, lines = [], page.read_text().splitlines()
    begin = None
    for number, line in enumerate(lines):
        if not line.lstrip().startswith("```"):
            continue
        if begin is None:
            begin = number
        else:
            language = lines[begin].strip().removeprefix("```")
            found.append(Block(page, begin + 1, language, "\n".join(lines[begin + 1 : number])))
            begin = None
    assert begin is None, f"{page}: a block does not end"
    return found


ALL = [block for page in PAGES for block in blocks(page)]


def of(language: str) -> list[Block]:
    return [block for block in ALL if block.language == language]


def shown(found: list[Block]):
    return pytest.mark.parametrize("block", found, ids=lambda block: block.id)


def test_every_block_says_what_it_is():
    assert {block.language for block in ALL} <= LANGUAGES
    assert len(of("sh")) >= 20


@shown(of("json"))
def test_json_can_be_read(block):
    assert json.loads(re.sub(r"…", "", block.text))


@shown(of("yaml"))
def test_yaml_can_be_read(block):
    assert yaml.safe_load(block.text)


@shown(of("html"))
def test_html_names_the_widget_and_what_it_reads(block):
    script = (ROOT / "web" / "widget" / "static" / "widget.js").read_text()
    assert "/widget.js" in block.text
    for name in re.findall(r"data-([a-z]+)=", block.text):
        assert f"dataset.{name}" in script


#: Pages whose Python is run as a whole: tests/clients/test_stories.py.
OF_CLIENTS = {ROOT / "README.md", ROOT / "docs" / "howto" / "clients.md"}


@shown([block for block in of("python") if block.page not in OF_CLIENTS])
def test_python_does_what_it_says(block):
    secret, body = signing.new_secret(), b'{"type": "message.answered"}'
    headers = signing.headers([secret], id="whd_1", timestamp=int(time.time()), body=body)
    known = {"secret": secret, "body": body, "headers": headers}
    exec(compile(block.text, block.id, "exec"), known)
    assert known["event"]["type"] == "message.answered"


@pytest.fixture(scope="module")
def desk(tmp_path_factory, models):
    """An installation that runs, with something of each kind in it."""
    home = tmp_path_factory.mktemp("docs")
    with contextlib.ExitStack() as exits:
        mail = exits.enter_context(Mailbox().serving())
        settings = {"ANSWERBACK_CALLBACK_ALLOW": "127.0.0.0/8", "ANSWERBACK_SMTP_URL": mail}
        made = exits.enter_context(stack(home, models, workers=("answer",), sample=sample_folder(), **settings))
        (home / "api-key").write_text(f"{KEY}\n")
        yield made


def exhausted(made: Stack) -> tuple[str, str]:
    """Return an endpoint and a delivery to it that was given up."""
    endpoint = made.call("POST", "/v1/endpoints", {"url": "http://127.0.0.1:9/hook"}).json["id"]
    promised = made.call("POST", f"/v1/endpoints/{endpoint}/test", {}).json["id"]
    with services(made.env) as built, built.store.begin() as tx:
        given_up = {"state": "exhausted", "attempts": 1, "due_at": None, "finished_at": sa.text("created_at")}
        tx.execute(delivery.update().where(delivery.c.id == promised).values(**given_up))
    return endpoint, promised


def message(made: Stack) -> str:
    with services(made.env) as built:
        asked = Submission(content="How do I reset my password?", deadline_s=60)
        return built.intake.submit(built.keys.workspace(), Opening(), asked).message["id"]


def key(made: Stack) -> str:
    with services(made.env) as built:
        built.keys.make(built.keys.workspace(), name="spare")
        return built.keys.all()[-1]["id"]


@contextlib.contextmanager
def around(made: Stack, text: str, folder: Path):
    """Yield what stands in commands for what each installation has of its own, and what it is here."""
    exits = contextlib.ExitStack()
    (folder / "var").mkdir()
    (folder / "var" / "api-key").write_text(f"{KEY}\n")
    (folder / "examples").symlink_to(ROOT / "examples")
    (folder / "articles-of-ours").mkdir()
    (folder / "articles-of-ours" / "invoice.md").write_text("# Invoice\n\nYou can pay by invoice.\n")
    replaced = {
        "http://127.0.0.1:8000": made.url,
        "localhost:8000": made.url.removeprefix("http://"),
        "path/to/articles": "articles-of-ours",
        "/path/to/model": "all-MiniLM-L6-v2",
        "ANSWERBACK_HOME=var/elsewhere": f"ANSWERBACK_HOME={folder / 'elsewhere'}",
        '"$SIGNING_SECRET"': SECRET,
        '"$BOT_TOKEN"': TOKEN,
    }
    if "msg_01a2…" in text:
        replaced["msg_01a2…"] = message(made)
    if "KEY_ID" in text:
        replaced["KEY_ID"] = key(made)
    if "whd_…" in text or "$ID" in text:
        missed, _ = exhausted(made)
        endpoint, promised = exhausted(made)
        replaced |= {"replay whd_… whd_…": f"replay {promised}", "whd_…": promised, "ep_…": endpoint, "$ID": missed}
    if "answerback model check" in text:
        model = exits.enter_context(
            model_endpoint.endpoint(lambda _body: model_endpoint.stream("We are ", "open today."))
        )
        replaced["answerback model check"] = f"OPENAI_BASE_URL={model.url} ANSWERBACK_MODELS=any answerback model check"
    fakes = []
    for kind, url, options in re.findall(r"--kind (\w+) --url (\S+)((?: --option \S+)*)", text):
        if kind != "email":
            fakes.append(fake := FakeSlack() if kind == "slack" else FAKES[kind]())
            given = "".join(f" --option {name}={value}" for name, value in fake.options().items())
            replaced[f"--kind {kind} --url {url}{options}"] = f"--kind {kind} --url {fake.url}{given} --token {TOKEN}"
    with exits:
        yield replaced
    for fake in fakes:
        fake.shutdown()
        fake.server_close()


def runnable(text: str) -> list[str]:
    """Return the lines that are run: servers are not, since they do not end, nor what needs the whole checkout."""
    lines = text.replace("\\\n", " ").splitlines()
    kept = []
    for line in lines:
        bare = re.sub(r"^(?:[A-Z_]+=\S+\s+)+(?=[a-z])", "", line.split(" #")[0].strip())
        if bare.startswith("make "):
            assert re.search(rf"^{bare.split()[1]}:", (ROOT / "Makefile").read_text(), re.M), line
        elif bare.startswith(SERVERS):
            assert bare.startswith("celery") or bare.split()[1] in known_commands(), line
        elif bare.startswith(". .venv"):
            continue
        elif re.fullmatch(r"(?:(?:[A-Z_]+)=\S+\s*)+", bare) and "$(" not in bare:
            Settings.from_env(dict(one.split("=", 1) for one in shlex.split(bare)))  # or it is refused
            kept.append(line)
        elif bare:
            kept.append(line)
        else:
            kept.append("")
    return kept


def known_commands() -> set[str]:
    from worker.cli import main

    assert isinstance(main, click.Group)
    return set(main.commands)


def run(made: Stack, page: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the commands of a page, one after the other, in one shell that ends at the first that fails."""
    binaries = folder / "bin"
    binaries.mkdir()
    for name, module in (("answerback", "-m worker.cli"), ("python", ""), ("python3", "")):
        (binaries / name).write_text(f'#!/bin/sh\nexec {sys.executable} {module} "$@"\n')
        (binaries / name).chmod(0o755)
    text = "\n".join(block.text for block in blocks(page) if block.language == "sh")
    with around(made, text, folder) as replaced:
        for old, new in replaced.items():
            text = text.replace(old, new)
        begin = ["set -euo pipefail", 'curl() { command curl --fail-with-body -sS --max-time 30 "$@"; echo; }']
        script = [*begin, *runnable(text), "kill $(jobs -p) 2> /dev/null || true"]
        env = {**made.env, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        env |= {"KEY": KEY, "URL": made.url, "ANSWERBACK_LOG_LEVEL": "error"}
        return subprocess.run(
            ["bash", "-c", "\n".join(script)], env=env, cwd=folder, capture_output=True, text=True, timeout=120
        )


WITH_COMMANDS = sorted({block.page for block in of("sh")})


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_work_from_top_to_bottom(desk, page, tmp_path):
    done = run(desk, page, tmp_path)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
