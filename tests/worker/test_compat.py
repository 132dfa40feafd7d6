"""Each use of a private part of a library works with the installed version of it."""

import contextlib

import httpcore
import httpx
import openai
import sqlalchemy as sa
from circuitbreaker import CircuitBreaker
from sqlalchemy.dialects import sqlite

from worker import compat


def test_a_counted_failure_opens_the_breaker_at_its_threshold():
    breaker = CircuitBreaker(2, 10, name="m")
    compat.count_failure(breaker, ValueError("no"))
    assert not breaker.opened
    compat.count_failure(breaker, ValueError("no"))
    assert breaker.opened


def test_an_openai_client_opens_its_connections_through_the_backend_that_is_put_in():
    dialled = []

    class Refusing:
        def __init__(self, backend):
            self.connect_unix_socket, self.sleep = backend.connect_unix_socket, backend.sleep

        def connect_tcp(self, host, port, *_arguments, **_options):
            dialled.append((host, port))
            raise OSError("refused")

    client = openai.OpenAI(api_key="x", base_url="http://model.example:81/v1", max_retries=0)
    compat.wrap_network_backend(client, Refusing)
    with contextlib.suppress(OSError, openai.APIConnectionError):
        client.models.list()
    assert dialled == [("model.example", 81)]


def test_a_response_has_the_body_that_was_read_for_it():
    response = httpx.Response(200, stream=httpx.ByteStream(b"unread"))
    compat.set_response_content(response, b'{"read": true}')
    assert response.json() == {"read": True}


def test_a_transport_uses_the_connection_pool_that_is_put_in():
    requests = []

    class Pool(httpcore.ConnectionPool):
        def handle_request(self, request):
            requests.append(request.url.host)
            return httpcore.Response(204)

    transport = httpx.HTTPTransport()
    compat.use_connection_pool(transport, Pool())
    assert httpx.Client(transport=transport).get("http://shop.example/").status_code == 204
    assert requests == [b"shop.example"]


def test_the_processors_of_a_statement_convert_values_for_the_driver():
    table = sa.Table("t", sa.MetaData(), sa.Column("data", sa.JSON), sa.Column("name", sa.String))
    compiled = sa.insert(table).compile(dialect=sqlite.dialect(), column_keys=["data", "name"])
    processors = compat.bind_processors(compiled)
    assert processors["data"]({"a": 1}) == '{"a": 1}'
