"""Servers that tests use where they run: each suite says so when it is skipped, and CI requires them."""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

POSTGRESQL = os.environ.get("TEST_POSTGRESQL_URL", "postgresql://postgres@127.0.0.1:5432/test")
RABBITMQ = os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")


def require(name: str, url: str) -> None:
    """Skip the test unless a server answers; fail where TEST_REQUIRE names it."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 0), timeout=1).close()
    except OSError as error:
        if name in os.environ.get("TEST_REQUIRE", "").split(","):
            pytest.fail(f"{name} is required but does not answer at {parts.hostname}:{parts.port}: {error}")
        pytest.skip(f"no {name} at {parts.hostname}:{parts.port}")


@contextmanager
def postgresql_schema(*, durable: bool = True) -> Iterator[str]:
    """Make a schema of one's own; yield the URL that leads into it. Not durable, commits do not wait for the disk."""
    require("postgresql", POSTGRESQL)
    schema = f"test_{secrets.token_hex(6)}"
    engine = sa.create_engine(POSTGRESQL.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(sa.text(f'CREATE SCHEMA "{schema}"'))
    try:
        yield f"{POSTGRESQL}?options=-csearch_path%3D{schema}" + ("" if durable else "%20-csynchronous_commit%3Doff")
    finally:
        with engine.begin() as connection:
            connection.execute(sa.text(f'DROP SCHEMA "{schema}" CASCADE'))
        engine.dispose()
