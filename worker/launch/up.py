"""The whole product on one machine: `answerback up`.

This module prepares the home, checks, brings the parts up in order, and takes them down again.
"""

import fcntl
import os
import shlex
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from redis import Redis
from redis.exceptions import RedisError

from worker import checks
from worker.access.keys import Keys
from worker.conversations import event_feed
from worker.errors import StartupFailed
from worker.launch.local_server import key_file
from worker.launch.supervisor import Supervisor, environment, own_command
from worker.services.accounts import build_accounts, build_secret_box
from worker.settings import Settings
from worker.store import migrate
from worker.store.engine import open_store

Say = Callable[[str], None]

_READY_S = 60.0


def up(settings: Settings, *, say: Say) -> None:
    """Run everything until SIGINT or SIGTERM.

    Raises:
        StartupFailed: with what to do about it; nothing is left running.
    """
    stop = _Stop()
    checks.require([checks.home(settings)])
    with locked(settings) as lock:
        checks.require(
            [
                checks.port_free("web", settings.host, settings.port, "ANSWERBACK_PORT"),
                checks.port_free("flower", settings.flower_host, settings.flower_port, "ANSWERBACK_FLOWER_PORT"),
            ]
        )
        prepare_model(settings, say=say)
        made_key = prepare_database(settings)
        supervisor = Supervisor(settings, lock)
        try:
            supervisor.begin()
            if settings.embedded_redis:
                _wait_for_valkey(settings, supervisor, stop)
            checks.require([checks.redis(settings), checks.broker(settings)])
            _ingest_sample(settings, stop, say=say)
            checks.require([checks.snapshot(settings)])
            supervisor.start_all()
            _wait_until_ready(settings, supervisor, stop)
            if not stop.asked:
                say(_banner(settings, made_key, owner_link(settings)))
            while not stop.wait(1.0):
                supervisor.require_alive()
                supervisor.revive()
        finally:
            say("Stopping …")
            supervisor.end()
            say("Stopped.")


def prepare_model(settings: Settings, *, say: Say) -> None:
    """See that the embedding model is there; one that neither ships nor was exported is exported in another process.

    Raises:
        StartupFailed: it is damaged, or cannot be exported.
    """
    if (settings.embedding_folder / "manifest.json").exists():
        checks.require([checks.model(settings)])
        return
    say(f"Exporting the embedding model {settings.embedding_model}, {settings.embedding_precision} (once) …")
    made = subprocess.run(
        own_command("answerback", "model", "export"), env=environment(settings), stdin=subprocess.DEVNULL
    )
    if made.returncode:
        raise StartupFailed("The embedding model could not be prepared: see the lines above, then try again.")
    checks.require([checks.model(settings)])


def prepare_database(settings: Settings) -> str | None:
    """Migrate, and see that there is a workspace and a key; return the key if it was made now.

    Raises:
        StartupFailed: the database cannot be reached.
    """
    checks.require([checks.home(settings), checks.database(settings, migrated=False)])
    store = open_store(settings.database, pool_size=1, secret_box=build_secret_box(settings))
    try:
        migrate.upgrade(store)
        event_feed.forget_other_cluster(store)
        checks.require([checks.database(settings)])
        return ensure_key(settings, Keys(store))
    finally:
        store.close()


def ensure_key(settings: Settings, keys: Keys) -> str | None:
    """See that the bootstrap key opens the default workspace; return it if it was made now."""
    workspace_id = keys.workspace()
    if settings.api_key is not None:
        keys.make(workspace_id, name="bootstrap", key=settings.api_key)
        return None
    path = key_file(settings)
    if path.exists() and (kept := path.read_text().strip()):
        keys.make(workspace_id, name="bootstrap", key=kept)
        return None
    key = keys.make(workspace_id, name="bootstrap")
    path.touch(mode=0o600)
    path.write_text(key + "\n")
    return key


def owner_link(settings: Settings) -> str | None:
    """Return a new link with which somebody becomes the owner of the default workspace; None if it has one.

    Links that earlier starts returned end.
    """
    store = open_store(settings.database, pool_size=1)
    try:
        workspace_id = Keys(store).workspace()
        accounts = build_accounts(settings, store, None, build_secret_box(settings))
        if accounts.people.has_owner(workspace_id):
            return None
        return accounts.invitations.first_owner(workspace_id)
    finally:
        store.close()


