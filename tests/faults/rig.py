"""An installation to be mistreated: real processes, a real Valkey, a real database, a model server, a receiver."""

import contextlib
import fcntl
import http.client
import http.server
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import standardwebhooks

from kb import shipped
from tests.faults.checker import Received, Sent, Tables, Verdict, check, read_tables
from tests.support.processes import ROOT, answers, free_port, is_stopped, model_server, running, wait_for
from tests.support.proxy import Proxy
from tests.support.servers import RABBITMQ, postgresql_schema
from tests.support.stack import KEY, environment, prepare, services

#: What an installation can stand on: database and broker.
BACKENDS = {
    "sqlite": ("sqlite", "valkey"),
    "postgresql": ("postgresql", "valkey"),
    "rabbitmq": ("postgresql", "rabbitmq"),
}

QUESTIONS = (
    "How do I reset my password?",
    "Where is my parcel?",
    "How long is a gift card valid?",
    "How can I return an item?",
)
_ARTICLES = ("*password*", "*track*", "*gift*", "*return*")


class Valkey:
    """A Valkey on a TCP port, that can be stopped, killed and started again, with or without what it held."""

    def __init__(self, folder: Path, *, append_only: bool = True) -> None:
        self._folder = folder
        self._append_only = append_only
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self, *, empty: bool = False) -> None:
        from worker.checks import valkey_binary

        if empty:
            for path in sorted(self._folder.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        options += ["--appendonly", "yes" if self._append_only else "no", "--maxmemory-policy", "noeviction"]
        self._process = subprocess.Popen(
            [str(valkey_binary()), *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        wait_for(self._answers, what="Valkey")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def pause(self) -> None:
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGCONT)

    def command(self, *words: str) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            parts = [f"*{len(words)}\r\n", *(f"${len(word)}\r\n{word}\r\n" for word in words)]
            connection.sendall("".join(parts).encode())
            return connection.recv(65_536)

    def _answers(self) -> bool:
        return self.command("PING").startswith(b"+PONG")


class Receiver(http.server.ThreadingHTTPServer):
    """Takes callbacks; `behave` tells what it does with each: a status, "slow" (takes it, answers late) or "reset"."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        self.got: list[Received] = []
        self.refused: list[str] = []
        self.behave: Callable[[str, str], str] = lambda _path, _id: "204"
        self.secret: str | None = None
        super().__init__(("0.0.0.0", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url_of(self, path: str) -> str:
        """Return a URL whose origin is that of its path alone, as every receiver has its own."""
        host = zlib.crc32(path.encode()) % 200 + 2
        return f"http://127.0.0.{host}:{self.server_port}/{path}"

    def handle_error(self, _request: Any, _client: Any) -> None:
        """A sender that was killed is no news."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.server.secret is not None:
            try:
                standardwebhooks.Webhook(self.server.secret).verify(body, dict(self.headers))
            except standardwebhooks.WebhookVerificationError as error:
                self.server.refused.append(str(error))
        how = self.server.behave(self.path, self.headers["webhook-id"])
        self.server.got.append(Received(time.time(), self.headers["webhook-id"], self.path, body, how))
        if how == "reset":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        if how == "slow":
            time.sleep(25)
        if how in ("200 drip", "200 big"):  # taken, but the rest of the answer is not worth waiting for
            self.send_response(200)
            self.send_header("content-length", str(10_000_000))
            self.end_headers()
            with contextlib.suppress(OSError):
                for _ in range(10_000 if how == "200 big" else 25):
                    self.wfile.write(b"x" * (1_000 if how == "200 big" else 1))
                    time.sleep(0 if how == "200 big" else 1)
            self.close_connection = True
            return
        self.send_response(int(how) if how.isdigit() else 204)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        pass


class NotStarted(TimeoutError):
    """Processes live, but were not ready in time, as on a busy machine."""


class Rig:
    """One installation, its clients and what they know."""

    def __init__(self, exits: contextlib.ExitStack, backend: str, home: Path, **settings: str) -> None:
        self.exits = exits
        self.backend = backend
        database, broker = BACKENDS[backend]
        self.home = home
        self.sent: list[Sent] = []
        self.failures: list[str] = []
        self.retried: list[str] = []
        self.plant = ""  # a bug in every process: see plants
        self._guard = threading.Lock()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.model = exits.enter_context(model_server())
        self.receiver = Receiver()
        exits.callback(self.receiver.shutdown)
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="ab-", dir="/tmp")))
        self.valkey = Valkey(folder)
        exits.callback(self.valkey.kill)
        self.redis_proxy = self._proxy(("127.0.0.1", self.valkey.port))
        env = {
            "OPENAI_BASE_URL": f"{self.model}/v1",
            "ANSWERBACK_MODELS": "good",
            "ANSWERBACK_CALLBACK_ALLOW": "127.0.0.0/8",
            "ANSWERBACK_BURST": "each",
            "ANSWERBACK_MAX_REPLIES_PER_HOUR": "0",  # the same few questions in quick succession
            "ANSWERBACK_REDIS_PREFIX": f"faults-{uuid.uuid4().hex[:8]}:",
            "ANSWERBACK_WEB_WORKERS": "2",
        }
        self.broker_proxy = self.redis_proxy
        if broker == "rabbitmq":
            self.broker_proxy = self._proxy(("127.0.0.1", 5672))
            env["ANSWERBACK_BROKER_URL"] = RABBITMQ.replace(":5672", f":{self.broker_proxy.port}")
        self.database_proxy: Proxy | None = None
        self.tables_url = f"sqlite:///{home / 'answerback.db'}"
        if database == "postgresql":
            url = exits.enter_context(postgresql_schema())
            self.tables_url = url
            self.database_proxy = self._proxy(("127.0.0.1", 5432))
            env["ANSWERBACK_DATABASE_URL"] = url.replace(":5432", f":{self.database_proxy.port}")
        env |= settings
        #: Settings that lead to the servers themselves, not to the proxies.
        self.direct = {"ANSWERBACK_REDIS_URL": f"redis://127.0.0.1:{self.valkey.port}/0"}
        if broker == "rabbitmq":
            self.direct["ANSWERBACK_BROKER_URL"] = RABBITMQ
        env.setdefault("ANSWERBACK_ANSWER_CACHE_S", "0")  # the same few questions: each is to be worked on
        self.env = environment(
            home,
            f"redis://127.0.0.1:{self.redis_proxy.port}/0",
            shipped.models(),
            ANSWERBACK_PORT=str(free_port()),
            **env,
        )
        self.url = f"http://127.0.0.1:{self.env['ANSWERBACK_PORT']}"
        articles = home / "articles"
        articles.mkdir(parents=True)
        for pattern in _ARTICLES:
            for path in (ROOT / "kb" / "sample").glob(pattern):
                (articles / path.name).write_bytes(path.read_bytes())
        prepare(self.env, sample=articles)
        with services(self.env) as built:
            self.receiver.secret = built.keys.callback_secret(built.keys.workspace())

    def _proxy(self, target: tuple[str, int]) -> Proxy:
        proxy = Proxy(target)
        self.exits.callback(proxy.close)
        return proxy

    # -- processes ---------------------------------------------------------------------------------------------------

    def start(self, name: str, *arguments: str, plant: str = "", wait: bool = True, **settings: str) -> None:
        """Start a command of the product under a name; `plant` is what the process does wrong, see plants."""
        seen = len(self.workers()) if wait else 0
        env = {**self.env, **settings}
        plant = plant or self.plant
        if plant:
            env |= {"FAULT_PLANT": plant, "PYTHONPATH": f"{ROOT / 'tests' / 'faults' / 'plants'}{os.pathsep}{ROOT}"}
        command = [sys.executable, "-m", "worker.cli", *arguments]
        self.processes[name] = self.exits.enter_context(running(command, env=env, log=self.home / f"{name}.log"))
        if wait:
            self._wait_for({name: arguments}, seen)

    def start_together(self, commands: Mapping[str, tuple[str, ...]]) -> None:
        """Start several commands, by name, at once: most of a start is imports, for which there are several cores."""
        seen = len(self.workers())
        for name, arguments in commands.items():
            self.start(name, *arguments, wait=False)
        self._wait_for(commands, seen)

    def _wait_for(self, commands: Mapping[str, tuple[str, ...]], seen: int) -> None:
        """Wait until these commands, by name, are ready; `seen` workers had reported before they were started.

        Raises:
            NotStarted: all of them live, and are not ready in time.
            RuntimeError: one of them ended.
        """
        started = [arguments[0] for arguments in commands.values()]
        workers = seen + started.count("worker")
        try:
            wait_for(lambda: len(self.workers()) >= workers, timeout_s=90, what=f"{workers - seen} workers")
            if "web" in started:
                wait_for(lambda: answers(f"{self.url}/healthz"), timeout_s=90, what="the web server")
        except TimeoutError as error:
            if all(self.processes[name].poll() is None for name in commands):
                raise NotStarted(str(error)) from error
            raise RuntimeError("\n".join(self.ends())) from error

    def tracebacks(self, name: str) -> list[str]:
        """Return how each failure that a process logged ended."""
        log = (self.home / f"{name}.log").read_text(errors="replace")
        return [part.strip()[-1_500:] for part in log.split("request_failed")[1:]]

    def ends(self) -> list[str]:
        """Return of each process whether it lives and the last that it said, to find out what went wrong."""
        told = []
        for name, process in self.processes.items():
            lines = (self.home / f"{name}.log").read_text(errors="replace").splitlines()
            code = process.poll()
            told.append(f"{name} {'lives' if code is None else f'ended with {code}'}:")
            told += [f"    {line[:300]}" for line in lines[-6:]]
        return told

    def workers(self) -> set[str]:
        """Return the workers that said that they live, now or before."""
        tables = Tables(self.tables_url)
        try:
            return {row["id"] for row in tables.rows("SELECT id FROM process")}
        finally:
            tables.close()

    def freeze(self, name: str) -> None:
        """Stop a process between two of its writes: on SQLite one that is stopped in a write holds up all others."""
        with contextlib.ExitStack() as nobody_writes:
            if self.tables_url.startswith("sqlite"):
                turn = nobody_writes.enter_context((self.home / "answerback.db.turn").open("r+b"))
                fcntl.flock(turn, fcntl.LOCK_EX)
            self.signal(name, signal.SIGSTOP)
            # A thread that waits for the lock when the signal comes could still get it if it were let go at once.
            wait_for(lambda: is_stopped(self.processes[name].pid), what=f"{name} to stop")

    def signal(self, name: str, number: int) -> None:
        """Signal a process; SIGKILL takes its whole group, as a machine that dies would."""
        process = self.processes[name]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number) if number == signal.SIGKILL else os.kill(process.pid, number)
        if number == signal.SIGKILL:
            process.wait()

    def restart_when_it_dies(self, name: str, *arguments: str, plant: str = "", **settings: str) -> Callable[[], int]:
        """Do as a supervisor does; return a function that stops it and tells how often it restarted."""
        stop, count = threading.Event(), [0]

        def watch() -> None:
            while not stop.wait(0.2):
                if self.processes[name].poll() is not None and not stop.is_set():
                    count[0] += 1
                    self.start(name, *arguments, plant=plant, wait=False, **settings)

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()

        def end() -> int:
            stop.set()
            thread.join(30)
            return count[0]

        self.exits.callback(end)
        return end

    # -- clients -----------------------------------------------------------------------------------------------------

    def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, timeout_s: float = 20.0
    ) -> tuple[int, Any]:
        """Send a request on a connection of its own; returns status and JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", int(self.env["ANSWERBACK_PORT"]), timeout=timeout_s)
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            data = response.read()
            return response.status, json.loads(data) if data else None
        finally:
            connection.close()

    def post(self, path: str, data: bytes, media_type: str) -> int:
        """Post bytes as they are; return the status."""
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": media_type}
        request = urllib.request.Request(self.url + path, data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=20) as response:
            return int(response.status)

    def submit(
        self,
        talk: str,
        text: str | None = None,
        *,
        thread: str = "",
        callback: str | bool = False,
        key: str | None = None,
        timeout_s: float = 60.0,
        deadline_s: float = 300.0,
    ) -> Sent:
        """Submit a ticket to the conversation `talk` (an external id), as a careful client: again until it is accepted.

        Every failure that the client saw is kept in `failures`.
        """
        one = Sent(key=key or uuid.uuid4().hex, thread=thread or talk, at=time.time(), callback=bool(callback))
        body = {"body": text or random.choice(QUESTIONS), "external_id": talk, "deadline_s": deadline_s}
        if callback:
            body["callback_url"] = self.receiver.url_of(callback if isinstance(callback, str) else "ok")
        ends = time.monotonic() + timeout_s
        while True:
            one.tries += 1
            try:
                status, shown = self.call("POST", "/v1/tickets", body, key=one.key)
            except (OSError, http.client.HTTPException) as error:
                status, shown = 0, repr(error)
            if status == 202:
                one.ids.append(shown["id"])
                one.accepted_at = time.time()
                break
            with self._guard:
                self.failures.append(f"{status} {shown if status == 0 else shown.get('code')}")
            if status not in (0, 503, 409) or time.monotonic() > ends:
                break
            time.sleep(0.2)
        with self._guard:
            self.sent.append(one)
        return one

    def insist(self, method: str, path: str, body: Any = None, *, timeout_s: float = 60.0) -> tuple[int, Any]:
        """Send a request until it is answered with something else than 503."""
        ends = time.monotonic() + timeout_s
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, shown = self.call(method, path, body)
                if status != 503 or time.monotonic() > ends:
                    return status, shown
            if time.monotonic() > ends:
                return 0, None
            time.sleep(0.2)

    def cancel(self, one: Sent, *, timeout_s: float = 60.0) -> None:
        """Cancel a message, as a careful client: again until there is an answer."""
        ends = time.monotonic() + timeout_s
        while time.monotonic() < ends:
            try:
                status, shown = self.call("POST", f"/v1/messages/{one.ids[0]}/cancel")
            except (OSError, http.client.HTTPException) as error:
                status, shown = 0, {"code": repr(error)}
            if status in (200, 409):
                one.cancelled = status == 200
                return
            with self._guard:
                self.failures.append(f"{status} {shown['code']}")
            time.sleep(0.2)

    def submit_many(self, count: int, *, talks: int, clients: int = 8, **options: Any) -> list[Sent]:
        """Submit `count` messages to `talks` conversations, each conversation by one client, in order."""
        name = uuid.uuid4().hex[:6]
        per_talk = [f"{name}-{number}" for number in range(talks)]

        def write(number: int) -> list[Sent]:
            mine = per_talk[number::clients]
            return [
                self.submit(talk, **options)
                for turn in range(-(-count // talks))
                for place, talk in enumerate(mine)
                if turn * talks + place * clients + number < count
            ]

        with ThreadPoolExecutor(clients) as pool:
            return [one for sent in pool.map(write, range(clients)) for one in sent]

    def control(self, **settings: Any) -> dict[str, Any]:
        """Change how the model behaves, or read what it saw."""
        data = json.dumps(settings).encode() if settings else None
        request = urllib.request.Request(
            f"{self.model}/control", data=data, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=5) as response:
            return json.load(response)

    def wait_until_all_ended(self, *, timeout_s: float = 90.0) -> bool:
        """Wait for every message, and for every callback that was asked for; return whether they came in time."""
        wanted = {one.ids[0] for one in self.sent if one.ids and one.callback}
        ends = time.monotonic() + timeout_s
        while time.monotonic() < ends:
            tables = Tables(self.tables_url)
            try:
                (left,) = tables.rows(
                    "SELECT count(*) AS n FROM message WHERE state IN ('queued', 'running') AND role = 'customer'"
                )
                (owed,) = tables.rows("SELECT count(*) AS n FROM delivery WHERE state = 'pending'")
            finally:
                tables.close()
            if left["n"] == 0 and (owed["n"] == 0 or not wanted):
                return True
            time.sleep(0.1)
        return False

    def verdict(self) -> Verdict:
        """Ask the checker."""
        ids = list(dict.fromkeys(id for one in self.sent for id in one.ids))

        def show(id: str) -> Any:
            status, shown = self.call("GET", f"/v1/messages/{id}")
            return shown if status == 200 else None

        with ThreadPoolExecutor(8) as pool:
            shown = {id: one for id, one in zip(ids, pool.map(show, ids), strict=True) if one is not None}
        tables = read_tables(self.tables_url)
        each = self.env["ANSWERBACK_BURST"] == "each"
        return check(self.sent, tables, shown=shown, received=self.receiver.got, retried=self.retried, each=each)

    def counters(self) -> Mapping[str, int]:
        """Return what the product counted."""
        time.sleep(1.2)
        return self.call("GET", "/v1/status")[1]["counters"]


@contextlib.contextmanager
def rig(backend: str = "sqlite", **settings: str) -> Iterator[Rig]:
    """An installation on a backend, without any process yet."""
    with tempfile.TemporaryDirectory(prefix="faults-") as home, contextlib.ExitStack() as exits:
        made = Rig(exits, backend, Path(home), **settings)
        try:
            yield made
        finally:
            if keep := os.environ.get("FAULTS_KEEP"):  # a folder to look into afterwards
                shutil.copytree(home, Path(keep) / Path(home).name)
