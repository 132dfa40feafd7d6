"""Sources of events that the test gives, and what clients read of them."""

from web.streaming.feeds import StreamEvent

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class Source:
    """A source with given events."""

    def __init__(self, *events: StreamEvent):
        self.waiting = list(events)
        self.ended = self.more = False
        self.alive = True
        self.fails = False

    def poll(self):
        if self.fails:
            raise OSError("no database")
        events, self.waiting = self.waiting, []
        return events

    def exists(self):
        return self.alive


def event(number: int, size: int = 0) -> StreamEvent:
    return StreamEvent(id=str(number), type="delta", data={"text": "x" * size})


def read_until(client, text: bytes) -> bytes:
    data = b""
    while text not in data and (piece := client.recv(65_536)):
        data += piece
    return data
