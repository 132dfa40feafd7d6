"""The gunicorn configuration. `answerback web` passes addresses and sizes on the command line."""

import importlib
import pkgutil
import resource
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]


class StreamingWorker(ThreadWorker):
    """A threaded worker whose connections can be detached for streams (`web.streaming.responses`)."""

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Forget a connection that was detached; gunicorn would close and count it a second time."""
        if conn.sock.fileno() == -1:
            self.nr_conns -= 1
        else:
            super().finish_request(conn, fs)


worker_class = StreamingWorker
timeout = 90  # longer than the longest wait that a client may ask for
graceful_timeout = 8
keepalive = 30
backlog = 2048
limit_request_line = 8190
accesslog = None  # the application logs each request itself, with its ids
control_socket_disable = True

_MAX_OPEN_FILES = 65_536


def on_starting(_server: Any) -> None:
    """Import all that workers need and freeze it, so that they share its memory: a collection writes to every object.

    Importing opens and reads nothing. Configuration is read and connections are opened after the fork.
    """
    import web
    from worker.runtime import collector

    for found in pkgutil.walk_packages(web.__path__, "web."):
        importlib.import_module(found.name)
    collector.freeze()


def post_worker_init(_worker: Any) -> None:
    """Configure logs, file descriptors and garbage collection (frequent full collections took 8 % of the time)."""
    from worker.runtime import collector
    from worker.settings import Settings
    from worker.telemetry import logs

    logs.configure(Settings.from_env().log_level)
    # Each stream needs a file descriptor; the default limit is 1,024.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    collector.freeze()


def worker_exit(_server: Any, worker: Any) -> None:
    """Close the streams, publish the queued hints, and close the services."""
    app = getattr(worker, "wsgi", None)
    if app is not None:
        app.extensions["answerback_streams"].close()
        app.extensions["answerback"].close()
