"""Which worker processes live, told through Redis with a short life, for readiness."""

import json
import time
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from worker import logs

log = logs.get(__name__)

_LIFE_S = 5


class Presence:
    """Says that this process lives; `roles` are the queues that it consumes."""

    def __init__(self, client: Redis, *, prefix: str, holder: str, roles: tuple[str, ...]) -> None:
        self._client = client
        self._key = f"{prefix}worker:{holder}"
        self._said = {"roles": roles, "holder": holder}

    def announce(self) -> None:
        """Say so for the next seconds."""
        try:
            self._client.set(self._key, json.dumps({**self._said, "at": time.time()}), ex=_LIFE_S)
        except RedisError as error:
            log.warning("presence_not_announced", cause=str(error))

    def withdraw(self) -> None:
        """Say that this process leaves."""
        try:
            self._client.delete(self._key)
        except RedisError:
            return


def living(client: Redis, *, prefix: str) -> list[dict[str, Any]]:
    """Return what the living workers say of themselves.

    Raises:
        RedisError: Redis cannot be asked.
    """
    keys = list(client.scan_iter(match=f"{prefix}worker:*", count=1000))
    return [json.loads(said) for said in client.mget(keys) if said] if keys else []
