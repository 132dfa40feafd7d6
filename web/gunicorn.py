"""How gunicorn serves the API. Addresses and sizes come from the command line of `answerback web`."""

import gc
import resource
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]


class StreamingWorker(ThreadWorker):
    """Threads, and connections that are taken from them (`web.streaming.responses`)."""

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Let go of a connection that was taken: closing it once more would count it twice."""
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

_FILES = 65_536


def post_worker_init(_worker: Any) -> None:
    """Structured logs from the first request on; and no full collection every few requests (8 % of the time before)."""
    from worker.settings import Settings
    from worker.telemetry import logs

    logs.configure(Settings.from_env().log_level)
    # A stream takes a file descriptor, and the usual 1,024 are soon gone.
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if most == resource.RLIM_INFINITY else min(most, _FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(now, wanted), most))
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def worker_exit(_server: Any, worker: Any) -> None:
    """End the streams, publish the hints that are still queued, and close."""
    from worker.services import uninstall

    app = getattr(worker, "wsgi", None)
    if app is not None:
        app.extensions["answerback_streams"].close()
    built = uninstall()
    if built is not None:
        built.close()
