"""What the web server starts with."""

from dataclasses import replace

import pytest

from worker.services.front import build_front


@pytest.fixture
def build(settings):
    built = []

    def do(**changes):
        built.append(build_front(replace(settings, **changes)))
        return built[-1]

    yield do
    for front in built:
        front.close(timeout_s=0.1)


def test_the_front_starts_while_redis_is_down(build, tmp_path):
    front = build()
    assert front.intake is not None
    assert not (tmp_path / "answerback.db").exists()  # nothing has connected


def test_the_length_of_queues_is_asked_of_a_redis_broker_alone(build):
    front = build()
    assert front.broker_redis is front.redis
    elsewhere = build(broker_url="redis://127.0.0.1:2/3").broker_redis
    assert elsewhere.connection_pool.connection_kwargs["port"] == 2
    assert build(broker_url="amqp://127.0.0.1:1//").broker_redis is None
