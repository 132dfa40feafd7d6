"""Celery's settings, read when a worker or a hint needs them. Each has a measured reason in docs/decisions/."""

from kombu import Queue

from worker.hints import QUEUES
from worker.settings import Settings

_settings = Settings.from_env()
_amqp = _settings.broker.startswith("amqp")

broker_url = _settings.broker
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
broker_connection_timeout = 4
broker_pool_limit = 10
broker_heartbeat = 5  # AMQP: the same; Celery's default notices after four minutes
broker_transport_options = (
    {"confirm_publish": True}
    if _amqp
    else {
        "max_connections": _settings.answer_concurrency + 50,
        "socket_keepalive": True,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "health_check_interval": 3,  # a half-open connection is noticed after two of these, before the watchdog does
        "global_keyprefix": f"{_settings.redis_prefix}celery:",
    }
)

imports = ("worker.launch.process", "tasks.answer", "tasks.callback", "tasks.knowledge", "tasks.canary")
task_queues = [
    Queue(name, routing_key=name, queue_arguments={"x-queue-type": "quorum"} if _amqp else None)
    for name in sorted(set(QUEUES.values()))
]
task_routes = {task: {"queue": queue} for task, queue in QUEUES.items()}
task_default_queue = "answer"
task_default_queue_type = "quorum" if _amqp else "classic"
task_create_missing_queues = False

task_serializer = "json"
accept_content = ["json"]
task_ignore_result = True
task_store_errors_even_if_ignored = False
result_backend = None

# A task is a hint: acknowledged early, never scheduled, never retried by Celery.
task_acks_late = False
worker_prefetch_multiplier = 1
worker_disable_prefetch = False
worker_concurrency = _settings.answer_concurrency
worker_cancel_long_running_tasks_on_connection_loss = False
worker_consumer = "worker.launch.consumer:Consumer"
worker_detect_quorum_queues = True

worker_hijack_root_logger = False
worker_send_task_events = True  # Flower shows them
task_send_sent_event = False
event_queue_prefix = "celeryev"
