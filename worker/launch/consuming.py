"""Run a Celery worker without Celery's command line: `python -m worker.launch.consuming QUEUE`.

The command line loads a terminal, a shell and Flower into every worker: 25 MB each.
"""

import os
import sys
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Pool:
    """How the tasks of a queue run: Celery's pool, and how many at once (None: ANSWERBACK_ANSWER_CONCURRENCY)."""

    name: str
    concurrency: int | None


POOLS = {
    "answer": Pool(name="threads", concurrency=None),
    "callback": Pool(name="threads", concurrency=16),
    "ingest": Pool(name="prefork", concurrency=1),
}


def consume(queue: str) -> int:
    """Consume one queue until a signal ends it; return the exit status."""
    from celery.utils.nodenames import default_nodename, host_format

    from worker.app import app

    pool = POOLS[queue]
    # Two of one name on one machine would fight for the queue of remote control, which RabbitMQ refuses.
    hostname = host_format(default_nodename(f"{queue}-{os.getpid()}@%h"))
    worker = app.Worker(
        hostname=hostname,
        pool_cls=pool.name,
        concurrency=pool.concurrency,
        queues=[queue],
        without_gossip=True,
        without_mingle=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


def main() -> None:
    """Consume the queue that the command line names."""
    (queue,) = sys.argv[1:]
    sys.argv = ["-m", "worker.launch.consuming", queue]  # what Celery executes again on SIGHUP
    sys.exit(consume(queue))


if __name__ == "__main__":
    main()
