"""What happens around a Celery worker's life: checks before it starts, parts built after a fork, a soft landing."""

import threading
import time
from typing import Any

from celery import signals

from worker import checks, logs
from worker.errors import AnswerbackError
from worker.services import Services, install, installed, uninstall
from worker.settings import Settings

log = logs.get(__name__)

#: How long a turn that is under way may go on after a worker was told to stop; then it is given back.
GRACE_S = 8.0

_roles: tuple[str, ...] = ()


@signals.setup_logging.connect
def _configure_logs(**_signal: Any) -> None:
    logs.configure(Settings.from_env().log_level)


@signals.celeryd_after_setup.connect
def _prepare(instance: Any, **_signal: Any) -> None:
    """Check before anything is consumed: Celery only logs what a later handler raises and says it is ready."""
    global _roles
    _roles = tuple(sorted(instance.app.amqp.queues.consume_from))
    try:
        settings = Settings.from_env()
        checks.require(checks.for_worker(settings, _roles))
        if not instance.pool_cls.__module__.endswith("prefork"):
            _start(settings)
    except AnswerbackError as error:
        log.error("worker_not_started", code=error.code, problem=str(error))
        raise SystemExit(1) from None


@signals.worker_process_init.connect
def _start_child(**_signal: Any) -> None:
    logs.configure(Settings.from_env().log_level)
    _start(Settings.from_env())


def _start(settings: Settings) -> None:
    install(Services(settings, roles=_roles)).start()


@signals.worker_shutting_down.connect
def _land(**_signal: Any) -> None:
    """Let what runs finish within the grace, then give it back: another worker takes it at once."""
    built = installed()
    if built is None:  # the parent of forked workers holds nothing
        return
    built.stopping.set()
    if "answer" in built.roles:
        threading.Thread(target=_give_back, args=(built,), name="landing", daemon=True).start()


def _give_back(built: Services) -> None:
    ends = time.monotonic() + GRACE_S
    while len(built.leases) and time.monotonic() < ends:
        time.sleep(0.05)
    built.leases.release_all()


@signals.worker_shutdown.connect
@signals.worker_process_shutdown.connect
def _stop(**_signal: Any) -> None:
    built = uninstall()
    if built is not None:
        built.stop()


@signals.task_prerun.connect
def _bind(task_id: str, task: Any, **_signal: Any) -> None:
    logs.bind(task_id=task_id, task=task.name)


@signals.task_postrun.connect
def _unbind(**_signal: Any) -> None:
    logs.unbind()
