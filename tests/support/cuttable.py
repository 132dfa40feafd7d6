"""A connection to a server that a test can cut: a TCP proxy on this machine."""

import contextlib
import socket
import threading
from collections.abc import Iterator


class Cuttable:
    """Forwards connections to a port, until `cut`; those that come later are forwarded again.

    Attributes:
        url: the address of the proxy.
        is_down: whether new connections are closed at once.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._guard = threading.Lock()
        self._open: set[socket.socket] = set()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.is_down = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> int:
        """End all connections as a killed process would; return how many there were."""
        with self._guard:
            cut, self._open = self._open, set()
        for connection in cut:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        return len(cut) // 2

    def close(self) -> None:
        """End everything."""
        self.is_down = True
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                client, _ = self._listener.accept()
                if self.is_down:
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self._port))
                with self._guard:
                    self._open |= {client, server}
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._copy, args=(source, target), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        with self._guard:
            self._open -= {source, target}


@contextlib.contextmanager
def cuttable(port: int) -> Iterator[Cuttable]:
    """Yield a proxy to a port of this machine."""
    proxy = Cuttable(port)
    try:
        yield proxy
    finally:
        proxy.close()
