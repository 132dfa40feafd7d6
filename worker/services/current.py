"""The worker of this process, for tasks and signals: Celery calls them without arguments.

It is kept under the process's id, so that a forked child never uses its parent's connections.
"""

import os
from typing import TYPE_CHECKING

from worker.services.worker import Worker

if TYPE_CHECKING:  # a worker loads the modules of its own roles alone
    from worker.services.answering import Answering
    from worker.services.delivering import Delivering
    from worker.services.ingesting import Ingesting

_workers: dict[int, Worker] = {}


def install(worker: Worker) -> Worker:
    """Make this the worker of this process."""
    _workers.clear()
    _workers[os.getpid()] = worker
    return worker


def installed() -> Worker | None:
    """Return the worker of this process; None before it was built."""
    return _workers.get(os.getpid())


def uninstall() -> Worker | None:
    """Forget the worker of this process and return it."""
    return _workers.pop(os.getpid(), None)


def answering() -> "Answering":
    """Return the answering parts of this process, which consumes the queue `answer`."""
    worker = installed()
    if worker is None or worker.answering is None:
        raise RuntimeError("This process is no answer worker.")
    return worker.answering


def delivering() -> "Delivering":
    """Return the delivering parts of this process, which consumes the queue `callback`."""
    worker = installed()
    if worker is None or worker.delivering is None:
        raise RuntimeError("This process is no delivery worker.")
    return worker.delivering


def ingesting() -> "Ingesting":
    """Return the ingesting parts of this process, which consumes the queue `ingest`."""
    worker = installed()
    if worker is None or worker.ingesting is None:
        raise RuntimeError("This process is no ingest worker.")
    return worker.ingesting
