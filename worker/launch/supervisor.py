"""supervisord runs the processes of `answerback up`, and starts again what dies."""

import ctypes
import os
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any
from xmlrpc.client import Fault, ServerProxy

from worker import checks
from worker.errors import StartupFailed
from worker.settings import Settings

_STOP_S = 14.0

#: What runs beside the embedded Valkey; each command is the one to type by hand.
PROGRAMS = {
    "web": ["answerback", "web"],
    "answer": ["answerback", "worker", "answer"],
    "callback": ["answerback", "worker", "callback"],
    "ingest": ["answerback", "worker", "ingest"],
    "flower": ["answerback", "flower"],
}


class Supervisor:
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
        if self._run.lstat().st_uid != os.getuid() or self._run.is_symlink():  # it may lie where everybody may write
            raise StartupFailed(f"{self._run} belongs to somebody else: remove it, or set a shorter ANSWERBACK_HOME.")
        config = home / "run" / "supervisord.conf"
        config.write_text(_configuration(self._settings, self._socket))
        (home / "run" / "valkey.conf").write_text(_valkey_configuration(self._settings))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "--nodaemon", "--configuration", str(config)],
            env=environment(self._settings),
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
        found = self._proxy().supervisor.getAllProcessInfo()
        return [f"{info['group']}:{info['name']}" for info in found if info["statename"] == "FATAL"]

    def revive(self) -> None:
        """Start again what was given up: a server that was unavailable for long comes back too."""
        with suppress(OSError, Fault):
            for name in self.given_up():
                self._proxy().supervisor.startProcess(name, False)

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


def own_command(name: str, *arguments: str) -> list[str]:
    """Return a command of this very installation, whatever the PATH is."""
    if name == "answerback":
        return [sys.executable, "-m", "worker.cli", *arguments]
    return [name, *arguments]


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment of every process that is started: this one's, with the home made absolute."""
    paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
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
    parts += [program(name, own_command(*command), start=False) for name, command in PROGRAMS.items()]
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
