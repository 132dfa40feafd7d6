"""Events are read as the standard describes them, however the network cuts them."""

import itertools

import pytest
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
