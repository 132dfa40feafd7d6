"""Receivers that break, drip or lie over real sockets end an attempt in time."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from tests.support.deliveries import DueSender
from tests.support.fakes import LOOPBACK
from tests.support.receiver import Receiver
from tests.support.tls import server_context
from worker.addresses import Guard
from worker.deliveries import signing
from worker.deliveries.sender import AttemptResult, ClaimedDelivery, attempt_of
from worker.deliveries.webhooks import Webhooks
from worker.states import DeliveryKind, DeliveryState
from worker.store.rows import Delivery
from worker.store.tables import attempt


@pytest.fixture
def plain_listener():
    """A port that reads a request and then runs a function with the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        served: list[Callable[[socket.socket], None]] = []

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    connection.recv(65_536)
                    served[0](connection)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}", served.append


def attempt_at(url: str, *, total_s: float = 3.0) -> AttemptResult:
    transport = Webhooks(LOOPBACK, total_s=total_s)
    sent = Delivery(
        id="whd_1",
        workspace_id="ws_1",
        kind=DeliveryKind.CALLBACK,
        destination_id="org_1",
        type="message.answered",
        url=url,
        payload="{}",
        state=DeliveryState.PENDING,
        attempts=1,
        round=0,
        lease_token=1,
        created_at=0,
    )
    claimed = ClaimedDelivery(
        delivery=sent, signers=(signing.new_secret(),), headers={}, at=int(time.time()), destination_known=False
    )
    try:
        return attempt_of(transport, claimed)
    finally:
        transport.close()


def test_a_receiver_without_tls_gets_no_plain_text(plain_listener):
    place, serve = plain_listener
    serve(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n"))
    result = attempt_at(f"https://{place}/")
    assert result.status is None
    assert "SSL" in result.error


@pytest.mark.processes
def test_a_self_signed_certificate_is_refused(tmp_path):
    context, _certificate = server_context(tmp_path)
    server = Receiver()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    result = attempt_at(server.url.replace("http:", "https:"))
    server.shutdown()
    server.server_close()
    assert result.status is None
    assert "CERTIFICATE_VERIFY_FAILED" in result.error


def test_a_response_of_ten_megabytes_is_not_read(plain_listener):
    place, serve = plain_listener
    sent = []

    def answer_long(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n")
        for _ in range(10_000):
            sent.append(connection.send(b"x" * 1_000))

    serve(answer_long)
    result = attempt_at(f"http://{place}/")
    assert result.delivered
    assert len(result.response) == 1_024
    assert sum(sent) < 9_000_000


def test_a_dripping_response_ends_in_time_and_counts_by_its_status(plain_listener):
    place, serve = plain_listener

    def drip(connection):
        connection.sendall(b"HTTP/1.1 202 Accepted\r\ncontent-length: 100\r\n\r\n")
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.1)

    serve(drip)
    began = time.monotonic()
    result = attempt_at(f"http://{place}/", total_s=1.0)
    assert time.monotonic() - began < 3
    assert result.status == 202


def test_dripping_headers_end_in_time(plain_listener):
    place, serve = plain_listener

    def drip(connection):
        for _ in range(100):
            connection.sendall(b"H")
            time.sleep(0.1)

    serve(drip)
    result = attempt_at(f"http://{place}/", total_s=1.0)
    assert result.status is None
    assert result.duration_ms < 3_000


def test_a_private_address_is_refused_when_it_is_called(store, receiver, enqueued):
    DueSender(store, guard=Guard()).send_due()
    assert receiver.got == []
    with store.read() as connection:
        assert "private" in connection.execute(sa.select(attempt.c.error)).scalar_one()
