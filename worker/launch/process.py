"""The lifecycle of a Celery worker: checks before it starts, parts built after a fork, a graceful stop."""

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

from celery import signals
from kombu.entity import Queue

from worker import checks
from worker.errors import AnswerbackError
from worker.runtime import collector
from worker.services.current import install, installed, uninstall
from worker.services.worker import WorkerContext, build_worker, new_holder
from worker.settings import Settings
from worker.telemetry import logs

if TYPE_CHECKING:
    from worker.services.answering import Answering

log = logs.get(__name__)

#: How long a turn that is under way may go on after a worker was told to stop; then it is given back.
GRACE_S = 8.0

#: A worker that has not passed its checks by then ends.
_START_S = 120.0

#: What a process that its watchdog ends gets on top of the grace, before it ends itself the hard way.
_HARD_END_S = 2.0

_roles: tuple[str, ...] = ()
_worker_context = WorkerContext()
_grace_ends = 0.0


@signals.setup_logging.connect
def _configure_logs(**_signal: Any) -> None:
    logs.configure(Settings.from_env().log_level)


@signals.celeryd_after_setup.connect
def _prepare(instance: Any, **_signal: Any) -> None:
    """Check before anything is consumed: Celery only logs what a later handler raises and says it is ready."""
    global _roles, _worker_context
    _roles = tuple(sorted(instance.app.amqp.queues.consume_from))
    late = threading.Timer(_START_S, os._exit, args=[70])  # nobody watches yet, and whoever hangs here hangs for ever
    late.daemon = True
    late.start()
    try:
        settings = Settings.from_env()
        checks.require(checks.for_worker(settings, _roles))
        _worker_context = _make_worker_context(instance, settings)
        if _forks(instance):
            collector.freeze()  # the child shares what a collection would copy
        else:
            _start(settings)
    except AnswerbackError as error:
        log.error("worker_not_started", code=error.code, problem=str(error))
        raise SystemExit(1) from None
    except Exception:  # Celery would log it and consume hints without anything that works them off
        log.exception("worker_not_started")
        raise SystemExit(1) from None
    finally:
        late.cancel()


def _forks(instance: Any) -> bool:
    return bool(instance.pool_cls.__module__.endswith("prefork"))


def _make_worker_context(instance: Any, settings: Settings) -> WorkerContext:
    """Give the worker a queue of its own for canaries; several forked children would take each other's."""
    if _forks(instance) and instance.concurrency != 1:
        return WorkerContext(slots=instance.concurrency, end=_end)
    name = f"canary.{new_holder()}"
    amqp = settings.broker.startswith("amqp")
    kind = {"x-queue-type": "classic"} if amqp else None  # it goes with its worker: nothing in it is worth a quorum
    expires = 60.0 if amqp else None
    queue = Queue(  # type: ignore[no-untyped-call]
        name, routing_key=name, auto_delete=True, expires=expires, queue_arguments=kind, no_declare=not amqp
    )
    instance.app.amqp.queues.select_add(queue)
    subscribed = (lambda: True) if _forks(instance) else (lambda: _asks_for(instance, _roles))
    return WorkerContext(canaries=name, slots=instance.concurrency, end=_end, subscribed=subscribed)


def _asks_for(instance: Any, roles: tuple[str, ...]) -> bool:
    """Whether the consumer asks the broker for its queues; while it connects anew, it does not."""
    consumer = getattr(getattr(instance, "consumer", None), "task_consumer", None)
    return consumer is not None and all(consumer.consuming_from(role) for role in roles)


@signals.worker_process_init.connect
def _start_child(**_signal: Any) -> None:
    logs.configure(Settings.from_env().log_level)
    _start(Settings.from_env())


def _start(settings: Settings) -> None:
    install(build_worker(settings, roles=_roles, context=_worker_context)).start()


def _end() -> None:
    """End this worker because it works no more: softly, and then in any case."""
    forked = os.getpid() != _worker_pid
    celery_pid = os.getppid() if forked else os.getpid()

    def end_hard() -> None:
        if forked:
            os.kill(celery_pid, signal.SIGKILL)
        os._exit(70)  # EX_SOFTWARE

    timer = threading.Timer(GRACE_S + _HARD_END_S, end_hard)
    timer.daemon = True
    timer.start()
    worker = installed()
    if worker is not None:
        worker.common.counters.add("workers_stalled")
    os.kill(celery_pid, signal.SIGTERM)


_worker_pid = os.getpid()


@signals.worker_shutting_down.connect
def _land(**_signal: Any) -> None:
    """Let what runs finish within the grace, then give it back: another worker takes it at once."""
    worker = installed()
    if worker is None:  # the parent of forked workers holds nothing
        return
    global _grace_ends
    _grace_ends = time.monotonic() + GRACE_S
    worker.stopping.set()
    worker.watchdog.stop()  # what stops is not stalled
    if worker.answering is not None:
        threading.Thread(target=_give_back, args=(worker.answering,), name="landing", daemon=True).start()


def _give_back(answering: "Answering") -> None:
    _wait_for_turns(answering)
    answering.leases.release_all()


def _wait_for_turns(answering: "Answering") -> None:
    while len(answering.leases) and time.monotonic() < _grace_ends:
        time.sleep(0.05)


@signals.worker_shutdown.connect
@signals.worker_process_shutdown.connect
def _stop(**_signal: Any) -> None:
    worker = uninstall()
    if worker is not None:
        if worker.answering is not None:  # Celery waited for its tasks, and knows nothing of turns that a sweep began
            _wait_for_turns(worker.answering)
        worker.stop()


@signals.task_prerun.connect
def _bind(task_id: str, task: Any, **_signal: Any) -> None:
    logs.bind(task_id=task_id, task=task.name)
    worker = installed()
    if worker is not None:
        worker.watchdog.task_began()


@signals.task_postrun.connect
def _unbind(**_signal: Any) -> None:
    worker = installed()
    if worker is not None:
        worker.watchdog.task_ended()
    logs.unbind()
