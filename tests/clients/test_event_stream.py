"""Events are read as the standard describes them, however the network cuts them."""

import itertools
import time

import pytest
from answerback_client import _event_stream
from answerback_client._event_stream import Decoder, ServerSentEvent

STREAM = (
    ": heartbeat\n\nretry: 2000\n\n"
    'id: 41\nevent: delta\ndata: {"text": "Grüße 🙂"}\n\n'
    "id: 42\r\nevent:answered\r\ndata: one\r\ndata: two\r\n\r\n"
    "event: nothing\n\ndata\n\ndata: last\n\nid: 43\ndata: cut off"
).encode()
EVENTS = [
    ServerSentEvent("41", "delta", '{"text": "Grüße 🙂"}'),
    ServerSentEvent("42", "answered", "one\ntwo"),
    ServerSentEvent("42", "message", ""),
    ServerSentEvent("42", "message", "last"),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_are_the_same_however_their_bytes_are_cut(size):
    decoder = Decoder()
    chunks = (STREAM[at : at + size] for at in range(0, len(STREAM), size))
    assert list(itertools.chain.from_iterable(map(decoder.feed, chunks))) == EVENTS
    assert decoder.heartbeats == 1


def test_carriage_returns_alone_end_lines_too():
    decoder = Decoder()
    assert decoder.feed(b"data: one\r\rdata: two\r") == [ServerSentEvent("", "message", "one")]
    assert decoder.feed(b"\ndata: three\n\n") == [ServerSentEvent("", "message", "two\nthree")]


@pytest.mark.parametrize("size", [1, 1_000, 40_000])
def test_a_long_line_is_searched_once_however_it_is_cut(size, monkeypatch):
    class Counting:
        """The pattern of an end of line; counts the bytes that it is given to search."""

        def __init__(self, pattern):
            self._pattern, self.searched = pattern, 0

        def finditer(self, buffer, begin=0):
            self.searched += len(buffer) - begin
            return self._pattern.finditer(bytes(buffer), begin)

    counting = Counting(_event_stream._END)
    monkeypatch.setattr(_event_stream, "_END", counting)
    text = "x" * 40_000
    stream = f"data: {text}\n\n".encode()
    decoder = Decoder()
    events = [event for at in range(0, len(stream), size) for event in decoder.feed(stream[at : at + size])]
    assert events == [ServerSentEvent("", "message", text)]
    assert counting.searched <= 2 * len(stream) + size


def test_looking_for_the_end_of_a_line_takes_no_longer_the_further_it_is():
    def seconds(length):
        line = b"x" * length
        began = time.process_time()
        for _ in range(20):
            assert next(_event_stream._END.finditer(line), None) is None
        return time.process_time() - began

    assert min(seconds(40_000) for _ in range(3)) < 60 * max(min(seconds(4_000) for _ in range(3)), 1e-6)
