"""The whole product on one machine: `answerback up`.

supervisord runs the processes and starts again what dies; this module prepares the home, checks, brings the parts up
in order, and takes them down again.
"""

import ctypes
import fcntl
import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any
from xmlrpc.client import Fault, ServerProxy

from redis import Redis
from redis.exceptions import RedisError

from worker import checks
from worker.access import Keys
from worker.errors import StartupFailed
from worker.settings import Settings
from worker.store import migrate
from worker.store.engine import open_store

Say = Callable[[str], None]

_STOP_S = 14.0
_READY_S = 60.0

#: What runs beside the embedded Valkey; each command is the one to type by hand.
PROGRAMS = {
    "web": ["answerback", "web"],
    "answer": ["answerback", "worker", "answer"],
    "callback": ["answerback", "worker", "callback"],
    "ingest": ["answerback", "worker", "ingest"],
    "flower": ["answerback", "flower"],
}


def up(settings: Settings, *, say: Say) -> None:
    """Run everything until SIGINT or SIGTERM.

    Raises:
        StartupFailed: with what to do about it; nothing is left running.
    """
    stop = _Stop()
    checks.require([checks.home(settings)])
    with _locked(settings) as lock:
        checks.require(
            [
                checks.port_free("web", settings.host, settings.port, "ANSWERBACK_PORT"),
                checks.port_free("flower", settings.flower_host, settings.flower_port, "ANSWERBACK_FLOWER_PORT"),
            ]
        )
        prepare_model(settings, say=say)
        made_key = prepare_database(settings)
        supervisor = _Supervisor(settings, lock)
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
                say(_banner(settings, made_key))
            while not stop.wait(1.0):
                supervisor.require_alive()
        finally:
            say("Stopping …")
            supervisor.end()
            say("Stopped.")


def prepare_model(settings: Settings, *, say: Say) -> None:
    """Export the embedding model if that was not done yet, in a process of its own: it needs torch."""
    if (settings.embedding_folder / "manifest.json").exists():
        checks.require([checks.model(settings)])
        return
    say(f"Preparing the embedding model {settings.embedding_model} (once) …")
    made = subprocess.run(_command("answerback", "model"), env=_environment(settings), stdin=subprocess.DEVNULL)
    if made.returncode:
        raise StartupFailed("The embedding model could not be prepared: see the lines above, then try again.")
    checks.require([checks.model(settings)])


def prepare_database(settings: Settings) -> str | None:
    """Migrate, and see that there is a workspace and a key; return the key if it was made now.

    Raises:
        StartupFailed: the database cannot be reached.
    """
    checks.require([checks.home(settings), checks.database(settings, migrated=False)])
    store = open_store(settings.database, pool_size=1)
    try:
        migrate.upgrade(store)
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


def key_file(settings: Settings) -> Path:
    """Where a key that was made is kept."""
    return settings.home.absolute() / "api-key"


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
def _locked(settings: Settings) -> Iterator[IO[str]]:
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


class _Supervisor:
    """supervisord, and what it says through its socket."""

    def __init__(self, settings: Settings, lock: IO[str]) -> None:
        self._settings = settings
        self._lock = lock
        self._run = settings.valkey_socket.parent
        self._socket = self._run / "supervisor.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start supervisord with the embedded Valkey, if that is used, and nothing else."""
        home = self._settings.home.absolute()
        for folder in (self._run, home / "logs", home / "valkey"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        config = home / "run" / "supervisord.conf"
        config.write_text(_configuration(self._settings, self._socket))
        (home / "run" / "valkey.conf").write_text(_valkey_configuration(self._settings))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "--nodaemon", "--configuration", str(config)],
            env=_environment(self._settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(home / "logs" / "supervisord.err").open("w"),
            pass_fds=(self._lock.fileno(),),
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )
        ends = time.monotonic() + 10
        while time.monotonic() < ends:
            self.require_alive()
            try:
                self._proxy().supervisor.getState()
                return
            except (OSError, Fault):
                time.sleep(0.05)
        raise StartupFailed(f"supervisord did not start: see {home / 'logs'}.")

    def start_all(self) -> None:
        """Start everything else, at once."""
        self._proxy().supervisor.startProcessGroup("answerback", False)

    def require_alive(self) -> None:
        """Raise StartupFailed when supervisord ended."""
        if self._process is None or self._process.poll() is not None:
            raise StartupFailed(f"supervisord ended: see {self._settings.home.absolute() / 'logs'}.")

    def given_up(self) -> list[str]:
        """Return the programs that ended so often that they are not started again."""
        return [info["name"] for info in self._proxy().supervisor.getAllProcessInfo() if info["statename"] == "FATAL"]

    def end(self) -> None:
        """Stop everything: the programs together, then Valkey; kill what does not stop in time."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            for pid in self._pids():
                with suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
            self._process.kill()
            self._process.wait()

    def _pids(self) -> list[int]:
        """Return the leaders of the programs' process groups."""
        try:
            return [info["pid"] for info in self._proxy().supervisor.getAllProcessInfo() if info["pid"]]
        except (OSError, Fault):
            return []

    def _proxy(self) -> Any:
        from supervisor.xmlrpc import SupervisorTransport

        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        return ServerProxy("http://127.0.0.1", transport=transport)


