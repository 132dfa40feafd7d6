"""What is asked of each broker: a hint is confirmed or fails soon, connections may break, work is in quorum queues."""

import os
import subprocess
import sys
import time

import pytest

from tests.faults.rig import Valkey
from tests.support.processes import ROOT
from tests.support.proxy import Proxy
from tests.support.servers import RABBITMQ, require
from worker import checks
from worker.settings import Settings

BROKERS = ["valkey", pytest.param("rabbitmq", marks=pytest.mark.rabbitmq)]

_PUBLISH = """
import sys, time
from worker.app import app
from worker.hints import DRAIN, QUEUES, publisher
publish = publisher(app)
for line in sys.stdin:
    began = time.monotonic()
    try:
        publish(DRAIN, QUEUES[DRAIN], {"conversation_id": "conv_test"})
        how = "published"
    except Exception as error:
        how = f"failed: {type(error).__name__}"
    print(how, round(time.monotonic() - began, 2), flush=True)
"""


@pytest.fixture(params=BROKERS)
def proxy(request, tmp_path):
    """A proxy in front of a broker; `url` leads through it."""
    if request.param == "rabbitmq":
        require("rabbitmq", RABBITMQ)
        made = Proxy(("127.0.0.1", 5672))
        made.url = RABBITMQ.replace(":5672", f":{made.port}")
        yield made
        made.close()
        return
    folder = tmp_path / "valkey"
    folder.mkdir()
    valkey = Valkey(folder)
    made = Proxy(("127.0.0.1", valkey.port))
    made.url = f"redis://127.0.0.1:{made.port}/0"
    yield made
    made.close()
    valkey.kill()


@pytest.fixture
def publish(proxy, tmp_path):
    """A process that publishes a hint whenever it is asked; returns how it went and how long it took."""
    env = {**os.environ, "ANSWERBACK_HOME": str(tmp_path), "ANSWERBACK_BROKER_URL": proxy.url, "PYTHONPATH": str(ROOT)}
    env |= {"ANSWERBACK_REDIS_PREFIX": "test-brokers:"}
    process = subprocess.Popen(
        [sys.executable, "-c", _PUBLISH], env=env, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def ask() -> tuple[str, float]:
        process.stdin.write("go\n")
        process.stdin.flush()
        how, seconds = process.stdout.readline().rsplit(" ", 1)
        return how, float(seconds)

    yield ask
    process.kill()
    process.wait()


def test_a_connection_that_broke_while_idle_costs_no_hint(proxy, publish):
    assert publish()[0] == "published"
    proxy.reset()
    time.sleep(0.2)
    assert publish()[0] == "published"


def test_a_broker_that_swallows_everything_fails_a_hint_instead_of_holding_it_for_ever(proxy, publish):
    assert publish()[0] == "published"
    proxy.swallow()
    how, seconds = publish()
    assert how.startswith("failed"), "a hint that nobody confirmed passes for published"
    assert seconds < 20
    proxy.heal()
    assert publish()[0] == "published"


def test_a_worker_that_starts_while_the_broker_swallows_everything_fails_and_can_be_started_again(proxy, tmp_path):
    """It would wait for ever otherwise, alive and useless, where nobody watches yet."""
    settings = Settings.from_env({"ANSWERBACK_HOME": str(tmp_path), "ANSWERBACK_BROKER_URL": proxy.url})
    assert checks.run(checks.broker(settings)).problem is None
    proxy.swallow()
    began = time.monotonic()
    assert "cannot be reached" in checks.run(checks.broker(settings)).problem
    assert time.monotonic() - began < 30
    proxy.heal()
    assert checks.run(checks.broker(settings)).problem is None


@pytest.mark.rabbitmq
def test_on_rabbitmq_the_work_is_in_quorum_queues(tmp_path):
    """A queue of another type under the same name is refused, and the refusal tells which type there is."""
    require("rabbitmq", RABBITMQ)
    from amqp.exceptions import PreconditionFailed
    from kombu import Connection, Queue

    env = {**os.environ, "ANSWERBACK_HOME": str(tmp_path), "ANSWERBACK_BROKER_URL": RABBITMQ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", _PUBLISH], env=env, cwd=ROOT, input="go\n", text=True, check=True, timeout=60)
    with Connection(RABBITMQ) as connection:
        classic = Queue("answer", routing_key="answer", durable=True, queue_arguments={"x-queue-type": "classic"})
        with pytest.raises(PreconditionFailed, match="quorum"):
            classic(connection.default_channel).queue_declare()
