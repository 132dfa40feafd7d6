"""The whole product as real processes, each part wired to the others by environment variables alone."""

import contextlib
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.databases import copy_migrated
from tests.support.processes import answers, free_port, running, valkey, wait_for
from tests.support.services import Installation, build_installation
from worker.settings import Settings
from worker.store import migrate

KEY = "test-key-0123456789abcdef"


@dataclass
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Stack:
    """A running installation: its address, its environment, and the ids of its processes by name."""

    env: dict[str, str]
    home: Path
    url: str = ""
    pids: dict[str, int] = field(default_factory=dict)
    key: str = KEY

    @property
    def settings(self) -> Settings:
        return Settings.from_env(self.env)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        key: str | None = None,
        timeout_s: float = 70.0,
    ) -> Response:
        """Send a request; `body` goes as JSON, `data` as it is."""
        sent = data if data is not None else None if body is None else json.dumps(body).encode()
        all_headers = {"Authorization": f"Bearer {key or self.key}", **(headers or {})}
        if body is not None:
            all_headers.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(self.url + path, method=method, data=sent, headers=all_headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as response:
                return Response(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Response(error.code, dict(error.headers), error.read())

    def stream(self, path: str, *, last_id: str = "", timeout_s: float = 60.0) -> Iterator[dict[str, Any]]:
        """Yield the events of a stream as they come: `type`, `id`, and `data` from its JSON."""
        headers = {"Authorization": f"Bearer {self.key}", **({"Last-Event-ID": last_id} if last_id else {})}
        request = urllib.request.Request(self.url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=timeout_s) as response:
            lines: dict[str, str] = {}
            for line in response:
                name, colon, value = line.decode().rstrip("\n").partition(": ")
                if colon and name:
                    lines[name] = value
                elif "data" in lines:
                    yield {"type": lines["event"], "id": lines["id"], "data": json.loads(lines.pop("data"))}

    def ask(self, body: str, **fields: Any) -> dict[str, Any]:
        """Submit a ticket and wait until it has ended."""
        accepted = self.call("POST", "/v1/tickets", {"body": body, **fields})
        assert accepted.status == 202, accepted.body
        return self.finished(accepted.json["id"])

    def finished(self, message_id: str, *, wait_s: int = 30) -> dict[str, Any]:
        """Return a message once it has ended."""
        shown = self.call("GET", f"/v1/messages/{message_id}", headers={"Prefer": f"wait={wait_s}"})
        assert shown.status == 200, shown.body
        return dict(shown.json)


@contextlib.contextmanager
def services(env: Mapping[str, str]) -> Iterator[Installation]:
    """The parts of an installation in this process, to prepare and to inspect it."""
    built = build_installation(Settings.from_env(env))
    try:
        yield built
    finally:
        built.close()


def prepare(env: Mapping[str, str], *, sample: Path | None = None) -> None:
    """Migrate, make the key, and ingest a folder of articles."""
    from worker.knowledge.ingest import documents_in, ingest

    with services(env) as built:
        Path(env["ANSWERBACK_HOME"]).mkdir(parents=True, exist_ok=True)
        if built.store.is_sqlite:
            copy_migrated(Path(built.store.engine.url.database))
        migrate.upgrade(built.store)
        workspace_id = built.keys.workspace()
        built.keys.make(workspace_id, name="test", key=KEY)
        if sample is not None:
            report = ingest(
                documents_in([str(sample)], built.importer),
                workspace_id=workspace_id,
                library=built.library,
                indexer=built.indexer,
                store=built.store,
                progress=lambda _done, _total: None,
            )
            assert not report.failed, report.failed


def environment(home: Path, redis: str, models: Path, **settings: str) -> dict[str, str]:
    """Return the environment of an installation in `home`; nothing of this process's own settings is inherited."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSWERBACK_", "OPENAI_"))}
    return {
        **kept,
        "ANSWERBACK_HOME": str(home),
        "ANSWERBACK_REDIS_URL": redis,
        "ANSWERBACK_MODEL_DIR": str(models),
        "ANSWERBACK_API_KEY": KEY,
        "ANSWERBACK_FLOWER_PORT": str(free_port()),
        "ANSWERBACK_RATE_LIMIT": "1000000/minute",
        "ANSWERBACK_LOG_LEVEL": "warning",
        **settings,
    }


@contextlib.contextmanager
def stack(
    home: Path,
    models: Path,
    *,
    workers: Sequence[str] = ("answer",),
    web: bool = True,
    sample: Path | None = None,
    **settings: str,
) -> Iterator[Stack]:
    """Run Valkey, the web server and workers."""
    with contextlib.ExitStack() as exits:
        redis = settings.pop("ANSWERBACK_REDIS_URL", None) or exits.enter_context(valkey())
        port = free_port()
        env = environment(home, redis, models, ANSWERBACK_PORT=str(port), **settings)
        prepare(env, sample=sample)
        made = Stack(env=env, home=home, url=f"http://127.0.0.1:{port}")
        for role in workers:
            process = exits.enter_context(command(made, "worker", role))
            made.pids[role] = process.pid
        if web:
            process = exits.enter_context(command(made, "web"))
            made.pids["web"] = process.pid
            wait_for(lambda: answers(f"{made.url}/healthz"), what="the web server")
            if "answer" in workers:
                wait_for(lambda: is_ready(made.url), what="readiness")
        yield made


@contextlib.contextmanager
def command(made: Stack, *arguments: str) -> Iterator[Any]:
    """Run one command of the product within an installation."""
    log = made.home / f"{'-'.join(arguments)}.log"
    with running([sys.executable, "-m", "worker.cli", *arguments], env=made.env, log=log) as process:
        yield process


def is_ready(url: str) -> bool:
    """Whether an installation says that it is ready."""
    try:
        return answers(f"{url}/readyz")
    except urllib.error.HTTPError:
        return False