def _end_with_parent() -> None:
    """Ask Linux to send SIGTERM when the parent dies, even by SIGKILL; elsewhere the lock tells the next start."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _command(name: str, *arguments: str) -> list[str]:
    """Return a command of this very installation, whatever the PATH is."""
    if name == "answerback":
        return [sys.executable, "-m", "worker.cli", *arguments]
    return [name, *arguments]


def _environment(settings: Settings) -> dict[str, str]:
    paths = [str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "ANSWERBACK_HOME": str(settings.home.absolute()),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }


def _configuration(settings: Settings, socket: Path) -> str:
    home = settings.home.absolute()

    def quoted(value: object) -> str:
        return str(value).replace("%", "%%")

    def program(name: str, command: list[str], *, start: bool) -> str:
        return f"""
[program:{name}]
command = {quoted(shlex.join(command))}
directory = {quoted(Path.cwd())}
autostart = {str(start).lower()}
autorestart = true
startsecs = 2
startretries = 20
stopsignal = TERM
stopwaitsecs = 10
killasgroup = true
redirect_stderr = true
stdout_logfile = {quoted(home / "logs" / f"{name}.log")}
stdout_logfile_maxbytes = 20MB
stdout_logfile_backups = 3
"""

    parts = [
        f"""[unix_http_server]
file = {quoted(socket)}
chmod = 0700

[supervisord]
logfile = {quoted(home / "logs" / "supervisord.log")}
pidfile = {quoted(home / "run" / "supervisord.pid")}
childlogdir = {quoted(home / "logs")}
loglevel = info
silent = true

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[group:answerback]
programs = {",".join(PROGRAMS)}
priority = 20
"""
    ]
    parts += [program(name, _command(*command), start=False) for name, command in PROGRAMS.items()]
    if settings.embedded_redis:
        parts.append("\n[group:store]\nprograms = valkey\npriority = 10\n")
        valkey = [str(checks.valkey_binary()), str(home / "run" / "valkey.conf")]
        parts.append(program("valkey", valkey, start=True))
    return "".join(parts)


def _valkey_configuration(settings: Settings) -> str:
    """Append-only, so that a restart keeps queues and sessions; never evicting, so that nothing queued vanishes."""
    return f"""port 0
unixsocket "{settings.valkey_socket}"
unixsocketperm 700
dir "{settings.home.absolute() / "valkey"}"
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
daemonize no
loglevel notice
"""


def _wait_for_valkey(settings: Settings, supervisor: _Supervisor, stop: _Stop) -> None:
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
        _command("answerback", "ingest", "--quiet", str(sample_folder())),
        env=_environment(settings),
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


def _wait_until_ready(settings: Settings, supervisor: _Supervisor, stop: _Stop) -> None:
    url = f"{_address(settings)}/readyz"
    ends = time.monotonic() + _READY_S
    while time.monotonic() < ends and not stop.asked:
        supervisor.require_alive()
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
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


def _address(settings: Settings) -> str:
    everywhere = ("0.0.0.0", "::")  # noqa: S104 - asked about, not bound
    host = "127.0.0.1" if settings.host in everywhere else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _banner(settings: Settings, made_key: str | None) -> str:
    address = _address(settings)
    if made_key is not None:
        shown, key = made_key, made_key
    elif settings.api_key is not None:
        shown, key = "as set in ANSWERBACK_API_KEY", "$ANSWERBACK_API_KEY"
    else:
        shown = f"kept in {key_file(settings)}"
        key = f"$(cat {shlex.quote(str(key_file(settings)))})"
    return f"""
Answerback is ready.

  API      {address}   (docs at {address}/docs)
  Flower   http://{settings.flower_host}:{settings.flower_port}
  API key  {shown}
  Logs     {settings.home.absolute() / "logs"}

Try it:

  curl -s {address}/v1/tickets -H "Authorization: Bearer {key}" \\
    -H "Content-Type: application/json" -d '{{"body": "How do I reset my password?"}}'

and then, with the id that it returns:

  curl -s {address}/v1/messages/ID -H "Authorization: Bearer {key}" -H "Prefer: wait=20"

Ctrl-C stops everything; the next start finds it all again.
"""
