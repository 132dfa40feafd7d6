"""Connections of a model client to addresses that may be called, decided anew each time one is dialled."""

from collections.abc import Iterable
from typing import Any

import httpcore2

from worker.addresses import AddressRefused, Guard


class GuardedBackend(httpcore2.NetworkBackend):
    """Dials the very address that was checked, so that a name cannot change its answer in between."""

    def __init__(self, backend: httpcore2.NetworkBackend, guard: Guard) -> None:
        self._backend = backend
        self._guard = guard

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            address = self._guard.addresses(host, port)[0]
        except (OSError, AddressRefused) as error:
            raise httpcore2.ConnectError(str(error)) from error
        return self._backend.connect_tcp(str(address), port, timeout, local_address, socket_options)

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)