class _Stop:
    """Whether someone asked to stop, by Ctrl-C or SIGTERM."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: object) -> None:
        self.asked = True

    def wait(self, seconds: float) -> bool:
        """Wait; return at once, True, when someone asks."""
        ends = time.monotonic() + seconds
        while not self.asked and time.monotonic() < ends:
            time.sleep(0.05)
        return self.asked


@contextmanager
def locked(settings: Settings) -> Iterator[IO[str]]:
    """Hold the home; supervisord inherits the lock, so that it lasts as long as anything of ours may run."""
    path = settings.home.absolute() / "run" / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise StartupFailed(
                f"Answerback already runs from {settings.home.absolute()} (process {file.read().strip() or '?'}): "
                "stop that one, or set ANSWERBACK_HOME to another folder."
            ) from None
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield file


def _wait_for_valkey(settings: Settings, supervisor: Supervisor, stop: _Stop) -> None:
    client = Redis.from_url(settings.redis, socket_timeout=1.0)
    ends = time.monotonic() + 20
    while time.monotonic() < ends and not stop.asked:
        supervisor.require_alive()
        try:
            client.ping()
            return
        except RedisError:
            time.sleep(0.05)
    if not stop.asked:
        raise StartupFailed(
            f"The embedded Valkey did not start: see {settings.home.absolute() / 'logs' / 'valkey.log'}."
        )


def _ingest_sample(settings: Settings, stop: _Stop, *, say: Say) -> None:
    marker = settings.home.absolute() / "sample-ingested"
    if not settings.with_sample or marker.exists() or stop.asked:
        return
    say("Ingesting the sample knowledge base (once) …")
    made = subprocess.run(
        own_command("answerback", "ingest", "--quiet", str(sample_folder())),
        env=environment(settings),
        stdin=subprocess.DEVNULL,
    )
    if made.returncode:
        raise StartupFailed(
            "The sample articles could not be ingested: see the lines above, or set ANSWERBACK_SAMPLE=off."
        )
    marker.touch()


def sample_folder() -> Path:
    """Where the sample articles are."""
    import kb

    return Path(kb.__file__).parent / "sample"


def _wait_until_ready(settings: Settings, supervisor: Supervisor, stop: _Stop) -> None:
    url = f"{settings.web_address}/readyz"
    ends = time.monotonic() + _READY_S
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < ends and not stop.asked:
        supervisor.require_alive()
        try:
            with directly.open(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            pass
        if given_up := supervisor.given_up():
            raise StartupFailed(f"{', '.join(given_up)} did not start: see {settings.home.absolute() / 'logs'}.")
        time.sleep(0.1)
    if not stop.asked:
        raise StartupFailed(
            f"{url} did not become ready: run `answerback doctor`, and see {settings.home.absolute() / 'logs'}."
        )


def _banner(settings: Settings, made_key: str | None, owner_url: str | None) -> str:
    url = settings.web_address
    if made_key is not None:
        described, key = made_key, made_key
    elif settings.api_key is not None:
        described, key = "as set in ANSWERBACK_API_KEY", "$ANSWERBACK_API_KEY"
    else:
        described = f"kept in {key_file(settings)}"
        key = f"$(cat {shlex.quote(str(key_file(settings)))})"
    owner = f"  Owner    {owner_url}   (choose a password; works once, within 7 days)\n" if owner_url else ""
    chat = f"  Chat     {url}/demo\n" if settings.with_demo else ""
    return f"""
Answerback is ready.

  API      {url}   (docs at {url}/docs)
  Console  {settings.console_address}
{owner}{chat}  Flower   http://{settings.flower_host}:{settings.flower_port}
  API key  {described}
  Logs     {settings.home.absolute() / "logs"}

Try it:

  curl -s {url}/v1/tickets -H "Authorization: Bearer {key}" \\
    -H "Content-Type: application/json" -d '{{"body": "How do I reset my password?"}}'

and then, with the id that it returns:

  curl -s {url}/v1/messages/ID -H "Authorization: Bearer {key}" -H "Prefer: wait=20"

Ctrl-C stops everything; the next start finds it all again.
"""
